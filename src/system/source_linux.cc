#include "system/source_live.h"

namespace evergpu::system {
namespace {

class LinuxSource : public LiveSource {
 public:
  std::filesystem::path locate(const std::string& path) const override { return path; }
  std::vector<std::string> registry_keys(const std::string&) const override { return {}; }
  std::optional<std::string> registry(const std::string&, const std::string&) const override {
    return std::nullopt;
  }
  std::uint64_t memory_bytes() const override { return os::memory_limit(); }
  bool is_windows() const override { return false; }
};

}  // namespace

std::unique_ptr<Source> live_source() { return std::make_unique<LinuxSource>(); }

}  // namespace evergpu::system
