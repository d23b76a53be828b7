// Sequences: one workgroup runs loop after loop, with barriers between them. A reduction that takes
// several workgroups or passes is a dispatch of its own; so are all that are apart, which need no
// barriers. Loops that are apart and reduce nothing are in apart.cc.
#include <algorithm>
#include <utility>
#include <vector>

#include "adapters/vulkan/executable.h"
#include "adapters/vulkan/loop_code.h"
#include "adapters/vulkan/reduce.h"
#include "adapters/vulkan/tiles.h"
#include "ir/shape.h"

namespace evergpu::adapters::vulkan {
namespace {

using compiler::Loop;
using compiler::Sequence;
using Loops = std::span<const Loop>;

/// Neighbouring loops of a sequence: one dispatch of a workgroup, or one loop by itself.
struct Piece {
  std::size_t loops = 0;
  std::shared_ptr<Pipeline> pipeline;
  std::unique_ptr<VulkanExecutable> alone;  // where there is no pipeline
};

class SequenceExecutable final : public VulkanExecutable {
 public:
  SequenceExecutable(std::vector<Piece> pieces, const Capabilities& capabilities)
      : pieces_(std::move(pieces)), capabilities_(capabilities) {}

  Status encode(const compiler::Kernel& kernel, std::span<const Region> inputs,
                std::span<const Region> outputs, Encoder& encoder) override {
    Loops loops = std::get<Sequence>(kernel).loops;
    for (const Piece& piece : pieces_) {
      LoopLaunch all;
      for (const Loop& loop : loops.first(piece.loops)) {
        const auto reads = inputs.first(loop.inputs.size());
        const auto writes = outputs.first(loop.outputs.size());
        inputs = inputs.subspan(reads.size());
        outputs = outputs.subspan(writes.size());
        if (piece.alone != nullptr) {
          EVERGPU_RETURN_IF_ERROR(piece.alone->encode(loop, reads, writes, encoder));
          continue;
        }
        const auto launch = launch_of(loop, reads, writes, capabilities_);
        if (!launch.ok()) return launch.status();
        all.buffers.insert(all.buffers.end(), launch->buffers.begin(), launch->buffers.end());
        all.arguments.insert(all.arguments.end(), launch->arguments.begin(),
                             launch->arguments.end());
      }
      loops = loops.subspan(piece.loops);
      if (piece.alone == nullptr)
        EVERGPU_RETURN_IF_ERROR(
            encoder.dispatch(*piece.pipeline, all.buffers, all.arguments, {1, 1, 1}));
    }
    return {};
  }

 private:
  const std::vector<Piece> pieces_;
  const Capabilities capabilities_;
};

// All points, by the invocations of one workgroup in turn.
void compute_points(LoopCode& code, const Loop& loop, std::uint32_t invocations) {
  const std::int64_t points = ir::Shape(loop.extents).elements();
  const Value lane = code.lane();
  const std::int64_t rounds = (points + invocations - 1) / invocations;
  repeat(lane.like(static_cast<double>(rounds)), {},
         [&](const Value& i, const std::vector<Value>& none) {
           const Value number = lane + i * static_cast<double>(invocations);
           when(number < static_cast<double>(points), [&] {
             const std::vector<Value> index = code.split(number, loop.extents);
             const std::vector<Element> registers = code.run(index);
             for (std::size_t o = 0; o < loop.outputs.size(); ++o)
               code.store(o, index, registers[loop.results[o]]);
           });
           return none;
         });
}

std::vector<std::uint32_t> sequence_spirv(Loops loops, const Context& context,
                                          std::uint32_t invocations) {
  LoopModule module;
  for (std::size_t i = 0; i < loops.size(); ++i) {
    if (i > 0) module.spirv.barrier(/*of_buffers=*/true);
    LoopCode code(loops[i], context.capabilities(), module);
    if (loops[i].reductions.empty())
      compute_points(code, loops[i], invocations);
    else
      reduce_in_workgroup(code, loops[i], context, invocations);
  }
  return std::move(module.spirv).finish(invocations);
}

}  // namespace

Result<std::unique_ptr<VulkanExecutable>> make_sequence(const Sequence& sequence,
                                                        Context& context) {
  if (sequence.apart && sequence.loops[0].reductions.empty()) return make_apart(sequence, context);
  const std::uint32_t invocations = context.tiles().loop.invocations;
  const auto fits = [&](const Loop& loop) {
    if (sequence.apart) return false;
    return loop.reductions.empty() || fits_workgroup(loop, context, invocations);
  };
  std::vector<Piece> pieces;
  Loops rest = sequence.loops;
  while (!rest.empty()) {
    Piece piece;
    piece.loops =
        static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), fits) - rest.begin());
    int buffers = 0;
    for (const Loop& loop : rest.first(piece.loops)) {
      EVERGPU_RETURN_IF_ERROR(check_loop(loop, context.capabilities()));
      buffers += static_cast<int>(loop.inputs.size() + loop.outputs.size());
    }
    if (piece.loops > 1) {
      auto pipeline =
          context.pipeline(sequence_spirv(rest.first(piece.loops), context, invocations), buffers);
      if (!pipeline.ok()) return pipeline.status();
      piece.pipeline = std::move(*pipeline);
    } else {
      piece.loops = 1;
      auto alone = make_loop(rest[0], context);
      if (!alone.ok()) return alone.status();
      piece.alone = std::move(*alone);
    }
    rest = rest.subspan(piece.loops);
    pieces.push_back(std::move(piece));
  }
  return std::unique_ptr<VulkanExecutable>(
      std::make_unique<SequenceExecutable>(std::move(pieces), context.capabilities()));
}

}  // namespace evergpu::adapters::vulkan
