#include "system/source_live.h"

#include <nlohmann/json.hpp>
#include <system_error>

#include "system/probe.h"

namespace evergpu::system {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  const std::u8string text = path.u8string();
  return {text.begin(), text.end()};
}

}  // namespace

std::string LiveSource::working_folder() const {
  std::error_code error;
  return text_of(fs::current_path(error));
}

std::string LiveSource::own_folder() const { return text_of(os::executable().parent_path()); }

std::uint64_t LiveSource::free_bytes(const std::string& path) const {
  std::error_code error;
  const fs::space_info space = fs::space(locate(path), error);
  return error ? 0 : space.available;
}

nlohmann::json LiveSource::ask(const std::string& driver) const {
  return ask_in_child(text_of(os::executable()), driver);
}

}  // namespace evergpu::system
