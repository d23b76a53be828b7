// Sorting: keys whose unsigned order is that of the elements; short runs sorted by insertion; then
// merges of neighbouring runs, in which each element finds its place by binary search.
#include <algorithm>
#include <bit>

#include "adapters/vulkan/library.h"

namespace evergpu::adapters::vulkan {
namespace {

constexpr std::int64_t first_run = 16;

// The most significant word of a dtype's infinity.
std::uint32_t infinity_bits(ir::DType dtype) {
  switch (dtype) {
    case ir::DType::f16:
      return 0x7c00;
    case ir::DType::bf16:
      return 0x7f80;
    case ir::DType::f32:
      return 0x7f800000;
    default:
      return 0x7ff00000;
  }
}

}  // namespace

Status add_sort(Recipe& recipe, std::size_t key_bytes, std::int64_t rows, std::int64_t extent,
                Recipe::Buffer keys, Recipe::Buffer sorted, Recipe::Buffer order) {
  const std::string_view variant = moving_variant_of(key_bytes);
  const std::int64_t elements = rows * extent;
  int merges = 0;
  for (std::int64_t run = first_run; run < extent; run *= 2) ++merges;
  // Two pairs of arrays take turns, so that the last merge writes to where the result is wanted.
  Recipe::Buffer key_buffers[2] = {sorted, sorted};
  Recipe::Buffer order_buffers[2] = {order, order};
  if (merges > 0) {
    key_buffers[1] = recipe.scratch(sorted.bytes);
    order_buffers[1] = recipe.scratch(order.bytes);
  }
  int at = merges % 2;
  const std::int64_t runs = (extent + first_run - 1) / first_run;
  EVERGPU_RETURN_IF_ERROR(recipe.each(
      "sort_block", variant,
      {Recipe::read(keys), Recipe::write(key_buffers[at]), Recipe::write(order_buffers[at])},
      {word(rows * runs), word(runs), word(extent)}, static_cast<std::uint64_t>(rows * runs),
      {word(first_run)}));
  for (std::int64_t run = first_run; run < extent; run *= 2, at = 1 - at)
    EVERGPU_RETURN_IF_ERROR(recipe.each(
        "sort_merge", variant,
        {Recipe::read(key_buffers[at]), Recipe::read(order_buffers[at]),
         Recipe::write(key_buffers[1 - at]), Recipe::write(order_buffers[1 - at])},
        {word(elements), word(extent), word(run)}, static_cast<std::uint64_t>(elements)));
  return {};
}

Status add_argsort(Recipe& recipe) {
  const compiler::Library& library = recipe.library();
  const ir::DType dtype = library.operand_dtypes[0];
  const ir::Shape& shape = library.operand_shapes[0];
  const std::size_t size = ir::size_of(dtype);
  const std::size_t key_bytes = std::max<std::size_t>(4, size);
  const std::int64_t extent = shape[shape.rank() - 1];
  const auto bytes = static_cast<std::size_t>(shape.elements()) * key_bytes;
  const Recipe::Buffer keys = recipe.scratch(bytes);
  const Recipe::Buffer sorted = recipe.scratch(bytes);
  const std::uint32_t kind = ir::is_float(dtype) ? 2 : ir::is_signed_integer(dtype) ? 1 : 0;
  const std::uint32_t sign_bit = std::uint32_t{1} << (8 * std::min<std::size_t>(4, size) - 1);
  EVERGPU_RETURN_IF_ERROR(recipe.each(
      "sort_key", moving_variant_of(size), {Recipe::read(recipe.input(0)), Recipe::write(keys)},
      {word(shape.elements())}, static_cast<std::uint64_t>(shape.elements()),
      {kind, sign_bit, infinity_bits(dtype),
       library.operation.get<ir::ArgSort>().descending ? 1U : 0U}));
  return add_sort(recipe, key_bytes, shape.elements() / extent, extent, keys, sorted,
                  recipe.result());
}

}  // namespace evergpu::adapters::vulkan
