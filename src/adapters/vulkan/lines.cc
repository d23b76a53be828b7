// Kernels that walk along an axis: scans and the index of an extreme.
#include "adapters/vulkan/library.h"

namespace evergpu::adapters::vulkan {

Status add_scan(Recipe& recipe) {
  const compiler::Library& library = recipe.library();
  const auto& scan = library.operation.get<ir::Scan>();
  const AxisSplit split = split_at(library.operation.shape, scan.axis);
  const std::int64_t lines = split.outer * split.inner;
  return recipe.each(
      "scan", variant_of(library.operation.dtype),
      {Recipe::read(recipe.input(0)), Recipe::write(recipe.result())},
      {word(lines), word(split.extent), word(split.inner)}, static_cast<std::uint64_t>(lines),
      {static_cast<std::uint32_t>(scan.op), scan.exclusive ? 1U : 0U, scan.reverse ? 1U : 0U});
}

Status add_arg_reduce(Recipe& recipe) {
  const compiler::Library& library = recipe.library();
  const auto& attributes = library.operation.get<ir::ArgReduce>();
  const AxisSplit split = split_at(library.operand_shapes[0], attributes.axis);
  const std::int64_t lines = split.outer * split.inner;
  return recipe.each(
      "arg_reduce", variant_of(library.operand_dtypes[0]),
      {Recipe::read(recipe.input(0)), Recipe::write(recipe.result())},
      {word(lines), word(split.extent), word(split.inner)}, static_cast<std::uint64_t>(lines),
      {static_cast<std::uint32_t>(attributes.op), word(ir::size_of(library.operation.dtype) / 4)});
}

}  // namespace evergpu::adapters::vulkan
