#include "doctor/choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "system/text.h"

namespace evergpu::doctor {
namespace {

using system::Machine;
using system::VulkanDevice;

int rank(const VulkanDevice* device) {
  if (device->type == "cpu") return 3;
  return device->type == "discrete" ? 0 : device->type == "integrated" ? 1 : 2;
}

bool has_adapter(GpuSupport support, std::string_view adapter) {
  return std::any_of(support.begin(), support.end(),
                     [&](const product::GpuSupport& row) { return row.adapter == adapter; });
}

/// Why the CPU computes where nobody asked for it.
std::string why_not_a_gpu(const Machine& machine, GpuSupport support) {
  if (support.empty()) return "this version of evergpu cannot use GPUs yet";
  if (machine.vendors().empty()) return "no GPU was found";
  return "no GPU here can be used; `evergpu doctor` says why";
}

/// What EVERGPU_ADAPTER=gpu, vulkan or vulkan:N takes while that adapter is on trial. Software
/// drivers come last, and `gpu` takes none.
Choice try_out(const Machine& machine, const std::string& wanted) {
  std::vector<const VulkanDevice*> devices;
  for (const VulkanDevice& device : machine.vulkan.devices)
    if (device.type != "cpu" || wanted != "gpu") devices.push_back(&device);
  std::stable_sort(devices.begin(), devices.end(),
                   [](const VulkanDevice* a, const VulkanDevice* b) { return rank(a) < rank(b); });
  const std::size_t colon = wanted.find(':');
  const std::size_t index =
      colon < wanted.size() ? std::strtoul(wanted.c_str() + colon + 1, nullptr, 10) : 0;
  const std::string told = "EVERGPU_ADAPTER=" + wanted;
  if (index < devices.size())
    return {std::string(product::trial_adapter), devices[index],
            told + ", on trial: no real GPU has been tried"};
  return {"", nullptr,
          fmt::format("{}, and Vulkan finds {} such devices here", told, devices.size())};
}

}  // namespace

const product::GpuSupport* find_support(GpuSupport support, std::string_view vendor,
                                        std::string_view system) {
  const auto found = std::find_if(
      support.begin(), support.end(),
      [&](const product::GpuSupport& row) { return row.vendor == vendor && row.system == system; });
  return found == support.end() ? nullptr : &*found;
}

std::string system_word(const Machine& machine) {
  if (machine.is_windows()) return "windows";
  return machine.wsl.version != 0 ? "wsl" : "linux";
}

std::vector<const VulkanDevice*> usable_gpus(const Machine& machine, GpuSupport support) {
  std::vector<const VulkanDevice*> gpus;
  for (const VulkanDevice& device : machine.vulkan.devices) {
    if (device.type != "cpu" && device.missing.empty() &&
        system::compare_versions(device.api, "1.2") >= 0 &&
        find_support(support, device.vendor, system_word(machine)) != nullptr)
      gpus.push_back(&device);
  }
  std::stable_sort(gpus.begin(), gpus.end(),
                   [](const VulkanDevice* a, const VulkanDevice* b) { return rank(a) < rank(b); });
  return gpus;
}

Choice choose(const Machine& machine, GpuSupport support) {
  const std::string wanted = machine.variable("EVERGPU_ADAPTER");
  const std::string told = "EVERGPU_ADAPTER=" + wanted;
  const auto gpus = usable_gpus(machine, support);
  const auto take = [&](std::size_t index, const std::string& why) {
    const product::GpuSupport* const row =
        find_support(support, gpus[index]->vendor, system_word(machine));
    return Choice{std::string(row->adapter), gpus[index], why};
  };
  if (wanted == "off") return {"", nullptr, told};
  if (wanted == "host") return {"host", nullptr, told};
  if (wanted.empty())
    return gpus.empty() ? Choice{"host", nullptr, why_not_a_gpu(machine, support)}
                        : take(0, gpus.size() == 1 ? "the only GPU that it can use"
                                                   : "the best of the GPUs that it can use");
  const std::string adapter = wanted.substr(0, wanted.find(':'));
  if (!has_adapter(support, product::trial_adapter) &&
      (wanted == "gpu" || adapter == product::trial_adapter))
    return try_out(machine, wanted);
  if (wanted == "gpu")
    return gpus.empty() ? Choice{"", nullptr, told + ", and " + why_not_a_gpu(machine, support)}
                        : take(0, told);
  // "vulkan", or "vulkan:1" for the second one.
  if (!has_adapter(support, adapter))
    return {"", nullptr, told + ", which this version of evergpu does not know"};
  const std::size_t index = adapter.size() < wanted.size()
                                ? std::strtoul(wanted.c_str() + adapter.size() + 1, nullptr, 10)
                                : 0;
  if (index >= gpus.size())
    return {"", nullptr, fmt::format("{}, and evergpu can use {} GPUs here", told, gpus.size())};
  return take(index, told);
}

}  // namespace evergpu::doctor
