// Measures a plan's launches for whoever wants to know: a trace, or EVERGPU_LOG=run. By the
// device's clock where it has one; else by the host's, which for a trace waits for each launch.
#pragma once

#include <span>
#include <vector>

#include "adapters/adapter.h"
#include "compiler/plan.h"
#include "runtime/trace.h"

namespace evergpu::runtime {

class LaunchMeter {
 public:
  /// Measures launches until its end, if anybody wants it now.
  LaunchMeter(adapters::Device& hardware, Trace& trace);
  ~LaunchMeter();
  LaunchMeter(const LaunchMeter&) = delete;
  LaunchMeter& operator=(const LaunchMeter&) = delete;

  /// Around a launch of `step`; the second only if it succeeded.
  void begin();
  Status end(const compiler::Step& step, const ir::Graph& graph);
  /// After all launches, which have been waited for.
  Status finish();

 private:
  void report(Launch launch);

  adapters::Device& hardware_;
  Trace& trace_;
  const bool wanted_;
  const bool by_device_;
  std::chrono::steady_clock::time_point begin_;
  std::vector<Launch> launches_;  // that the device measures
};

}  // namespace evergpu::runtime
