// What a live source does alike on every system; source_linux.cc and source_windows.cc add the
// rest.
#pragma once

#include "base/os.h"
#include "base/process.h"
#include "system/source.h"

namespace evergpu::system {

class LiveSource : public Source {
 public:
  std::optional<std::string> environment(const std::string& name) const override {
    return os::environment(name.c_str());
  }
  bool may_use(const std::string& path) const override {
    return os::may_read_and_write(locate(path));
  }
  bool is_administrator() const override { return os::is_administrator(); }
  std::string working_folder() const override;
  std::string own_folder() const override;
  std::uint64_t free_bytes(const std::string& path) const override;
  nlohmann::json ask(const std::string& driver) const override;
};

}  // namespace evergpu::system
