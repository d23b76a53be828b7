#include "base/registry.h"
#include "system/source_live.h"

namespace evergpu::system {
namespace {

class WindowsSource : public LiveSource {
 public:
  /// Paths that name no drive, such as /Windows/System32, are on the system's.
  std::filesystem::path locate(const std::string& path) const override {
    const std::filesystem::path given(std::u8string(path.begin(), path.end()));
    return given.has_root_name() ? given : environment("SystemDrive").value_or("C:") / given;
  }
  std::vector<std::string> registry_keys(const std::string& key) const override {
    return os::registry_keys(key);
  }
  std::optional<std::string> registry(const std::string& key,
                                      const std::string& name) const override {
    return os::registry_value(key, name);
  }
  std::uint64_t memory_bytes() const override { return os::memory_limit(); }
  bool is_windows() const override { return true; }
};

}  // namespace

std::unique_ptr<Source> live_source() { return std::make_unique<WindowsSource>(); }

}  // namespace evergpu::system
