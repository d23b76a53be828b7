// What only Windows has: its switches, and the files of Microsoft's C++ run time.
#include "system/machine.h"

namespace evergpu::system {

std::map<std::string, bool> examine_windows(const Source& source) {
  if (!source.is_windows()) return {};
  const std::string system = "/Windows/System32/";
  return {
      {"long_paths",
       source.registry("HKLM\\SYSTEM\\CurrentControlSet\\Control\\FileSystem", "LongPathsEnabled")
               .value_or("0") == "1"},
      {"cpp_runtime",
       source.exists(system + "msvcp140.dll") && source.exists(system + "vcruntime140.dll") &&
           source.exists(system + "vcruntime140_1.dll") && source.exists(system + "vcomp140.dll")}};
}

}  // namespace evergpu::system
