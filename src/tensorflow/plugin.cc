#include "tensorflow/plugin.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "adapters/faulty.h"
#include "base/log.h"
#include "base/os.h"
#include "tensorflow/api.h"
#include "tensorflow/choose_adapter.h"
#include "tensorflow/convert.h"
#include "tensorflow/environment.h"
#include "tensorflow/xspace.h"

namespace evergpu::tensorflow {

namespace {

void explain_fault(std::uintptr_t address) {
  const void* pointer = reinterpret_cast<const void*>(address);
  if (const runtime::Device* device = Plugin::instance().owner(pointer)) {
    log::warning(
        fmt::format("host code touched device memory: {}. This is a bug in a TensorFlow kernel or "
                    "in evergpu; please report it.",
                    device->describe(pointer)));
  }
}

}  // namespace

Plugin& Plugin::instance() {
  static Plugin* const plugin = std::unique_ptr<Plugin>(new Plugin()).release();
  return *plugin;
}

Plugin::Plugin() {
  if (os::environment("EVERGPU_ADAPTER") == "off") return;
  if (Status status = check_environment(); !status.ok()) {
    log::warning(
        fmt::format("no device: {}. TensorFlow's CPU device still works.", status.message()));
    return;
  }
  auto adapter = choose_adapter(os::environment("EVERGPU_ADAPTER").value_or(""));
  if (!adapter.ok()) {
    log::warning(fmt::format("no device: {}.", adapter.status().message()));
    return;
  }
  adapter_ = std::move(*adapter);
  devices_.resize(static_cast<std::size_t>(device_count()));
}

Status Plugin::open(int ordinal) {
  if (ordinal < 0 || ordinal >= device_count())
    return invalid_argument(fmt::format("no device {}", ordinal));
  std::unique_ptr<runtime::Device>& slot = devices_[static_cast<std::size_t>(ordinal)];
  if (slot) return {};
  auto hardware = adapter_->open(ordinal);
  if (!hardware.ok()) return hardware.status();
  auto faulty = adapters::with_faults_from_environment(std::move(*hardware));
  if (!faulty.ok()) return faulty.status();
  auto device = runtime::Device::create(std::move(*faulty), runtime::Options::from_environment());
  if (!device.ok()) return device.status();
  slot = std::move(*device);
  if (profiling_) slot->trace().start();
  const auto opened =
      std::count_if(devices_.begin(), devices_.end(), [](const auto& d) { return d != nullptr; });
  if (opened == 1) {
    os::on_access_fault(explain_fault);
    std::atexit([] { Plugin::instance().shut_down(); });
    if (!slot->info().is_gpu) {
      log::info(fmt::format(
          "training on the {}; /GPU:0 is this device. EVERGPU_ADAPTER=off gives stock TensorFlow.",
          slot->info().name));
    }
  }
  return {};
}

runtime::Device* Plugin::device(int ordinal) const {
  const auto index = static_cast<std::size_t>(ordinal);
  return index < devices_.size() ? devices_[index].get() : nullptr;
}

runtime::Device* Plugin::owner(const void* address) const {
  for (const auto& device : devices_) {
    if (device && device->owns(address)) return device.get();
  }
  return nullptr;
}

const std::string& Plugin::name(std::string text) {
  const std::lock_guard lock(names_mutex_);
  return *names_.insert(std::move(text)).first;
}

void Plugin::start_profile() {
  profiling_ = true;
  profile_.clear();
  for (const auto& device : devices_)
    if (device) device->trace().start();
}

void Plugin::stop_profile() {
  profiling_ = false;
  std::vector<DeviceRecording> recordings;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    if (!devices_[i]) continue;
    devices_[i]->wait();
    recordings.push_back({static_cast<int>(i), devices_[i]->trace().stop()});
  }
  profile_ = serialize_xspace(recordings);
}

void Plugin::shut_down() {
  const bool print = os::environment("EVERGPU_STATS").value_or("0") != "0";
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    if (!devices_[i]) continue;
    devices_[i]->wait();
    if (print)
      log::info(fmt::format("device {}\n{}", i, runtime::to_string(devices_[i]->statistics())));
  }
}

Result<runtime::Device*> device_of(TF_OpKernelContext* context) {
  const TfStatus status;
  SP_Stream const stream = api().TF_GetStream(context, status.get());
  if (!status.ok()) return status.status();
  return reinterpret_cast<runtime::Device*>(stream);
}

}  // namespace evergpu::tensorflow
