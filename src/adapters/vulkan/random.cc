// Random bits and truncated normal deviates.
#include "adapters/vulkan/library.h"

namespace evergpu::adapters::vulkan {
namespace {

// An invocation makes `group` elements.
Status add_random(Recipe& recipe, std::string_view file, std::string_view variant,
                  std::int64_t group) {
  const std::int64_t count = recipe.library().operation.shape.elements();
  return recipe.each(file, variant,
                     {Recipe::read(recipe.input(0)), Recipe::read(recipe.input(1)),
                      Recipe::write(recipe.result())},
                     {word(count)}, static_cast<std::uint64_t>((count + group - 1) / group));
}

}  // namespace

Status add_philox(Recipe& recipe) { return add_random(recipe, "philox", "b4", 4); }

Status add_truncated_normal(Recipe& recipe) {
  const ir::DType dtype = recipe.library().operation.dtype;
  return add_random(recipe, "truncated_normal", variant_of(dtype), dtype == ir::DType::f64 ? 2 : 4);
}

}  // namespace evergpu::adapters::vulkan
