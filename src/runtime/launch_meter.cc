#include "runtime/launch_meter.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace evergpu::runtime {

using Clock = std::chrono::steady_clock;

LaunchMeter::LaunchMeter(adapters::Device& hardware, Trace& trace)
    : hardware_(hardware),
      trace_(trace),
      wanted_(trace.running() || log::enabled(log::Category::run)),
      by_device_(wanted_ && hardware.measure(true)) {}

LaunchMeter::~LaunchMeter() {
  if (by_device_) hardware_.measure(false);
}

void LaunchMeter::begin() {
  if (wanted_ && !by_device_) begin_ = Clock::now();
}

Status LaunchMeter::end(const compiler::Step& step, const ir::Graph& graph) {
  if (!wanted_) return {};
  Launch launch;
  if (!by_device_) {
    if (trace_.running()) EVERGPU_RETURN_IF_ERROR(hardware_.wait());
    launch.interval = {begin_, Clock::now()};
  }
  launch.kernel = compiler::summary(step.kernel);
  const std::vector<std::string_view> operations = compiler::operations_of(step, graph);
  launch.operations.assign(operations.begin(), operations.end());
  launch.bytes_stored = compiler::bytes_stored(step.kernel);
  if (by_device_) {
    launches_.push_back(std::move(launch));
  } else {
    report(std::move(launch));
  }
  return {};
}

Status LaunchMeter::finish() {
  if (!by_device_) return {};
  const Result<std::vector<adapters::Interval>> intervals = hardware_.measured();
  if (!intervals.ok()) return intervals.status();
  if (intervals->size() != launches_.size())
    return internal_error(
        fmt::format("{} launches were measured of {}", intervals->size(), launches_.size()));
  for (std::size_t i = 0; i < launches_.size(); ++i) {
    launches_[i].interval = (*intervals)[i];
    report(std::move(launches_[i]));
  }
  launches_.clear();
  return {};
}

void LaunchMeter::report(Launch launch) {
  if (log::enabled(log::Category::run)) {
    const std::chrono::duration<double, std::micro> taken =
        launch.interval.end - launch.interval.begin;
    log::write(log::Category::run, fmt::format("{:8.1f} us  {}  ({})", taken.count(), launch.kernel,
                                               fmt::join(launch.operations, ", ")));
  }
  trace_.add(std::move(launch));
}

}  // namespace evergpu::runtime
