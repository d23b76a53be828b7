// Runs the Loops of a Sequence: one after the other, so that what one writes is in the cache when
// the next reads it; or, where they are apart, the tiles of all on all threads.
#include <algorithm>
#include <utility>
#include <vector>

#include "adapters/host/executable.h"
#include "adapters/host/threads.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Loop;
using compiler::Sequence;

class SequenceExecutable final : public HostExecutable {
 public:
  explicit SequenceExecutable(std::vector<std::unique_ptr<HostLoop>> loops)
      : loops_(std::move(loops)) {}

  Status run(const compiler::Kernel& kernel, Inputs inputs, Outputs outputs) override {
    const auto& sequence = std::get<Sequence>(kernel);
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      const Loop& loop = sequence.loops[i];
      EVERGPU_RETURN_IF_ERROR(loops_[i]->run_loop(loop, inputs.first(loop.inputs.size()),
                                                  outputs.first(loop.outputs.size())));
      inputs = inputs.subspan(loop.inputs.size());
      outputs = outputs.subspan(loop.outputs.size());
    }
    return {};
  }

 private:
  const std::vector<std::unique_ptr<HostLoop>> loops_;
};

class ApartExecutable final : public HostExecutable {
 public:
  explicit ApartExecutable(std::vector<std::unique_ptr<HostLoop>> loops)
      : loops_(std::move(loops)) {
    for (const auto& loop : loops_) {
      const HostLoop::Tiles tiles = loop->tiles();
      cost_ = std::max(cost_, tiles.cost);
      first_tile_.push_back(first_tile_.back() + tiles.count);
    }
  }

  Status run(const compiler::Kernel& kernel, Inputs inputs, Outputs outputs) override {
    const std::vector<Loop>& loops = std::get<Sequence>(kernel).loops;
    const std::size_t reads = loops[0].inputs.size();  // as all others
    const std::size_t writes = loops[0].outputs.size();
    parallel_for(first_tile_.back(), std::max<std::int64_t>(1, parallel_grain / cost_),
                 [&](std::int64_t begin, std::int64_t end) {
                   const auto next =
                       std::upper_bound(first_tile_.begin(), first_tile_.end(), begin);
                   for (auto i = static_cast<std::size_t>(next - first_tile_.begin()) - 1;
                        i < loops.size() && first_tile_[i] < end; ++i) {
                     loops_[i]->run_tiles(loops[i], inputs.subspan(i * reads, reads),
                                          outputs.subspan(i * writes, writes),
                                          std::max(begin, first_tile_[i]) - first_tile_[i],
                                          std::min(end, first_tile_[i + 1]) - first_tile_[i]);
                   }
                 });
    return {};
  }

 private:
  const std::vector<std::unique_ptr<HostLoop>> loops_;
  std::vector<std::int64_t> first_tile_{0};  // by loop, and the end of the last
  std::int64_t cost_ = 1;                    // of a tile, at most
};

}  // namespace

Result<std::unique_ptr<HostExecutable>> make_sequence(const Sequence& sequence) {
  std::vector<std::unique_ptr<HostLoop>> loops;
  for (const Loop& loop : sequence.loops) {
    auto made = make_loop(loop);
    if (!made.ok()) return made.status();
    loops.push_back(std::move(*made));
  }
  const bool in_tiles = std::all_of(loops.begin(), loops.end(),
                                    [](const auto& loop) { return loop->tiles().count > 0; });
  if (sequence.apart && in_tiles)
    return std::unique_ptr<HostExecutable>(std::make_unique<ApartExecutable>(std::move(loops)));
  return std::unique_ptr<HostExecutable>(std::make_unique<SequenceExecutable>(std::move(loops)));
}

Result<std::unique_ptr<HostExecutable>> make_executable(const compiler::Kernel& kernel) {
  if (const auto* library = std::get_if<compiler::Library>(&kernel)) return make_library(*library);
  if (const auto* sequence = std::get_if<Sequence>(&kernel)) return make_sequence(*sequence);
  if (const auto* pipeline = std::get_if<compiler::Pipeline>(&kernel))
    return make_pipeline(*pipeline);
  auto made = make_loop(std::get<Loop>(kernel));
  if (!made.ok()) return made.status();
  return std::unique_ptr<HostExecutable>(std::move(*made));
}

}  // namespace evergpu::adapters::host
