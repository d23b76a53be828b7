// Batched matrix products.
#include <string>

#include "adapters/vulkan/library.h"
#include "adapters/vulkan/tiles.h"

namespace evergpu::adapters::vulkan {
namespace {

constexpr std::int64_t least_depth = 256;  // of a part

std::int64_t tiles_of(std::int64_t extent, std::int64_t tile) { return (extent + tile - 1) / tile; }

}  // namespace

SharedKernel shared_kernel(const ContractionTile& tile, std::string variant) {
  if (const auto* const by = std::get_if<MatrixTile>(&tile)) {
    return {variant + "_matrix",
            by->invocations(),
            {by->rows, by->columns, by->subgroups_down, by->subgroups_across, by->depth,
             by->matrices.m, by->matrices.n, by->matrices.k, by->matrices.lanes}};
  }
  const auto& by = std::get<SharedTile>(tile);
  return {std::move(variant),
          by.invocations(),
          {by.rows, by.columns, by.rows_across, by.columns_across, by.depth}};
}

Sums sums_in_parts(Recipe& recipe, std::int64_t parts) {
  const ir::Operation& operation = recipe.library().operation;
  std::string variant(wrapping_variant_of(operation.dtype));
  if (parts == 1) return {recipe.result(), variant};
  if (ir::size_of(operation.dtype) == 2) variant += "_partial";
  const std::int64_t elements = operation.shape.elements();
  const std::size_t bytes =
      static_cast<std::size_t>(parts * elements) * sum_bytes_of(operation.dtype);
  return {recipe.scratch(bytes), variant};
}

Status add_sum_of_parts(Recipe& recipe, const Sums& sums, std::int64_t parts) {
  if (parts == 1) return {};
  const ir::Operation& operation = recipe.library().operation;
  const std::int64_t elements = operation.shape.elements();
  return recipe.each("sum_partials", wrapping_variant_of(operation.dtype),
                     {Recipe::read(sums.buffer), Recipe::write(recipe.result())},
                     {word(elements), word(parts)}, static_cast<std::uint64_t>(elements));
}

Status add_matmul(Recipe& recipe) {
  const compiler::Library& library = recipe.library();
  const auto& [transpose_a, transpose_b] = library.operation.get<ir::MatMul>();
  const ir::DType dtype = library.operation.dtype;
  const ir::Shape& shape = library.operation.shape;
  const ir::Shape& a = library.operand_shapes[0];
  const std::int64_t m = shape[shape.rank() - 2];
  const std::int64_t n = shape[shape.rank() - 1];
  const std::int64_t k = a[a.rank() - (transpose_a ? 2 : 1)];
  const std::int64_t batches = shape.elements() / (m * n);
  const ContractionTile product = fitted(recipe.context().tiles().product_of(dtype), n);
  const auto [tile_m, tile_n] = extents_of(product);
  const std::int64_t tiles_m = tiles_of(m, tile_m);
  const std::int64_t tiles_n = tiles_of(n, tile_n);
  const std::int64_t wanted = recipe.context().has_gpu_tiles() ? 256 : 16;

  // The cut follows from shape and device alone, so the order of a sum does too.
  std::int64_t parts = 1;
  if (ir::is_float(dtype)) parts = parts_of(batches * tiles_m * tiles_n, k, wanted, least_depth);
  const std::int64_t depth = tiles_of(k, parts);
  if (depth > 0) parts = tiles_of(k, depth);
  const std::int64_t groups = batches * tiles_m * tiles_n * parts;
  const Sums sums = sums_in_parts(recipe, parts);
  const Recipe::Use uses[] = {Recipe::read(recipe.input(0)), Recipe::read(recipe.input(1)),
                              Recipe::write(sums.buffer)};
  std::vector<std::uint32_t> arguments{word(m),
                                       word(n),
                                       word(k),
                                       word(transpose_a ? 1 : k),
                                       word(transpose_a ? m : 1),
                                       word(m * k),
                                       word(transpose_b ? 1 : n),
                                       word(transpose_b ? k : 1),
                                       word(k * n),
                                       word(tiles_m),
                                       word(tiles_n),
                                       word(parts),
                                       word(depth),
                                       word(groups),
                                       word(batches)};
  const auto count = static_cast<std::uint64_t>(groups);
  if (const auto* const tile = std::get_if<RegisterTile>(&product)) {
    EVERGPU_RETURN_IF_ERROR(recipe.groups("matmul", sums.variant, uses, std::move(arguments), count,
                                          tile->invocations,
                                          {tile->rows, tile->columns, tile->depth}, tile->binding));
  } else {
    const SharedKernel kernel = shared_kernel(product, sums.variant);
    EVERGPU_RETURN_IF_ERROR(recipe.groups("matmul_shared", kernel.variant, uses,
                                          std::move(arguments), count, kernel.invocations,
                                          kernel.constants));
  }
  return add_sum_of_parts(recipe, sums, parts);
}

}  // namespace evergpu::adapters::vulkan
