// Kernels that only move elements: padding, concatenation, gathering.
#include <numeric>

#include "adapters/vulkan/library.h"

namespace evergpu::adapters::vulkan {

Status add_pad(Recipe& recipe) {
  const compiler::Library& library = recipe.library();
  const auto& pad = library.operation.get<ir::Pad>();
  const ir::Shape& from = library.operand_shapes[0];
  const ir::Shape& to = library.operation.shape;
  const ir::Dims strides = from.strides();
  std::vector<std::uint32_t> arguments{word(to.elements()), word(to.rank())};
  for (int axis = to.rank(); axis-- > 0;) {
    const auto i = static_cast<std::size_t>(axis);
    arguments.insert(arguments.end(), {word(to[axis]), word(pad.low[i]), word(pad.interior[i] + 1),
                                       word(from[axis]), word(strides[i])});
  }
  return recipe.each("pad", moving_variant_of(ir::size_of(library.operation.dtype)),
                     {Recipe::read(recipe.input(0)), Recipe::read(recipe.input(1)),
                      Recipe::write(recipe.result())},
                     std::move(arguments), static_cast<std::uint64_t>(to.elements()));
}

Status add_concat(Recipe& recipe) {
  const compiler::Library& library = recipe.library();
  const int axis = library.operation.get<ir::Axis>().axis;
  const auto size = static_cast<std::int64_t>(ir::size_of(library.operation.dtype));
  const auto row_bytes = [&](const ir::Shape& shape) {
    const AxisSplit split = split_at(shape, axis);
    return split.extent * split.inner * size;
  };
  const std::int64_t to_bytes = row_bytes(library.operation.shape);
  // Elements are moved in as large pieces as all rows are made of.
  std::int64_t piece = std::gcd(std::int64_t{8}, to_bytes);
  for (const ir::Shape& shape : library.operand_shapes) piece = std::gcd(piece, row_bytes(shape));
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < library.operand_shapes.size(); ++i) {
    const std::int64_t bytes = row_bytes(library.operand_shapes[i]);
    const std::int64_t pieces = library.operand_shapes[i].elements() * size / piece;
    if (pieces > 0)
      EVERGPU_RETURN_IF_ERROR(recipe.each(
          "concat", moving_variant_of(static_cast<std::size_t>(piece)),
          {Recipe::read(recipe.input(i)), Recipe::write(recipe.result())},
          {word(pieces), word(bytes / piece), word(to_bytes / piece), word(begin / piece)},
          static_cast<std::uint64_t>(pieces)));
    begin += bytes;
  }
  return {};
}

Result<Indices> add_indices(Recipe& recipe, std::size_t operand) {
  const compiler::Library& library = recipe.library();
  const ir::DType dtype = library.operand_dtypes[operand];
  const Recipe::Buffer given = recipe.input(operand);
  if (ir::size_of(dtype) >= 4) return Indices{given, ir::size_of(dtype)};
  const std::int64_t count = library.operand_shapes[operand].elements();
  const Recipe::Buffer wide = recipe.scratch(static_cast<std::size_t>(count) * 4);
  if (count > 0)
    EVERGPU_RETURN_IF_ERROR(recipe.each("widen_index", variant_of(dtype),
                                        {Recipe::read(given), Recipe::write(wide)}, {word(count)},
                                        static_cast<std::uint64_t>(count)));
  return Indices{wide, 4};
}

Status add_gather(Recipe& recipe) {
  const compiler::Library& library = recipe.library();
  const auto& gather = library.operation.get<ir::Gather>();
  const ir::Shape& params = library.operand_shapes[0];
  const AxisSplit split = split_at(params, gather.axis);
  std::int64_t batches = 1;
  for (int i = 0; i < gather.batch_dims; ++i) batches *= params[i];
  const auto size = static_cast<std::int64_t>(ir::size_of(library.operation.dtype));
  const std::int64_t row_bytes = split.inner * size;
  const std::int64_t piece = std::gcd(std::int64_t{8}, row_bytes);
  const std::int64_t pieces = library.operation.shape.elements() * size / piece;
  const Result<Indices> indices = add_indices(recipe, 1);
  if (!indices.ok()) return indices.status();
  return recipe.each(
      "gather", moving_variant_of(static_cast<std::size_t>(piece)),
      {Recipe::read(recipe.input(0)), Recipe::read(indices->buffer),
       Recipe::write(recipe.result())},
      {word(pieces), word(row_bytes / piece), word(library.operand_shapes[1].elements() / batches),
       word(split.outer / batches), word(split.extent)},
      static_cast<std::uint64_t>(pieces), {word(indices->bytes / 4)});
}

}  // namespace evergpu::adapters::vulkan
