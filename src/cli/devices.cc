// `evergpu devices`: evergpu's devices, then the GPUs that are there and not used yet.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/os.h"
#include "base/product.h"
#include "cli/commands.h"
#include "doctor/choice.h"
#include "doctor/print.h"
#include "system/text.h"

namespace evergpu::cli {
namespace {

using nlohmann::json;
using system::Machine;

/// What evergpu takes, and why.
std::string in_words(const doctor::Choice& choice) {
  const std::string what = choice.gpu != nullptr    ? choice.gpu->name
                           : choice.adapter.empty() ? "no device"
                                                    : "the CPU";
  return what + ": " + choice.why;
}

json describe(const system::VulkanDevice& device) {
  return {{"name", device.name},       {"vendor", device.vendor},
          {"through", "vulkan"},       {"driver", device.driver + " " + device.driver_version},
          {"api", device.api},         {"memory", device.memory},
          {"float16", device.float16}, {"missing", device.missing}};
}

/// The devices that evergpu can compute on, best first; the CPU is the last, and always one.
json usable(const Machine& machine, const std::string& processor) {
  const doctor::Choice choice = doctor::choose(machine);
  json list = json::array();
  for (const system::VulkanDevice* gpu : doctor::usable_gpus(machine)) {
    json entry = describe(*gpu);
    entry["adapter"] =
        doctor::find_support(product::gpu_support, gpu->vendor, doctor::system_word(machine))
            ->adapter;
    entry["gpu"] = true;
    entry["chosen"] = choice.gpu == gpu;
    list.push_back(std::move(entry));
  }
  list.push_back({{"name", processor.empty() ? "CPU" : "CPU, " + processor},
                  {"adapter", "host"},
                  {"gpu", false},
                  {"memory", machine.memory.limit},
                  {"chosen", choice.adapter == "host"}});
  return list;
}

/// The GPUs that evergpu cannot compute on, as well as anything here knows them.
json others(const Machine& machine) {
  const auto taken = doctor::usable_gpus(machine);
  json list = json::array();
  for (const system::VulkanDevice& device : machine.vulkan.devices) {
    if (device.type != "cpu" && std::find(taken.begin(), taken.end(), &device) == taken.end())
      list.push_back(describe(device));
  }
  for (const system::CudaDevice& device : machine.cuda.devices) {
    list.push_back({{"name", device.name},
                    {"vendor", "nvidia"},
                    {"through", "cuda"},
                    {"driver", machine.cuda.library_version},
                    {"api", device.capability},
                    {"memory", device.memory}});
  }
  if (!list.empty() || !taken.empty()) return list;
  for (const system::Gpu& gpu : machine.gpus) {
    list.push_back({{"name", gpu.name.empty() ? gpu.pci_id : gpu.name},
                    {"vendor", gpu.vendor},
                    {"through", "the bus"},
                    {"driver", gpu.driver + " " + gpu.driver_version}});
  }
  return list;
}

std::string line_of(const json& gpu) {
  std::string line = gpu["name"].get<std::string>();
  if (gpu.contains("memory")) line += ", " + doctor::gibibytes(gpu["memory"].get<std::uint64_t>());
  const std::string through = gpu.value("through", "");
  if (through == "vulkan")
    line += fmt::format(", Vulkan {}, half precision: {}", gpu["api"].get<std::string>(),
                        gpu["float16"].get<bool>() ? "yes" : "no");
  if (through == "cuda")
    line += fmt::format(", CUDA compute capability {}", gpu["api"].get<std::string>());
  if (!through.empty()) {
    const std::string driver = system::trimmed(gpu["driver"].get<std::string>());
    line += ", driver: " + (driver.empty() ? "unknown" : driver);
  }
  if (gpu.contains("missing") && !gpu["missing"].empty())
    line +=
        fmt::format(", lacks {}", fmt::join(gpu["missing"].get<std::vector<std::string>>(), ", "));
  return line;
}

}  // namespace

int run_devices(const Common& common) {
  const std::unique_ptr<Subject> subject = examine(common);
  if (subject == nullptr) return 2;
  const Machine& machine = subject->machine;
  const std::string processor = common.root.empty() ? os::processor_name() : "";
  const std::string choice = in_words(doctor::choose(machine));
  const json devices = usable(machine, processor), more = others(machine);
  if (common.json) {
    print_json({{"devices", devices}, {"other_gpus", more}, {"choice", choice}});
    return 0;
  }
  print(doctor::wrapped("evergpu takes " + choice, "") + "\n");
  for (const json& device : devices) {
    const bool chosen = device["chosen"];
    const std::string adapter = device["adapter"];
    print(doctor::wrapped(
        fmt::format("{} {}; {}", chosen ? "*" : " ", line_of(device),
                    chosen ? "GPU:0 in TensorFlow" : "EVERGPU_ADAPTER=" + adapter + " takes it"),
        "  ", 2));
  }
  if (more.empty()) {
    if (devices.size() == 1) print("\nNo GPU was found.\n");
    return 0;
  }
  print("\nGPUs of this machine that evergpu does not use:\n");
  for (const json& gpu : more) print(doctor::wrapped(line_of(gpu), "    ", 2));
  return 0;
}

}  // namespace evergpu::cli
