// Plans that were made before: from the second step of a training loop on nothing is planned, and
// no kernel looked for.
#pragma once

#include <memory>
#include <vector>

#include "adapters/adapter.h"
#include "compiler/plan.h"
#include "compiler/structure.h"
#include "runtime/counters.h"
#include "runtime/least_recently_used.h"

namespace evergpu::runtime {

/// A plan, and what its steps run with.
struct RunnablePlan {
  compiler::Plan plan;
  std::vector<std::shared_ptr<adapters::Executable>> executables;  // by step; null until needed
  bool refused = false;  // the device could not compile a fused kernel of it
};

class PlanCache {
 public:
  struct Limits {
    std::size_t plans = 1024;
    std::size_t bytes = std::size_t{256} << 20;  // about; executables not counted
  };

  /// Of plans for this device. Hits and misses are counted.
  PlanCache(const adapters::DeviceInfo& device, std::shared_ptr<Counters> counters)
      : PlanCache(device, std::move(counters), Limits()) {}
  PlanCache(const adapters::DeviceInfo& device, std::shared_ptr<Counters> counters,
            const Limits& limits)
      : options_{device.alignment, device.strided_matmul, device.pipelines, device.sequences},
        counters_(std::move(counters)),
        limits_(limits) {}

  /// A plan of the graph, made now or for a graph of equal structure, whatever its launch arguments
  /// and the order of its nodes. It can be used, and executables can be put in, until the next
  /// call.
  RunnablePlan& plan_for(const ir::Graph& graph);

  std::size_t plans() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::vector<std::uint64_t> structure;
    std::vector<std::uint32_t> order;  // of the graph that the plan is bound to now
    RunnablePlan runnable;
    std::size_t bytes = 0;
  };

  compiler::PlanOptions options_;
  std::shared_ptr<Counters> counters_;
  Limits limits_;
  LeastRecentlyUsed<Entry> entries_;
  std::size_t bytes_ = 0;
};

}  // namespace evergpu::runtime
