// Runs Loops: tile after tile, each instruction over the tile's elements, so that what a fused
// program passes along stays in the L1 cache. Loops that end in reductions are in reduce.cc.
#include <algorithm>

#include "adapters/host/executable.h"
#include "adapters/host/reduce.h"
#include "adapters/host/schedule.h"
#include "adapters/host/threads.h"
#include "adapters/host/tile_runner.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Loop;

thread_local WorkSpace register_space;

class LoopExecutable final : public HostLoop {
 public:
  explicit LoopExecutable(Schedule schedule) : schedule_(std::move(schedule)) {}

  Status run_loop(const Loop& loop, Inputs inputs, Outputs outputs) override {
    const std::vector<char> direct = direct_outputs(schedule_, loop, inputs, outputs);
    parallel_for(schedule_.tiles, std::max<std::int64_t>(1, parallel_grain / tiles().cost),
                 [&](std::int64_t begin, std::int64_t end) {
                   TileRunner(schedule_, loop, inputs, outputs, direct, register_space)
                       .run_tiles(begin, end);
                 });
    return {};
  }

  Tiles tiles() const override {
    return {schedule_.tiles, schedule_.tile_elements * schedule_.element_cost};
  }
  void run_tiles(const Loop& loop, Inputs inputs, Outputs outputs, std::int64_t begin,
                 std::int64_t end) const override {
    const std::vector<char> direct = direct_outputs(schedule_, loop, inputs, outputs);
    TileRunner(schedule_, loop, inputs, outputs, direct, register_space).run_tiles(begin, end);
  }

 private:
  const Schedule schedule_;
};

}  // namespace

Result<std::unique_ptr<HostLoop>> make_loop(const Loop& loop) {
  const bool reduces = !loop.reductions.empty();
  Result<Schedule> schedule = make_schedule(loop, reduces ? Order::linear : Order::tiles);
  if (!schedule.ok()) return schedule.status();
  if (reduces) return make_reduce(loop, std::move(*schedule));
  return std::unique_ptr<HostLoop>(std::make_unique<LoopExecutable>(std::move(*schedule)));
}

}  // namespace evergpu::adapters::host
