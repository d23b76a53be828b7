// Picks the executable of a library kernel.
#include "adapters/vulkan/library.h"

#include <fmt/format.h>

#include "adapters/vulkan/executable.h"
#include "adapters/vulkan/loop_code.h"
#include "adapters/vulkan/reduce.h"

namespace evergpu::adapters::vulkan {
namespace {

using ir::Kind;

Status add_kind(Recipe& recipe) {
  const Kind kind = recipe.library().operation.kind;
  switch (kind) {
    case Kind::pad:
      return add_pad(recipe);
    case Kind::concat:
      return add_concat(recipe);
    case Kind::gather:
      return add_gather(recipe);
    case Kind::scatter:
      return add_scatter(recipe);
    case Kind::argsort:
      return add_argsort(recipe);
    case Kind::scan:
      return add_scan(recipe);
    case Kind::arg_reduce:
      return add_arg_reduce(recipe);
    case Kind::window_reduce:
      return add_window_reduce(recipe);
    case Kind::window_gradient:
      return add_window_gradient(recipe);
    case Kind::philox:
      return add_philox(recipe);
    case Kind::truncated_normal:
      return add_truncated_normal(recipe);
    case Kind::matmul:
      return add_matmul(recipe);
    case Kind::convolution:
    case Kind::convolution_input:
    case Kind::convolution_filter:
      return add_convolution(recipe);
    default:  // the planner makes loops or views of all others
      return internal_error(fmt::format("{} is no library kernel", name_of(kind)));
  }
}

// Positions and their products with strides are computed in 32 bits, some of them signed.
Status check_sizes(const compiler::Library& library) {
  constexpr std::int64_t limit = std::int64_t{1} << 31;
  bool fits = library.operation.shape.elements() < limit;
  for (const ir::Shape& shape : library.operand_shapes) fits = fits && shape.elements() < limit;
  if (fits) return {};
  return resource_exhausted(
      fmt::format("{} of arrays with 2^31 elements or more on a Vulkan device; try a smaller batch",
                  name_of(library.operation.kind)));
}

}  // namespace

Result<std::unique_ptr<VulkanExecutable>> make_library(const compiler::Library& library,
                                                       Context& context) {
  if (library.operation.kind == Kind::reduce) return make_library_reduce(library, context);
  EVERGPU_RETURN_IF_ERROR(check_sizes(library));
  Recipe recipe(library, context);
  if (library.operation.shape.elements() > 0) EVERGPU_RETURN_IF_ERROR(add_kind(recipe));
  return std::move(recipe).finish();
}

Result<std::unique_ptr<VulkanExecutable>> make_pipeline(const compiler::Pipeline& pipeline,
                                                        Context& context) {
  if (!compiler::is_contraction(pipeline.library.operation))
    return unimplemented("pipelines of other kernels than contractions on Vulkan devices");
  EVERGPU_RETURN_IF_ERROR(check_sizes(pipeline.library));
  EVERGPU_RETURN_IF_ERROR(check_loop(*pipeline.after, context.capabilities()));
  Recipe recipe(pipeline, context);
  EVERGPU_RETURN_IF_ERROR(add_kind(recipe));
  return std::move(recipe).finish();
}

}  // namespace evergpu::adapters::vulkan
