// Scatter: updates are sorted by row, those of a row in their order, so that one invocation can
// apply them one after the other and no result depends on timing.
#include "adapters/vulkan/library.h"

namespace evergpu::adapters::vulkan {

Status add_scatter(Recipe& recipe) {
  const compiler::Library& library = recipe.library();
  const ir::ScatterOp op = library.operation.get<ir::Scatter>().op;
  const std::int64_t rows = library.operation.shape[0];
  const std::int64_t columns = library.operation.shape.elements() / rows;
  const std::int64_t count = library.operand_shapes[1].elements();
  recipe.copy(recipe.result(), recipe.input(0));
  if (count == 0) return {};

  const Result<Indices> indices = add_indices(recipe, 1);
  if (!indices.ok()) return indices.status();
  const auto bytes = static_cast<std::size_t>(count) * 4;
  const Recipe::Buffer keys = recipe.scratch(bytes);
  const Recipe::Buffer sorted = recipe.scratch(bytes);
  const Recipe::Buffer order = recipe.scratch(bytes);
  EVERGPU_RETURN_IF_ERROR(recipe.each("scatter_key", moving_variant_of(indices->bytes),
                                      {Recipe::read(indices->buffer), Recipe::write(keys)},
                                      {word(count), word(rows)},
                                      static_cast<std::uint64_t>(count)));
  EVERGPU_RETURN_IF_ERROR(add_sort(recipe, 4, 1, count, keys, sorted, order));

  const auto items = static_cast<std::uint64_t>(count * columns);
  const std::vector<std::uint32_t> arguments{word(count), word(columns), word(rows)};
  const Recipe::Use uses[] = {Recipe::read(sorted), Recipe::read(order),
                              Recipe::read(recipe.input(2)), Recipe::update(recipe.result())};
  if (op == ir::ScatterOp::set)
    return recipe.each("scatter_set", moving_variant_of(ir::size_of(library.operation.dtype)), uses,
                       arguments, items);
  return recipe.each("scatter", variant_of(library.operation.dtype), uses, arguments, items,
                     {static_cast<std::uint32_t>(op)});
}

}  // namespace evergpu::adapters::vulkan
