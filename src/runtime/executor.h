// Runs graphs on the hardware: plans, gives memory, compiles (or finds compiled), launches. Used
// by tasks of the device's queue alone.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "adapters/adapter.h"
#include "runtime/block.h"
#include "runtime/counters.h"
#include "runtime/least_recently_used.h"
#include "runtime/plan_cache.h"
#include "runtime/trace.h"

namespace evergpu::runtime {

/// A graph and the block of each of its leaves and wanted nodes, by node (null for the others).
struct Job {
  ir::Graph graph;
  std::vector<std::shared_ptr<Block>> blocks;
};

class Executor {
 public:
  /// `counters` is kept alive by every block. While `trace` runs, launches are measured for it.
  Executor(adapters::Device& hardware, std::shared_ptr<Counters> counters, Trace& trace,
           std::size_t budget);

  /// Makes every wanted block ready or failed. A step that fails fails what depends on it, and
  /// nothing else; the error names the operation. A job that does not fit the budget, or that has a
  /// fused kernel which the device cannot compile, is run in parts, in the end node by node.
  /// Returns the first error.
  Status run(Job job);

  /// Copies bytes [offset, …) of a stored value out; its block's error if it has failed.
  Status download(std::span<std::byte> to, const ir::Value& from, std::size_t offset);

 private:
  struct Compiled {
    compiler::Kernel kernel;
    std::shared_ptr<adapters::Executable> executable;
  };

  Status run_range(Job& job, std::uint32_t begin, std::uint32_t end,
                   std::span<const std::uint32_t> last_use);
  Status run_halves(Job& job, std::uint32_t begin, std::uint32_t end,
                    std::span<const std::uint32_t> last_use);
  /// Finds or makes what fused steps and library kernels run with; false where a fused one cannot
  /// be made, and parts of it might.
  bool compile(RunnablePlan& runnable, const ir::Graph& graph);
  /// What a plan runs in, besides its leaves.
  struct Memories {
    std::shared_ptr<adapters::Memory> arena;
    std::vector<std::shared_ptr<adapters::Memory>> by_buffer;  // null for those in the arena
    std::size_t new_bytes = 0;
  };
  Result<Memories> take_memory(const Job& part, const compiler::Plan& plan);
  Status run_plan(const Job& part, RunnablePlan& runnable, Memories& memories);
  /// Launches a step with its executable, which is found first where there is none.
  Status launch(const compiler::Step& step, std::shared_ptr<adapters::Executable>& executable,
                std::span<const adapters::Region> regions);
  Result<std::shared_ptr<adapters::Executable>> executable_for(const compiler::Kernel& kernel);
  Result<std::shared_ptr<adapters::Memory>> allocate(std::size_t bytes);
  Status materialize(Block& block);

  adapters::Device& hardware_;
  std::shared_ptr<Counters> counters_;
  Trace& trace_;
  std::size_t budget_;
  PlanCache plans_;
  LeastRecentlyUsed<Compiled> compiled_;
};

}  // namespace evergpu::runtime
