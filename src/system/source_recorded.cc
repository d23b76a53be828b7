// A machine described by a folder: its files, and answers.json for what no file tells.
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "system/source.h"

namespace evergpu::system {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class RecordedSource : public Source {
 public:
  RecordedSource(fs::path root, json answers)
      : root_(std::move(root)), answers_(std::move(answers)) {}

  /// "/etc/x" and "C:\etc\x" are both etc/x below the root.
  fs::path locate(const std::string& path) const override {
    std::string below = path;
    if (below.size() > 1 && below[1] == ':') below.erase(0, 2);
    std::replace(below.begin(), below.end(), '\\', '/');
    below.erase(0, below.find_first_not_of('/'));
    return root_ / fs::path(std::u8string(below.begin(), below.end()));
  }
  std::optional<std::string> environment(const std::string& name) const override {
    return text(answers_, "environment", name);
  }
  std::vector<std::string> registry_keys(const std::string& key) const override {
    std::vector<std::string> keys;
    const json registry = answers_.value("registry", json::object());
    for (const auto& [name, values] : registry.items()) {
      if (!name.starts_with(key + "\\")) continue;
      const std::string below = name.substr(key.size() + 1);
      const std::string child = below.substr(0, below.find('\\'));
      if (std::find(keys.begin(), keys.end(), child) == keys.end()) keys.push_back(child);
    }
    return keys;
  }
  std::optional<std::string> registry(const std::string& key,
                                      const std::string& name) const override {
    return text(answers_.value("registry", json::object()), key, name);
  }
  bool may_use(const std::string& path) const override {
    const json refused = answers_.value("not_permitted", json::array());
    return exists(path) && std::find(refused.begin(), refused.end(), path) == refused.end();
  }
  bool is_administrator() const override { return answers_.value("administrator", false); }
  std::string working_folder() const override { return answers_.value("working_folder", "/"); }
  std::string own_folder() const override { return answers_.value("own_folder", "/"); }
  std::uint64_t free_bytes(const std::string&) const override {
    return answers_.value("free_bytes", std::uint64_t{0});
  }
  std::uint64_t memory_bytes() const override {
    return answers_.value("memory_bytes", std::uint64_t{0});
  }
  bool is_windows() const override { return is_folder("/Windows/System32"); }
  json ask(const std::string& driver) const override {
    return answers_.value(driver, json{{"error", "not asked"}});
  }

 private:
  static std::optional<std::string> text(const json& answers, const std::string& group,
                                         const std::string& name) {
    const json values = answers.value(group, json::object());
    const auto found = values.find(name);
    if (found == values.end() || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
  }

  fs::path root_;
  json answers_;
};

}  // namespace

Result<std::unique_ptr<Source>> recorded_source(const fs::path& root) {
  std::error_code error;
  if (!fs::is_directory(root, error))
    return Status(Code::not_found, root.string() + " is not a folder");
  json answers = json::object();
  if (std::ifstream stream(root / "answers.json"); stream) {
    answers = json::parse(stream, nullptr, /*allow_exceptions=*/false);
    if (!answers.is_object())
      return invalid_argument((root / "answers.json").string() + " is not a JSON object");
  }
  return std::unique_ptr<Source>(std::make_unique<RecordedSource>(root, std::move(answers)));
}

}  // namespace evergpu::system
