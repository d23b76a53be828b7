// Pooling and its gradients, over up to five axes between the free ones.
#include "adapters/vulkan/library.h"

namespace evergpu::adapters::vulkan {
namespace {

constexpr int window_axes = 5;  // of kernels/window.glsl

// The constants of kernels/window.glsl after the operation.
Result<Constants> constants_of(const ir::Window& window, const ir::Shape& input,
                               const ir::Shape& output) {
  const auto is_free = [&](int axis) {
    const auto i = static_cast<std::size_t>(axis);
    return window.extents[i] == 1 && window.strides[i] == 1 && input[axis] == output[axis];
  };
  int first = 0;
  int last = input.rank();
  std::int64_t inner = 1;
  while (last > first && is_free(last - 1)) inner *= input[--last];
  while (first < last && is_free(first)) ++first;
  if (last - first > window_axes)
    return unimplemented("windows over more than five axes on a Vulkan device");
  const int missing = window_axes - (last - first);
  Constants constants{word(inner)};
  const auto add = [&](const auto& of_axis, std::int64_t otherwise) {
    for (int i = 0; i < window_axes; ++i)
      constants.push_back(word(i < missing ? otherwise : of_axis(first + i - missing)));
  };
  const auto of = [](const ir::Dims& dims) {
    return [&dims](int axis) { return dims[static_cast<std::size_t>(axis)]; };
  };
  add([&](int axis) { return input[axis]; }, 1);
  add([&](int axis) { return output[axis]; }, 1);
  add(of(window.extents), 1);
  add(of(window.strides), 1);
  add(of(window.pad_low), 0);
  return constants;
}

Status add_windows(Recipe& recipe, std::string_view file, std::string_view variant,
                   std::span<const Recipe::Use> uses, Constants constants, std::int64_t items,
                   ir::ReduceOp op) {
  constants.insert(constants.begin(), static_cast<std::uint32_t>(op));
  return recipe.each(file, variant, uses, {word(items)}, static_cast<std::uint64_t>(items),
                     constants);
}

}  // namespace

Status add_window_reduce(Recipe& recipe) {
  const ir::Operation& operation = recipe.library().operation;
  const auto& window = operation.get<ir::Window>();
  auto constants = constants_of(window, recipe.library().operand_shapes[0], operation.shape);
  if (!constants.ok()) return constants.status();
  const Recipe::Use uses[] = {Recipe::read(recipe.input(0)), Recipe::write(recipe.result())};
  return add_windows(recipe, "window_reduce", variant_of(operation.dtype), uses,
                     std::move(*constants), operation.shape.elements(), window.op);
}

Status add_window_gradient(Recipe& recipe) {
  const compiler::Library& library = recipe.library();
  const ir::Operation& operation = library.operation;
  const auto& window = operation.get<ir::Window>();
  const ir::Shape& pooled = library.operand_shapes.back();
  auto constants = constants_of(window, operation.shape, pooled);
  if (!constants.ok()) return constants.status();
  const Recipe::Buffer gradient = recipe.input(library.operand_shapes.size() - 1);
  Recipe::Buffer origin = gradient;  // of no use for a sum
  if (window.op == ir::ReduceOp::maximum) {
    origin = recipe.scratch(static_cast<std::size_t>(pooled.elements()) * 4);
    const Recipe::Use uses[] = {Recipe::read(recipe.input(0)), Recipe::write(origin)};
    if (pooled.elements() > 0)
      EVERGPU_RETURN_IF_ERROR(add_windows(recipe, "window_origin", variant_of(operation.dtype),
                                          uses, *constants, pooled.elements(), window.op));
  }
  const Recipe::Use uses[] = {Recipe::read(gradient), Recipe::read(origin),
                              Recipe::write(recipe.result())};
  return add_windows(recipe, "window_gradient", wrapping_variant_of(operation.dtype), uses,
                     std::move(*constants), operation.shape.elements(), window.op);
}

}  // namespace evergpu::adapters::vulkan
