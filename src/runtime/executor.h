// Runs graphs on the hardware: plans, gives memory, compiles (or finds compiled), launches. Lives
// on the device thread.
#pragma once

#include <list>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "adapters/adapter.h"
#include "compiler/plan.h"
#include "runtime/block.h"
#include "runtime/counters.h"

namespace evergpu::runtime {

/// A graph and the block of each of its leaves and wanted nodes, by node (null for the others).
struct Job {
  ir::Graph graph;
  std::vector<std::shared_ptr<Block>> blocks;
};

class Executor {
 public:
  /// `counters` is kept alive by every block.
  Executor(adapters::Device& hardware, std::shared_ptr<Counters> counters, std::size_t budget);

  /// Makes every wanted block ready or failed. A step that fails fails what depends on it, and
  /// nothing else; the error names the operation. A job that does not fit the budget is run in
  /// parts. Returns the first error.
  Status run(Job job);

  /// Copies bytes [offset, …) of a stored value out; its block's error if it has failed.
  Status download(std::span<std::byte> to, const ir::Value& from, std::size_t offset);

 private:
  struct Compiled {
    compiler::Kernel kernel;
    std::unique_ptr<adapters::Executable> executable;
  };
  using CompiledList = std::list<Compiled>;

  Status run_range(Job& job, std::uint32_t begin, std::uint32_t end,
                   std::span<const std::uint32_t> last_use);
  Status run_plan(const Job& part, const compiler::Plan& plan,
                  const std::shared_ptr<adapters::Memory>& arena,
                  std::vector<std::shared_ptr<adapters::Memory>> fresh);
  Status launch(const compiler::Step& step, std::span<const adapters::Region> regions);
  Result<adapters::Executable*> executable_for(const compiler::Kernel& kernel);
  Result<std::shared_ptr<adapters::Memory>> allocate(std::size_t bytes);
  Status materialize(Block& block);

  adapters::Device& hardware_;
  std::shared_ptr<Counters> counters_;
  std::size_t budget_;
  CompiledList compiled_;  // most recently used first
  std::unordered_multimap<std::size_t, CompiledList::iterator> compiled_by_hash_;
};

}  // namespace evergpu::runtime
