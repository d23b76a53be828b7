#include "adapters/faulty.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "base/os.h"

namespace evergpu::adapters {

namespace {

using Point = Fault::Point;

constexpr std::array<std::string_view, 6> point_names = {"allocate", "upload", "download",
                                                         "compile",  "launch", "wait"};

class FaultyDevice : public Device {
 public:
  FaultyDevice(std::unique_ptr<Device> device, Fault fault)
      : device_(std::move(device)), fault_(fault) {}

  const DeviceInfo& info() const override { return device_->info(); }
  Result<std::unique_ptr<Memory>> allocate(std::size_t bytes) override {
    EVERGPU_RETURN_IF_ERROR(pass(Point::allocate));
    return device_->allocate(bytes);
  }
  Status upload(Region to, std::span<const std::byte> from) override {
    EVERGPU_RETURN_IF_ERROR(pass(Point::upload));
    return device_->upload(to, from);
  }
  Status download(std::span<std::byte> to, Region from) override {
    EVERGPU_RETURN_IF_ERROR(pass(Point::download));
    return device_->download(to, from);
  }
  Status copy(Region to, Region from, std::size_t bytes) override {
    return device_->copy(to, from, bytes);
  }
  Result<std::unique_ptr<Executable>> compile(const compiler::Kernel& kernel) override {
    EVERGPU_RETURN_IF_ERROR(pass(Point::compile));
    return device_->compile(kernel);
  }
  Status launch(Executable& executable, const compiler::Kernel& kernel,
                std::span<const Region> inputs, std::span<const Region> outputs) override {
    EVERGPU_RETURN_IF_ERROR(pass(Point::launch));
    return device_->launch(executable, kernel, inputs, outputs);
  }
  Status wait() override {
    EVERGPU_RETURN_IF_ERROR(pass(Point::wait));
    return device_->wait();
  }
  bool measure(bool on) override { return device_->measure(on); }
  Result<std::vector<Interval>> measured() override { return device_->measured(); }
  std::optional<QueueCounts> queue_counts() const override { return device_->queue_counts(); }

 private:
  Status pass(Point point) {
    if (point != fault_.point || ++calls_ != fault_.nth) return {};
    return internal_error(fmt::format("injected fault: {} number {}",
                                      point_names[static_cast<std::size_t>(point)], fault_.nth));
  }

  std::unique_ptr<Device> device_;
  Fault fault_;
  long calls_ = 0;
};

}  // namespace

std::unique_ptr<Device> with_fault(std::unique_ptr<Device> device, Fault fault) {
  return std::make_unique<FaultyDevice>(std::move(device), fault);
}

Result<std::unique_ptr<Device>> with_faults_from_environment(std::unique_ptr<Device> device) {
  const std::string text = os::environment("EVERGPU_FAULT").value_or("");
  if (text.empty()) return device;
  const std::size_t colon = text.find(':');
  for (std::size_t i = 0; colon != std::string::npos && i < point_names.size(); ++i) {
    if (std::string_view(text).substr(0, colon) != point_names[i]) continue;
    Fault fault{static_cast<Point>(i), 0};
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data() + colon + 1, last, fault.nth);
    if (error == std::errc() && end == last && fault.nth > 0)
      return with_fault(std::move(device), fault);
  }
  return invalid_argument(
      fmt::format("EVERGPU_FAULT is '{}'; it takes allocate, upload, download, compile, launch or "
                  "wait, a colon and a number from 1",
                  text));
}

}  // namespace evergpu::adapters
