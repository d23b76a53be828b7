#include "tensorflow/choose_adapter.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include "adapters/host/host.h"
#include "adapters/vulkan/vulkan.h"
#include "base/log.h"
#include "base/os.h"
#include "system/driver_trial.h"

namespace evergpu::tensorflow {
namespace {

using adapters::Adapter;
using adapters::VulkanAdapter;
using adapters::VulkanCandidate;
using AdapterResult = Result<std::unique_ptr<Adapter>>;

std::optional<int> whole_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// EVERGPU_HOST_DEVICES: equal host devices, for trying multi-device strategies.
int host_device_count() {
  const auto text = os::environment("EVERGPU_HOST_DEVICES");
  if (!text || text->empty()) return 1;
  const std::optional<int> count = whole_number(*text);
  if (count && *count >= 1 && *count <= 8) return *count;
  log::warning(
      fmt::format("EVERGPU_HOST_DEVICES is '{}'; it takes a number from 1 to 8. Using 1.", *text));
  return 1;
}

/// Some of an adapter's devices.
class Chosen final : public Adapter {
 public:
  Chosen(std::unique_ptr<Adapter> adapter, std::vector<int> devices)
      : adapter_(std::move(adapter)), devices_(std::move(devices)) {}

  int device_count() const override { return static_cast<int>(devices_.size()); }
  Result<std::unique_ptr<adapters::Device>> open(int index) override {
    return adapter_->open(devices_.at(static_cast<std::size_t>(index)));
  }

 private:
  const std::unique_ptr<Adapter> adapter_;
  const std::vector<int> devices_;
};

std::string list(const std::vector<VulkanCandidate>& candidates) {
  std::string text;
  for (std::size_t i = 0; i < candidates.size(); ++i)
    text += fmt::format("{}vulkan:{} is {}", i == 0 ? "" : ", ", i, candidates[i].name);
  return text;
}

// A driver that crashes is met by a child process first, and left out here.
Result<std::unique_ptr<VulkanAdapter>> make_vulkan() {
  system::DriverTrial trial;
  trial.command = system::command_beside(os::file_of(reinterpret_cast<const void*>(&make_vulkan)));
  trial.folder = os::cache_folder();
  const system::TriedDrivers tried = system::try_vulkan_drivers(*system::live_source(), trial);
  if (!tried.fault.empty()) {
    if (tried.others.empty()) return Status(Code::failed_precondition, tried.fault);
    log::warning(tried.fault + ".");
    os::set_environment("VK_DRIVER_FILES", tried.others);
    os::set_environment("VK_ICD_FILENAMES", tried.others);  // for loaders of before 2022
  }
  return adapters::make_vulkan_adapter();
}

/// The devices that "1" or "0,2" names, each once and below `count`; nothing for anything else.
std::optional<std::vector<int>> numbers_of(std::string_view text, int count) {
  std::vector<int> numbers;
  for (;;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::optional<int> number = whole_number(text.substr(0, comma));
    if (!number || *number < 0 || *number >= count) return std::nullopt;
    if (std::find(numbers.begin(), numbers.end(), *number) != numbers.end()) return std::nullopt;
    numbers.push_back(*number);
    if (comma == text.size()) return numbers;
    text.remove_prefix(comma + 1);
  }
}

// `vulkan` is the best device, a software rasteriser if there is nothing else; `vulkan:1` is one of
// them, and `vulkan:0,1` are several, in that order.
AdapterResult choose_vulkan(const std::string& name) {
  auto vulkan = make_vulkan();
  if (!vulkan.ok())
    return vulkan.status().with_prefix(fmt::format("EVERGPU_ADAPTER={} cannot be had: ", name));
  std::vector<int> chosen{0};
  if (name != "vulkan") {
    auto numbers = numbers_of(std::string_view(name).substr(7), (*vulkan)->device_count());
    if (!numbers) {
      return invalid_argument(
          fmt::format("EVERGPU_ADAPTER is '{}', and there is no such device: {}", name,
                      list((*vulkan)->candidates())));
    }
    chosen = std::move(*numbers);
  }
  return AdapterResult(std::make_unique<Chosen>(std::move(*vulkan), std::move(chosen)));
}

// All real GPUs, or why there is none.
AdapterResult choose_gpus() {
  auto vulkan = make_vulkan();
  if (!vulkan.ok()) return vulkan.status();
  std::vector<int> gpus;
  const auto& candidates = (*vulkan)->candidates();
  for (std::size_t i = 0; i < candidates.size(); ++i)
    if (candidates[i].is_gpu) gpus.push_back(static_cast<int>(i));
  if (gpus.empty()) {
    return Status(Code::failed_precondition,
                  fmt::format("Vulkan finds no GPU here, only this: {}. Install the GPU maker's "
                              "driver, or run `evergpu doctor`",
                              list(candidates)));
  }
  return AdapterResult(std::make_unique<Chosen>(std::move(*vulkan), std::move(gpus)));
}

}  // namespace

AdapterResult choose_adapter(const std::string& name) {
  if (name == "off") return std::unique_ptr<Adapter>();
  if (name.empty() || name == "host") return adapters::make_host_adapter(host_device_count());
  if (name == "vulkan" || name.starts_with("vulkan:")) return choose_vulkan(name);
  if (name == "gpu") {
    auto gpus = choose_gpus();
    if (gpus.ok()) return gpus;
    return gpus.status().with_prefix("EVERGPU_ADAPTER=gpu asks for a GPU: ");
  }
  return invalid_argument(fmt::format(
      "EVERGPU_ADAPTER is '{}'; it takes host, gpu, vulkan, vulkan:1, vulkan:0,1 … or off", name));
}

}  // namespace evergpu::tensorflow
