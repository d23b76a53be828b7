// The kinds of library kernels, each of which adds to a recipe what computes it. Results and
// operands that no element depends on were looked at: the result has elements.
#pragma once

#include <string>

#include "adapters/vulkan/recipe.h"
#include "adapters/vulkan/tiles.h"

namespace evergpu::adapters::vulkan {

// movement.cc
Status add_pad(Recipe& recipe);
Status add_concat(Recipe& recipe);
Status add_gather(Recipe& recipe);
// sort.cc
Status add_argsort(Recipe& recipe);
/// Sorts rows of 32-bit or 64-bit keys: writes them in order, and their positions in the row.
Status add_sort(Recipe& recipe, std::size_t key_bytes, std::int64_t rows, std::int64_t extent,
                Recipe::Buffer keys, Recipe::Buffer sorted, Recipe::Buffer order);
// scatter.cc
Status add_scatter(Recipe& recipe);
// lines.cc
Status add_scan(Recipe& recipe);
Status add_arg_reduce(Recipe& recipe);
// window.cc
Status add_window_reduce(Recipe& recipe);
Status add_window_gradient(Recipe& recipe);
// random.cc
Status add_philox(Recipe& recipe);
Status add_truncated_normal(Recipe& recipe);
// matmul.cc
Status add_matmul(Recipe& recipe);
/// A kernel over kernels/shared_tile.glsl with this tile, which is none of registers: its variant,
/// where the sums' variant is `variant`, and its constants but for those of its own.
struct SharedKernel {
  std::string variant;
  std::uint32_t invocations = 0;
  Constants constants;
};
SharedKernel shared_kernel(const ContractionTile& tile, std::string variant);
/// Where a contraction's sums go when they are cut into parts, and the variant of its kernels that
/// writes them.
struct Sums {
  Recipe::Buffer buffer;
  std::string variant;
};
Sums sums_in_parts(Recipe& recipe, std::int64_t parts);
/// Rounds the sums of all parts, added in their order, to the result; of one part they are it.
Status add_sum_of_parts(Recipe& recipe, const Sums& sums, std::int64_t parts);
// convolution.cc
Status add_convolution(Recipe& recipe);
// winograd.cc
/// A convolution by Winograd's method; false where the direct one is meant to compute it.
Result<bool> add_winograd(Recipe& recipe);

/// An integer operand as indices of 32 or 64 bits.
struct Indices {
  Recipe::Buffer buffer;
  std::size_t bytes = 4;
};
Result<Indices> add_indices(Recipe& recipe, std::size_t operand);

}  // namespace evergpu::adapters::vulkan
