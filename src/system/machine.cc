#include "system/machine.h"

#include <algorithm>

namespace evergpu::system {
namespace {

/// Variables that change what TensorFlow, evergpu or the drivers do.
const std::vector<std::string> telling_variables = {"CUDA_VISIBLE_DEVICES",
                                                    "DML_VISIBLE_DEVICES",
                                                    "EVERGPU_ADAPTER",
                                                    "EVERGPU_MEMORY_LIMIT",
                                                    "HSA_OVERRIDE_GFX_VERSION",
                                                    "KERAS_BACKEND",
                                                    "LD_LIBRARY_PATH",
                                                    "MESA_D3D12_DEFAULT_ADAPTER_NAME",
                                                    "PYTHONHOME",
                                                    "PYTHONPATH",
                                                    "TF_DIRECTML_KERNEL_CACHE_SIZE",
                                                    "TF_DIRECTML_PATH",
                                                    "TF_PLUGGABLE_DEVICE_LIBRARY_PATH",
                                                    "TF_USE_LEGACY_KERAS",
                                                    "TF_XLA_FLAGS",
                                                    "VIRTUAL_ENV",
                                                    "VK_DRIVER_FILES",
                                                    "VK_ICD_FILENAMES"};

void add(std::vector<std::string>& list, const std::string& text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
}

}  // namespace

std::vector<std::string> Machine::vendors() const {
  std::vector<std::string> result;
  for (const Gpu& gpu : gpus) {
    if (gpu.vendor == "amd" || gpu.vendor == "intel" || gpu.vendor == "nvidia")
      add(result, gpu.vendor);
  }
  for (const std::string& vendor : wsl.host_vendors) add(result, vendor);
  for (const VulkanDevice& device : vulkan.devices) {
    if (device.type != "cpu" &&
        (device.vendor == "amd" || device.vendor == "intel" || device.vendor == "nvidia"))
      add(result, device.vendor);
  }
  return result;
}

bool Machine::has_vendor(const std::string& vendor) const {
  const std::vector<std::string> all = vendors();
  return std::find(all.begin(), all.end(), vendor) != all.end();
}

std::string Machine::variable(const std::string& name) const {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

Machine examine(const Source& source, const Wanted& wanted) {
  Machine machine;
  machine.os = examine_os(source);
  machine.wsl = examine_wsl(source, machine.os);
  machine.container = examine_container(source);
  machine.administrator = source.is_administrator();
  machine.gpus = examine_gpus(source);
  machine.render_nodes = examine_render_nodes(source);
  machine.vulkan = examine_vulkan(source, wanted.ask_drivers);
  machine.cuda = examine_cuda(source, wanted.ask_drivers);
  machine.memory = examine_memory(source);
  machine.home = source.environment(machine.is_windows() ? "USERPROFILE" : "HOME").value_or("");
  machine.free_bytes = source.free_bytes(machine.home.empty() ? "/" : machine.home);
  machine.working_folder = source.working_folder();
  machine.pythons = examine_pythons(source, wanted.python);
  for (const std::string& name : telling_variables) {
    if (const auto value = source.environment(name)) machine.variables[name] = *value;
  }
  machine.windows = examine_windows(source);
  return machine;
}

}  // namespace evergpu::system
