// NVIDIA's driver: its library, its kernel module, and the devices it offers.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "system/machine.h"
#include "system/text.h"

namespace evergpu::system {
namespace {

using nlohmann::json;

/// Folders in the order in which the dynamic loader is likely to look, without its cache.
std::vector<std::string> folders(const Source& source) {
  std::vector<std::string> result = split(source.environment("LD_LIBRARY_PATH").value_or(""), ':');
  for (const char* folder :
       {"/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/lib/wsl/lib"})
    result.emplace_back(folder);
  return result;
}

}  // namespace

Cuda examine_cuda(const Source& source, bool ask) {
  Cuda cuda;
  if (source.is_windows()) {
    const std::string library = "/Windows/System32/nvcuda.dll";
    if (source.exists(library)) cuda.libraries.push_back(library);
  } else {
    for (const std::string& folder : folders(source)) {
      const std::string library = folder + "/libcuda.so.1";
      if (source.exists(library) &&
          std::find(cuda.libraries.begin(), cuda.libraries.end(), library) == cuda.libraries.end())
        cuda.libraries.push_back(library);
      for (const std::string& name : source.names(folder)) {  // libcuda.so.550.107.02
        if (name.starts_with("libcuda.so.") && name.size() > 14 && cuda.library_version.empty())
          cuda.library_version = name.substr(11);
      }
    }
    cuda.kernel_version = first_version(source.read("/proc/driver/nvidia/version").value_or(""));
    cuda.module_version = trimmed(source.read("/sys/module/nvidia/version").value_or(""));
    cuda.device_nodes = source.exists("/dev/nvidiactl");
  }
  if (!ask || cuda.libraries.empty()) {
    cuda.error = "not asked";
    return cuda;
  }
  const json answer = source.ask("cuda");
  cuda.error = answer.value("error", "");
  cuda.code = answer.value("code", 0);
  cuda.version = answer.value("version", 0);
  for (const json& device : answer.value("devices", json::array()))
    cuda.devices.push_back({device.value("name", ""), device.value("capability", ""),
                            device.value("memory", std::uint64_t{0})});
  return cuda;
}

}  // namespace evergpu::system
