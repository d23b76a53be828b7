// Loops: one invocation for each index. Loops that end in reductions are in reduce.cc.
#include "adapters/vulkan/executable.h"
#include "adapters/vulkan/loop_code.h"
#include "adapters/vulkan/reduce.h"
#include "ir/shape.h"

namespace evergpu::adapters::vulkan {
namespace {

using compiler::Loop;

class LoopExecutable final : public VulkanExecutable {
 public:
  LoopExecutable(std::shared_ptr<Pipeline> pipeline, const Capabilities& capabilities,
                 std::int64_t points)
      : pipeline_(std::move(pipeline)), capabilities_(capabilities), points_(points) {}

  Status encode(const compiler::Kernel& kernel, std::span<const Region> inputs,
                std::span<const Region> outputs, Encoder& encoder) override {
    const auto launch = launch_of(std::get<Loop>(kernel), inputs, outputs, capabilities_);
    if (!launch.ok()) return launch.status();
    const std::uint32_t size = workgroup_size(capabilities_);
    const auto groups = static_cast<std::uint64_t>((points_ + size - 1) / size);
    return encoder.dispatch(*pipeline_, launch->buffers, launch->arguments, spread_groups(groups));
  }

 private:
  const std::shared_ptr<Pipeline> pipeline_;
  const Capabilities capabilities_;
  const std::int64_t points_;
};

std::vector<std::uint32_t> loop_spirv(const Loop& loop, const Capabilities& capabilities) {
  LoopCode code(loop, capabilities);
  const std::uint32_t size = workgroup_size(capabilities);
  const auto points = static_cast<std::uint32_t>(ir::Shape(loop.extents).elements());
  const Value number = code.group() * static_cast<double>(size) + code.lane();
  when(number < static_cast<double>(points), [&] {
    const std::vector<Value> index = code.split(number, loop.extents);
    const std::vector<Element> registers = code.run(index);
    for (std::size_t i = 0; i < loop.outputs.size(); ++i)
      code.store(i, index, registers[loop.results[i]]);
  });
  return std::move(code.module()).finish(size);
}

}  // namespace

Result<std::unique_ptr<VulkanExecutable>> make_loop(const Loop& loop, Context& context) {
  EVERGPU_RETURN_IF_ERROR(check_loop(loop, context.capabilities()));
  if (!loop.reductions.empty()) return make_reduce(loop, context);
  const std::int64_t points = ir::Shape(loop.extents).elements();
  const auto pipeline =
      context.pipeline(loop_spirv(loop, context.capabilities()),
                       static_cast<int>(loop.inputs.size() + loop.outputs.size()));
  if (!pipeline.ok()) return pipeline.status();
  return std::unique_ptr<VulkanExecutable>(
      std::make_unique<LoopExecutable>(*pipeline, context.capabilities(), points));
}

}  // namespace evergpu::adapters::vulkan
