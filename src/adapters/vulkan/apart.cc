// Sequences whose loops are apart: one dispatch for the points of all. A workgroup finds its loop
// in a table of where the workgroups of each begin. Through device addresses all loops share one
// code, which does not grow with their number; through descriptors each has its own.
#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "adapters/vulkan/executable.h"
#include "adapters/vulkan/loop_code.h"
#include "adapters/vulkan/tiles.h"
#include "ir/shape.h"

namespace evergpu::adapters::vulkan {
namespace {

using compiler::Loop;
using compiler::Sequence;
using Loops = std::span<const Loop>;

/// The number of a loop's first workgroup, for each; then how many workgroups all have.
std::vector<std::uint32_t> first_groups(Loops loops, const LoopTile& tile) {
  const std::int64_t of_group = std::int64_t{tile.invocations} * tile.points;
  std::vector<std::uint32_t> first{0};
  for (const Loop& loop : loops) {
    const std::int64_t points = ir::Shape(loop.extents).elements();
    first.push_back(first.back() + static_cast<std::uint32_t>((points + of_group - 1) / of_group));
  }
  return first;
}

/// The arguments of a launch: what launch_of says of each loop in turn, then the number of its
/// first workgroup for each loop, then its points.
class ApartExecutable final : public VulkanExecutable {
 public:
  ApartExecutable(std::shared_ptr<Pipeline> pipeline, Context& context, Loops loops)
      : pipeline_(std::move(pipeline)),
        capabilities_(context.capabilities()),
        table_(first_groups(loops, context.tiles().loop)) {
    groups_ = table_.back();
    table_.pop_back();
    for (const Loop& loop : loops)
      table_.push_back(static_cast<std::uint32_t>(ir::Shape(loop.extents).elements()));
  }

  Status encode(const compiler::Kernel& kernel, std::span<const Region> inputs,
                std::span<const Region> outputs, Encoder& encoder) override {
    LoopLaunch all;
    for (const Loop& loop : std::get<Sequence>(kernel).loops) {
      const auto launch = launch_of(loop, inputs.first(loop.inputs.size()),
                                    outputs.first(loop.outputs.size()), capabilities_);
      if (!launch.ok()) return launch.status();
      inputs = inputs.subspan(loop.inputs.size());
      outputs = outputs.subspan(loop.outputs.size());
      all.buffers.insert(all.buffers.end(), launch->buffers.begin(), launch->buffers.end());
      all.arguments.insert(all.arguments.end(), launch->arguments.begin(), launch->arguments.end());
    }
    all.arguments.insert(all.arguments.end(), table_.begin(), table_.end());
    return encoder.dispatch(*pipeline_, all.buffers, all.arguments, spread_groups(groups_));
  }

 private:
  const std::shared_ptr<Pipeline> pipeline_;
  const Capabilities capabilities_;
  std::vector<std::uint32_t> table_;
  std::uint64_t groups_ = 0;
};

class ApartCode {
 public:
  ApartCode(Loops loops, const Context& context, Binding binding)
      : loops_(loops),
        count_(static_cast<std::uint32_t>(loops.size())),
        can_(context.capabilities()),
        tile_(context.tiles().loop),
        binding_(binding) {
    table_ = count_ * argument_words(loops[0]);
    if (binding == Binding::addresses)
      table_ +=
          2 * count_ * static_cast<std::uint32_t>(loops[0].inputs.size() + loops[0].outputs.size());
  }

  std::vector<std::uint32_t> spirv() && {
    const Value group = group_number(module_.spirv);
    const Value which = loop_of(group);
    const Value rest = group - read(table_, which);
    const Value points = read(table_ + count_, which);
    if (binding_ == Binding::addresses) {
      LoopCode code(loops_[0], can_, module_, count_, which);
      compute(code, loops_[0], rest, points);
    } else {
      for (std::uint32_t i = 0; i < count_; ++i) {
        LoopCode code(loops_[i], can_, module_);
        when(which == static_cast<double>(i), [&] { compute(code, loops_[i], rest, points); });
      }
    }
    return std::move(module_.spirv).finish(tile_.invocations);
  }

 private:
  /// Word `which` of the arguments from `first` on.
  Value read(std::uint32_t first, const Value& which) {
    const Value word = which + static_cast<double>(first);
    return {&module_.spirv, module_.spirv.load(module_.arguments, word.id), Type::u32};
  }

  /// The last loop whose first workgroup is not after `group`: a binary search without branches.
  Value loop_of(const Value& group) {
    Value found = group.like(0);
    for (std::uint32_t step = std::bit_ceil(count_) / 2; step > 0; step /= 2) {
      const Value next = found + static_cast<double>(step);
      const Value last = group.like(count_ - 1);
      const Value in_table = select(next < last, next, last);  // what is read is there
      found = select((next <= last) & (read(table_, in_table) <= group), next, found);
    }
    return found;
  }

  void compute(LoopCode& code, const Loop& loop, const Value& group, const Value& points) {
    const Value first =
        group * (static_cast<double>(tile_.invocations) * tile_.points) + code.lane();
    repeat(first.like(tile_.points), {}, [&](const Value& i, const std::vector<Value>& none) {
      const Value number = first + i * static_cast<double>(tile_.invocations);
      when(number < points, [&] {
        const std::vector<Element> registers = code.run({number});
        for (std::size_t o = 0; o < loop.outputs.size(); ++o)
          code.store(o, {number}, registers[loop.results[o]]);
      });
      return none;
    });
  }

  const Loops loops_;
  const std::uint32_t count_;
  const Capabilities& can_;
  const LoopTile tile_;
  const Binding binding_;
  std::uint32_t table_ = 0;  // its first word among the arguments
  LoopModule module_;
};

}  // namespace

Result<std::unique_ptr<VulkanExecutable>> make_apart(const Sequence& sequence, Context& context) {
  std::size_t buffers = 0;
  for (const Loop& loop : sequence.loops) {
    EVERGPU_RETURN_IF_ERROR(check_loop(loop, context.capabilities()));
    buffers += loop.inputs.size() + loop.outputs.size();
  }
  const Binding binding = context.binding_of_many();
  const auto pipeline = context.pipeline(ApartCode(sequence.loops, context, binding).spirv(),
                                         static_cast<int>(buffers), {}, binding);
  if (!pipeline.ok()) return pipeline.status();
  return std::unique_ptr<VulkanExecutable>(
      std::make_unique<ApartExecutable>(*pipeline, context, sequence.loops));
}

}  // namespace evergpu::adapters::vulkan
