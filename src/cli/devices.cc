// `evergpu devices`: evergpu's devices, then the GPUs that are there and not used yet.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/os.h"
#include "base/product.h"
#include "cli/commands.h"
#include "doctor/print.h"

namespace evergpu::cli {
namespace {

using nlohmann::json;
using system::Machine;

/// Why evergpu takes the device that it takes.
std::string choice(const Machine& machine) {
  const std::string adapter = machine.variable("EVERGPU_ADAPTER");
  if (adapter == "off") return "no device: EVERGPU_ADAPTER=off";
  if (adapter == "gpu")
    return "no device: EVERGPU_ADAPTER=gpu, and this version has no adapter for GPUs";
  if (adapter == "host") return "the CPU: EVERGPU_ADAPTER=host";
  return "the CPU: this version of evergpu has no adapter for GPUs yet";
}

json gpus(const Machine& machine) {
  json list = json::array();
  for (const system::VulkanDevice& device : machine.vulkan.devices) {
    if (device.type == "cpu") continue;
    list.push_back({{"name", device.name},
                    {"vendor", device.vendor},
                    {"through", "vulkan"},
                    {"driver", device.driver + " " + device.driver_version},
                    {"api", device.api},
                    {"memory", device.memory},
                    {"float16", device.float16},
                    {"missing", device.missing}});
  }
  for (const system::CudaDevice& device : machine.cuda.devices) {
    list.push_back({{"name", device.name},
                    {"vendor", "nvidia"},
                    {"through", "cuda"},
                    {"driver", machine.cuda.library_version},
                    {"api", device.capability},
                    {"memory", device.memory}});
  }
  if (!list.empty()) return list;
  for (const system::Gpu& gpu : machine.gpus) {
    list.push_back({{"name", gpu.name.empty() ? gpu.pci_id : gpu.name},
                    {"vendor", gpu.vendor},
                    {"through", "the bus"},
                    {"driver", gpu.driver + " " + gpu.driver_version}});
  }
  return list;
}

std::string line_of(const json& gpu) {
  std::string line = fmt::format("  {}", gpu["name"].get<std::string>());
  if (gpu.contains("memory")) line += ", " + doctor::gibibytes(gpu["memory"].get<std::uint64_t>());
  const std::string through = gpu["through"];
  if (through == "vulkan")
    line += fmt::format(", Vulkan {}, half precision: {}", gpu["api"].get<std::string>(),
                        gpu["float16"].get<bool>() ? "yes" : "no");
  if (through == "cuda")
    line += fmt::format(", CUDA compute capability {}", gpu["api"].get<std::string>());
  const std::string driver = gpu["driver"];
  if (driver.find_first_not_of(' ') == std::string::npos) {
    line += ", driver: unknown";
  } else {
    line += ", driver: " + driver;
  }
  if (gpu.contains("missing") && !gpu["missing"].empty())
    line +=
        fmt::format(", lacks {}", fmt::join(gpu["missing"].get<std::vector<std::string>>(), ", "));
  return line + "\n";
}

}  // namespace

int run_devices(const Common& common) {
  const std::unique_ptr<Subject> subject = examine(common);
  if (subject == nullptr) return 2;
  const Machine& machine = subject->machine;
  const std::string processor = common.root.empty() ? os::processor_name() : "";
  const json others = gpus(machine);
  if (common.json) {
    const json answer = {{"devices",
                          {{{"name", processor.empty() ? "CPU" : processor},
                            {"adapter", "host"},
                            {"gpu", false},
                            {"memory", machine.memory.limit}}}},
                         {"other_gpus", others},
                         {"choice", choice(machine)}};
    print_json(answer);
    return 0;
  }
  print(fmt::format("evergpu takes {}\n\n", choice(machine)));
  print(fmt::format("  GPU:0 in TensorFlow: CPU{}{}, {}, adapter: host\n",
                    processor.empty() ? "" : ", ", processor,
                    doctor::gibibytes(machine.memory.limit)));
  if (others.empty()) {
    print("\nNo GPU was found.\n");
    return 0;
  }
  print("\nGPUs of this machine, which evergpu does not use yet:\n");
  for (const json& gpu : others) print(line_of(gpu));
  return 0;
}

}  // namespace evergpu::cli
