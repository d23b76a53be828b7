#include "adapters/vulkan/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "adapters/vulkan/epilogue.h"
#include "adapters/vulkan/kernel_words.h"

namespace evergpu::adapters::vulkan {
namespace {

constexpr std::uint32_t group_size = 64;  // a multiple of the subgroups of all GPUs

bool is_of_bytes(std::string_view variant) {
  return variant == "i8" || variant == "u8" || variant == "b1";
}

// What a variant needs of the device; success when it has it.
Status check_features(std::string_view variant, const PhysicalDevice& device) {
  const Capabilities& can = device.capabilities;
  const std::string_view type = variant.substr(0, variant.find('_'));
  const char* missing = nullptr;
  if (type == "f64" && !can.float64) missing = "64-bit floats (shaderFloat64)";
  if ((type == "i64" || type == "u64") && !can.int64) missing = "64-bit integers (shaderInt64)";
  if ((type == "i16" || type == "u16" || type == "f16" || type == "bf16" || type == "b2") &&
      !can.storage_16bit)
    missing = "16-bit elements (storageBuffer16BitAccess)";
  if (missing == nullptr) return {};
  return unimplemented(fmt::format("{} has no {}", device.name, missing));
}

}  // namespace

/// Runs a recipe.
class RecipeExecutable final : public VulkanExecutable {
 public:
  explicit RecipeExecutable(Recipe&& recipe)
      : capabilities_(recipe.context_.capabilities()),
        steps_(std::move(recipe.steps_)),
        scratch_(std::move(recipe.scratch_)),
        work_parts_(recipe.work_parts_) {}

  Status encode(const compiler::Kernel& kernel, std::span<const Region> inputs,
                std::span<const Region> outputs, Encoder& encoder) override {
    std::vector<Region> scratch;
    for (const std::size_t bytes : scratch_) {
      const Result<Region> region = encoder.scratch(bytes);
      if (!region.ok()) return region.status();
      scratch.push_back(*region);
    }
    const auto region_of = [&](const Recipe::Buffer& buffer) {
      using Place = Recipe::Buffer::Place;
      return buffer.place == Place::input    ? inputs[buffer.number]
             : buffer.place == Place::result ? outputs[buffer.number]
                                             : scratch[buffer.number];
    };
    std::vector<BufferUse> uses;
    for (const Recipe::Step& step : steps_) {
      if (step.pipeline == nullptr) {
        EVERGPU_RETURN_IF_ERROR(encoder.copy(region_of(step.uses[1].buffer),
                                             region_of(step.uses[0].buffer),
                                             step.uses[0].buffer.bytes));
        continue;
      }
      uses.clear();
      for (const Recipe::Use& use : step.uses)
        uses.push_back({region_of(use.buffer), use.buffer.bytes, use.access});
      std::span<const std::uint32_t> arguments = step.arguments;
      std::vector<std::uint32_t> with_loop;
      if (step.has_epilogue) {
        const auto loop = launch_of_epilogue(std::get<compiler::Pipeline>(kernel), inputs, outputs,
                                             capabilities_);
        if (!loop.ok()) return loop.status();
        uses.insert(uses.end(), loop->buffers.begin(), loop->buffers.end());
        with_loop = step.arguments;
        with_loop.insert(with_loop.end(), loop->arguments.begin(), loop->arguments.end());
        arguments = with_loop;
      }
      EVERGPU_RETURN_IF_ERROR(
          encoder.dispatch(*step.pipeline, uses, arguments, step.groups, work_parts_));
    }
    return {};
  }

