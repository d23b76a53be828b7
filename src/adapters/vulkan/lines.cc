// Kernels that walk along an axis: scans and the index of an extreme. Long lines, where there are
// few of them, are cut into slices.
#include <algorithm>

#include "adapters/vulkan/library.h"
#include "adapters/vulkan/tiles.h"

namespace evergpu::adapters::vulkan {
namespace {

constexpr std::int64_t wanted_slices = 4096;  // of all lines: enough to fill a GPU
constexpr std::int64_t least_elements = 256;  // of a slice

struct Slices {
  std::int64_t of_line = 1;
  std::int64_t elements = 0;  // of a slice
};

Slices cut(std::int64_t lines, std::int64_t extent) {
  const std::int64_t parts = parts_of(lines, extent, wanted_slices, least_elements);
  const std::int64_t elements = std::max<std::int64_t>((extent + parts - 1) / parts, 1);
  return {std::max<std::int64_t>((extent + elements - 1) / elements, 1), elements};
}

// What a scan of a dtype is combined in.
ir::DType total_of(ir::DType dtype) {
  if (ir::size_of(dtype) >= 4) return dtype;
  if (ir::is_float(dtype)) return ir::DType::f32;
  return ir::is_signed_integer(dtype) ? ir::DType::i32 : ir::DType::u32;
}

}  // namespace

Status add_scan(Recipe& recipe) {
  const compiler::Library& library = recipe.library();
  const auto& scan = library.operation.get<ir::Scan>();
  const ir::DType dtype = library.operation.dtype;
  const AxisSplit split = split_at(library.operation.shape, scan.axis);
  const std::int64_t lines = split.outer * split.inner;
  const Slices slices = cut(lines, split.extent);
  const std::int64_t count = lines * slices.of_line;
  const auto items = static_cast<std::uint64_t>(count);
  const auto op = static_cast<std::uint32_t>(scan.op);
  const std::uint32_t reverse = scan.reverse ? 1 : 0;
  const std::uint32_t continues = slices.of_line > 1 ? 1 : 0;
  const std::vector<std::uint32_t> arguments{word(count), word(split.extent), word(split.inner),
                                             word(slices.of_line), word(slices.elements)};
  Recipe::Buffer before = recipe.input(0);  // of no use for whole lines
  if (continues != 0) {
    const auto bytes = static_cast<std::size_t>(count) * ir::size_of(total_of(dtype));
    const Recipe::Buffer totals = recipe.scratch(bytes);
    before = recipe.scratch(bytes);
    EVERGPU_RETURN_IF_ERROR(recipe.each("scan_total", variant_of(dtype),
                                        {Recipe::read(recipe.input(0)), Recipe::write(totals)},
                                        arguments, items, {op, reverse}));
    EVERGPU_RETURN_IF_ERROR(
        recipe.each("scan", variant_of(total_of(dtype)),
                    {Recipe::read(totals), Recipe::read(totals), Recipe::write(before)},
                    {word(lines), word(slices.of_line), 1, 1, word(slices.of_line)},
                    static_cast<std::uint64_t>(lines), {op, 1, 0, 0}));
  }
  return recipe.each(
      "scan", variant_of(dtype),
      {Recipe::read(recipe.input(0)), Recipe::read(before), Recipe::write(recipe.result())},
      arguments, items, {op, scan.exclusive ? 1U : 0U, reverse, continues});
}

Status add_arg_reduce(Recipe& recipe) {
  const compiler::Library& library = recipe.library();
  const auto& attributes = library.operation.get<ir::ArgReduce>();
  const std::string_view variant = variant_of(library.operand_dtypes[0]);
  const AxisSplit split = split_at(library.operand_shapes[0], attributes.axis);
  const std::int64_t lines = split.outer * split.inner;
  const Slices slices = cut(lines, split.extent);
  const auto op = static_cast<std::uint32_t>(attributes.op);
  const std::uint32_t index_words = word(ir::size_of(library.operation.dtype) / 4);
  const Recipe::Buffer x = recipe.input(0);
  const auto add = [&](Recipe::Buffer candidates, Recipe::Buffer result, std::int64_t of_line,
                       std::int64_t terms, std::int64_t of_slice, std::uint32_t words,
                       bool of_candidates) {
    return recipe.each(
        "arg_reduce", variant, {Recipe::read(x), Recipe::read(candidates), Recipe::write(result)},
        {word(lines * of_line), word(split.extent), word(split.inner), word(of_line), word(terms),
         word(of_slice)},
        static_cast<std::uint64_t>(lines * of_line), {op, words, of_candidates ? 1U : 0U});
  };
  if (slices.of_line == 1)
    return add(x, recipe.result(), 1, split.extent, split.extent, index_words, false);
  const Recipe::Buffer candidates =
      recipe.scratch(static_cast<std::size_t>(lines * slices.of_line) * 4);
  EVERGPU_RETURN_IF_ERROR(
      add(x, candidates, slices.of_line, split.extent, slices.elements, 1, false));
  return add(candidates, recipe.result(), 1, slices.of_line, slices.of_line, index_words, true);
}

}  // namespace evergpu::adapters::vulkan
