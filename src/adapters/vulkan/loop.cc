// Loops: one invocation for each index. Loops that end in reductions are in reduce.cc.
#include "adapters/vulkan/executable.h"
#include "adapters/vulkan/loop_code.h"
#include "adapters/vulkan/reduce.h"
#include "adapters/vulkan/tiles.h"
#include "ir/shape.h"

namespace evergpu::adapters::vulkan {
namespace {

using compiler::Loop;

class LoopExecutable final : public VulkanExecutable {
 public:
  LoopExecutable(std::shared_ptr<Pipeline> pipeline, const Capabilities& capabilities,
                 std::uint64_t groups)
      : pipeline_(std::move(pipeline)), capabilities_(capabilities), groups_(groups) {}

  Status encode(const compiler::Kernel& kernel, std::span<const Region> inputs,
                std::span<const Region> outputs, Encoder& encoder) override {
    const auto launch = launch_of(std::get<Loop>(kernel), inputs, outputs, capabilities_);
    if (!launch.ok()) return launch.status();
    return encoder.dispatch(*pipeline_, launch->buffers, launch->arguments, spread_groups(groups_));
  }

 private:
  const std::shared_ptr<Pipeline> pipeline_;
  const Capabilities capabilities_;
  const std::uint64_t groups_;
};

// The points of a block of random words.
constexpr std::uint32_t block = 4;

// A workgroup has tile.invocations * tile.points neighbouring points; neighbouring invocations
// compute neighbouring points, or neighbouring blocks of random words.
std::vector<std::uint32_t> loop_spirv(const Loop& loop, const Context& context,
                                      const LoopTile& tile) {
  LoopCode code(loop, context.capabilities(), context.preferred_binding());
  const auto points = static_cast<std::uint32_t>(ir::Shape(loop.extents).elements());
  const Value first =
      code.group() * (static_cast<double>(tile.invocations) * tile.points) + code.lane();
  const auto compute = [&](const Value& number) {
    when(number < static_cast<double>(points), [&] {
      const std::vector<Value> index = code.split(number, loop.extents);
      const std::vector<Element> registers = code.run(index);
      for (std::size_t i = 0; i < loop.outputs.size(); ++i)
        code.store(i, index, registers[loop.results[i]]);
    });
  };
  if (makes_random(loop)) {
    const std::uint32_t blocks = tile.points / block;
    const Value first_block =
        code.group() * (static_cast<double>(tile.invocations) * blocks) + code.lane();
    repeat(first.like(blocks), {}, [&](const Value& i, const std::vector<Value>& none) {
      const Value number = first_block + i * static_cast<double>(tile.invocations);
      code.draw(number);
      return repeat(number.like(block), none, [&](const Value& k, const std::vector<Value>& state) {
        compute(number * static_cast<double>(block) + k);
        return state;
      });
    });
  } else if (tile.points == 1) {
    compute(first);
  } else {
    repeat(first.like(tile.points), {}, [&](const Value& i, const std::vector<Value>& none) {
      compute(first + i * static_cast<double>(tile.invocations));
      return none;
    });
  }
  return std::move(code.module()).finish(tile.invocations);
}

}  // namespace

Result<std::unique_ptr<VulkanExecutable>> make_loop(const Loop& loop, Context& context) {
  EVERGPU_RETURN_IF_ERROR(check_loop(loop, context.capabilities()));
  if (!loop.reductions.empty()) return make_reduce(loop, context);
  LoopTile tile = context.tiles().loop;
  if (makes_random(loop)) tile.points = (tile.points + block - 1) / block * block;
  const auto pipeline = context.pipeline(loop_spirv(loop, context, tile),
                                         static_cast<int>(loop.inputs.size() + loop.outputs.size()),
                                         {}, context.preferred_binding());
  if (!pipeline.ok()) return pipeline.status();
  const auto points = static_cast<std::uint64_t>(ir::Shape(loop.extents).elements());
  const std::uint64_t of_group = std::uint64_t{tile.invocations} * tile.points;
  return std::unique_ptr<VulkanExecutable>(std::make_unique<LoopExecutable>(
      *pipeline, context.capabilities(), (points + of_group - 1) / of_group));
}

}  // namespace evergpu::adapters::vulkan