 private:
  const Capabilities capabilities_;
  const std::vector<Recipe::Step> steps_;
  const std::vector<std::size_t> scratch_;
  const std::uint64_t work_parts_;
};

Recipe::Recipe(const compiler::Library& library, Context& context)
    : library_(library), context_(context) {}

Recipe::Recipe(const compiler::Pipeline& pipeline, Context& context)
    : library_(pipeline.library), whole_(&pipeline), context_(context) {}

Recipe::Buffer Recipe::input(std::size_t number) const {
  const auto elements = static_cast<std::size_t>(library_.operand_shapes[number].elements());
  return {Buffer::Place::input, number, elements * ir::size_of(library_.operand_dtypes[number])};
}

Recipe::Buffer Recipe::result() const {
  return {Buffer::Place::result, 0, library_.operation.bytes()};
}

Recipe::Buffer Recipe::scratch(std::size_t bytes) {
  scratch_.push_back(bytes);
  return {Buffer::Place::scratch, scratch_.size() - 1, bytes};
}

Status Recipe::each(std::string_view file, std::string_view variant, std::span<const Use> uses,
                    std::vector<std::uint32_t> arguments, std::uint64_t items,
                    const Constants& constants, Binding binding) {
  return groups(file, variant, uses, std::move(arguments), (items + group_size - 1) / group_size,
                group_size, constants, binding);
}

Status Recipe::groups(std::string_view file, std::string_view variant, std::span<const Use> uses,
                      std::vector<std::uint32_t> arguments, std::uint64_t groups,
                      std::uint32_t size, const Constants& constants, Binding binding) {
  EVERGPU_RETURN_IF_ERROR(check_features(variant, context_.physical()));
  Step step;
  std::uint64_t most = 0;
  for (Use use : uses) {
    // An array without elements has no memory to bind; a few bytes stand for it.
    if (use.buffer.bytes == 0) use.buffer = scratch(16);
    most = std::max<std::uint64_t>(most, use.buffer.bytes);
    step.uses.push_back(use);
  }
  // Kernels count elements and invocations in 32 bits.
  const std::uint64_t reach = context_.capabilities().max_buffer_bytes;
  if (most > reach)
    return resource_exhausted(
        fmt::format("{} takes arrays of up to {} bytes, and {} has one of {}; try a smaller batch",
                    context_.physical().name, reach, name_of(library_.operation.kind), most));
  if (groups * size >= std::uint64_t{1} << 32)
    return resource_exhausted(fmt::format("{} of more than 2^32 elements; try a smaller batch",
                                          name_of(library_.operation.kind)));
  std::vector<std::uint32_t> all{size};
  all.insert(all.end(), constants.begin(), constants.end());
  const bool in_words = is_of_bytes(variant) && !context_.capabilities().storage_8bit;
  const char* const suffix = in_words ? "_words" : binding == Binding::addresses ? "_address" : "";
  const std::string name = fmt::format("{}_{}{}", file, variant, suffix);
  step.arguments = std::move(arguments);
  step.has_epilogue = whole_ != nullptr && step.uses.back().buffer.place == Buffer::Place::result;
  if (step.has_epilogue) step.uses.pop_back();
  auto pipeline = step.has_epilogue ? with_loop(kernel_words(name), step, all, binding)
                                    : context_.library_pipeline(name, static_cast<int>(uses.size()),
                                                                all, binding);
  if (!pipeline.ok()) return pipeline.status();
  step.pipeline = std::move(*pipeline);
  step.groups = spread_groups(groups);
  steps_.push_back(std::move(step));
  return {};
}

Result<std::shared_ptr<Pipeline>> Recipe::with_loop(std::span<const std::uint32_t> spirv,
                                                    const Step& step, const Constants& constants,
                                                    Binding binding) {
  const EpilogueBase base{spirv, binding, word(static_cast<std::int64_t>(step.uses.size())),
                          word(static_cast<std::int64_t>(step.arguments.size()))};
  return context_.pipeline(with_epilogue(base, *whole_, context_.capabilities()),
                           static_cast<int>(step.uses.size() + epilogue_arrays(*whole_)), constants,
                           binding);
}

void Recipe::copy(Buffer to, Buffer from) {
  Step step;
  step.uses = {read(from), write(to)};
  steps_.push_back(std::move(step));
}

std::unique_ptr<VulkanExecutable> Recipe::finish() && {
  return std::make_unique<RecipeExecutable>(std::move(*this));
}

std::string_view variant_of(ir::DType dtype) {
  return dtype == ir::DType::boolean ? "u8" : name_of(dtype);
}

std::string_view wrapping_variant_of(ir::DType dtype) {
  if (!ir::is_signed_integer(dtype)) return variant_of(dtype);
  const int up = static_cast<int>(ir::DType::u8) - static_cast<int>(ir::DType::i8);
  return name_of(static_cast<ir::DType>(static_cast<int>(dtype) + up));
}

std::string_view moving_variant_of(std::size_t bytes) {
  return bytes == 1 ? "b1" : bytes == 2 ? "b2" : bytes == 4 ? "b4" : "b8";
}

std::size_t sum_bytes_of(ir::DType dtype) { return std::max<std::size_t>(4, ir::size_of(dtype)); }

AxisSplit split_at(const ir::Shape& shape, int axis) {
  AxisSplit split;
  split.extent = shape[axis];
  for (int i = 0; i < axis; ++i) split.outer *= shape[i];
  for (int i = axis + 1; i < shape.rank(); ++i) split.inner *= shape[i];
  return split;
}

}  // namespace evergpu::adapters::vulkan
