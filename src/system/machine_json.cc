// A machine as JSON: for tools, reports, and tests.
#include <nlohmann/json.hpp>

#include "system/machine.h"

namespace evergpu::system {

using nlohmann::json;

namespace {

json describe(const Gpu& gpu) {
  return {{"vendor", gpu.vendor},
          {"name", gpu.name},
          {"pci_id", gpu.pci_id},
          {"driver", gpu.driver},
          {"driver_version", gpu.driver_version}};
}

json describe(const RenderNode& node) { return {{"path", node.path}, {"usable", node.usable}}; }

json describe(const VulkanManifest& manifest) {
  return {{"path", manifest.path},
          {"library", manifest.library},
          {"library_found", manifest.library_found}};
}

json describe(const VulkanDevice& device) {
  return {{"name", device.name},
          {"vendor", device.vendor},
          {"type", device.type},
          {"driver", device.driver},
          {"driver_version", device.driver_version},
          {"api", device.api},
          {"memory", device.memory},
          {"missing", device.missing},
          {"float16", device.float16}};
}

json describe(const CudaDevice& device) {
  return {{"name", device.name}, {"capability", device.capability}, {"memory", device.memory}};
}

json describe(const Python& python) {
  return {{"program", python.program},
          {"version", "3." + std::to_string(python.minor)},
          {"is_environment", python.is_environment},
          {"externally_managed", python.externally_managed},
          {"is_32_bit", python.is_32_bit},
          {"packages", python.packages},
          {"plugins", python.plugins}};
}

template <typename Part>
json describe_all(const std::vector<Part>& parts) {
  json list = json::array();
  for (const Part& part : parts) list.push_back(describe(part));
  return list;
}

json describe(const OperatingSystem& os) {
  return {{"family", os.family},
          {"distribution", os.distribution},
          {"version", os.version},
          {"name", os.name},
          {"kernel", os.kernel},
          {"build", os.build},
          {"processor", os.processor},
          {"libc", os.libc},
          {"libc_version", os.libc_version},
          {"openmp", os.openmp}};
}

json describe(const Wsl& wsl) {
  return {{"version", wsl.version},
          {"device", wsl.device},
          {"device_usable", wsl.device_usable},
          {"libraries", wsl.libraries},
          {"host_vendors", wsl.host_vendors},
          {"gpu_disabled", wsl.gpu_disabled}};
}

json describe(const Cuda& cuda) {
  return {{"libraries", cuda.libraries},
          {"library_version", cuda.library_version},
          {"kernel_version", cuda.kernel_version},
          {"module_version", cuda.module_version},
          {"device_nodes", cuda.device_nodes},
          {"version", cuda.version},
          {"devices", describe_all(cuda.devices)},
          {"error", cuda.error},
          {"code", cuda.code}};
}

}  // namespace

json to_json(const Machine& machine) {
  return {{"os", describe(machine.os)},
          {"wsl", describe(machine.wsl)},
          {"container", machine.container},
          {"administrator", machine.administrator},
          {"gpus", describe_all(machine.gpus)},
          {"render_nodes", describe_all(machine.render_nodes)},
          {"vulkan",
           {{"loader", machine.vulkan.loader},
            {"manifests", describe_all(machine.vulkan.manifests)},
            {"devices", describe_all(machine.vulkan.devices)},
            {"error", machine.vulkan.error}}},
          {"cuda", describe(machine.cuda)},
          {"memory", {{"total", machine.memory.total}, {"limit", machine.memory.limit}}},
          {"free_bytes", machine.free_bytes},
          {"pythons", describe_all(machine.pythons)},
          {"variables", machine.variables},
          {"windows", machine.windows}};
}

}  // namespace evergpu::system
