// Convolutions and their gradients: as implicit matrix products, with tiles in shared memory or in
// registers, or element by element where a group has few channels.
#include <array>

#include "adapters/vulkan/library.h"
#include "adapters/vulkan/tiles.h"

namespace evergpu::adapters::vulkan {
namespace {

using ir::Kind;

constexpr int spatial_axes = 3;             // of kernels/convolution.glsl
constexpr std::int64_t least_lines = 4;     // of output positions in a part of a sum
constexpr std::int64_t least_terms = 256;   // of a part of a sum, with tiles in shared memory
constexpr std::int64_t fewest_columns = 4;  // below, invocations of a tile would have nothing to do

std::int64_t tiles_of(std::int64_t extent, std::int64_t tile) { return (extent + tile - 1) / tile; }

struct Geometry {
  std::int64_t batch = 1;
  std::int64_t groups = 1;
  std::int64_t channels_in = 1;  // of a group
  std::int64_t channels_out = 1;
  std::int64_t in_positions = 1;
  std::int64_t in_rows = 1;  // the same with each extent filled up to a multiple of the stride
  std::int64_t out_positions = 1;
  std::int64_t phases = 1;  // positions modulo the strides
  std::int64_t taps = 1;
  std::int64_t lines = 1;                // of output positions, in all images
  std::vector<std::uint32_t> arguments;  // of kernels/convolution.glsl but for the work's division
};

Geometry geometry_of(const ir::Convolution& attributes, const ir::Shape& input,
                     const ir::Shape& filter, const ir::Shape& output) {
  Geometry g;
  const int axes = filter.rank() - 2;
  const bool last = attributes.layout == ir::Layout::channels_last;
  g.batch = input[0];
  g.groups = attributes.groups;
  g.channels_in = filter[axes];
  g.channels_out = filter[axes + 1] / g.groups;
  g.arguments = {word(g.batch), word(g.groups), word(g.channels_in), word(g.channels_out)};
  const int missing = spatial_axes - axes;
  const auto add = [&](const auto& of_axis, std::int64_t otherwise) {
    for (int i = 0; i < spatial_axes; ++i)
      g.arguments.push_back(word(i < missing ? otherwise : of_axis(i - missing)));
  };
  const auto of_image = [&](const ir::Shape& image) {
    return [&image, last](int axis) { return image[axis + (last ? 1 : 2)]; };
  };
  const auto of = [](const ir::Dims& dims) {
    return [&dims](int axis) { return dims[static_cast<std::size_t>(axis)]; };
  };
  add(of_image(input), 1);
  add(of_image(output), 1);
  add([&](int axis) { return filter[axis]; }, 1);
  add(of(attributes.strides), 1);
  add(of(attributes.dilations), 1);
  add(of(attributes.pad_low), 0);
  for (int axis = 0; axis < axes; ++axis) {
    const std::int64_t stride = of(attributes.strides)(axis);
    g.in_positions *= of_image(input)(axis);
    g.in_rows *= tiles_of(of_image(input)(axis), stride) * stride;
    g.out_positions *= of_image(output)(axis);
    g.phases *= stride;
    g.taps *= filter[axis];
  }
  const std::int64_t line = of_image(output)(axes - 1);
  g.lines = line > 0 ? g.batch * g.out_positions / line : 0;
  const std::int64_t in = g.groups * g.channels_in;
  const std::int64_t out = g.groups * g.channels_out;
  g.arguments.insert(g.arguments.end(), {word(last ? in : 1), word(last ? 1 : g.in_positions),
                                         word(last ? out : 1), word(last ? 1 : g.out_positions),
                                         word(g.in_positions * in), word(g.out_positions * out)});
  return g;
}

// How the work is divided: the last arguments of kernels/convolution.glsl.
struct Division {
  std::int64_t row_tiles = 1;
  std::int64_t column_tiles = 1;
  std::int64_t items = 1;
  std::int64_t parts = 1;
  std::int64_t lines_per_part = 1;

  // Cuts the sums of a filter's gradient, so that there are `wanted` items where there would be
  // few.
  void cut_lines(const Geometry& g, std::int64_t uncut, std::int64_t wanted) {
    parts = parts_of(uncut, g.lines, wanted, least_lines);
    lines_per_part = tiles_of(g.lines, parts);
    if (lines_per_part > 0) parts = tiles_of(g.lines, lines_per_part);
  }

  std::vector<std::uint32_t> after(std::vector<std::uint32_t> arguments) const {
    arguments.insert(arguments.end(), {word(row_tiles), word(column_tiles), word(items),
                                       word(parts), word(lines_per_part)});
    return arguments;
  }
};

// As kernels/convolution_direct.comp and kernels/convolution_shared.comp have it.
std::uint32_t direction_of(Kind kind) {
  return kind == Kind::convolution ? 0 : kind == Kind::convolution_input ? 1 : 2;
}

// The kernels read an image first, then the filter or the gradient.
std::array<Recipe::Use, 3> uses_of(const Recipe& recipe, const Sums& sums) {
  const bool to_input = recipe.library().operation.kind == Kind::convolution_input;
  return {Recipe::read(recipe.input(to_input ? 1 : 0)),
          Recipe::read(recipe.input(to_input ? 0 : 1)), Recipe::write(sums.buffer)};
}

std::int64_t wanted_groups(const Context& context) { return context.has_gpu_tiles() ? 512 : 16; }

// An invocation for each element of the result, or of its parts.
Status add_direct(Recipe& recipe, const Geometry& g, Binding binding) {
  const ir::Operation& operation = recipe.library().operation;
  const std::int64_t elements = operation.shape.elements();
  const bool can_cut = operation.kind == Kind::convolution_filter && ir::is_float(operation.dtype);
  Division division;
  division.cut_lines(g, elements, can_cut ? 64 * wanted_groups(recipe.context()) : 0);
  division.items = elements * division.parts;
  const Sums sums = sums_in_parts(recipe, division.parts);
  EVERGPU_RETURN_IF_ERROR(recipe.each(
      "convolution_direct", sums.variant, uses_of(recipe, sums), division.after(g.arguments),
      static_cast<std::uint64_t>(division.items), {direction_of(operation.kind)}, binding));
  return add_sum_of_parts(recipe, sums, division.parts);
}

Status add_image(Recipe& recipe, const Geometry& g, const RegisterTile& tile) {
  const ir::Operation& operation = recipe.library().operation;
  const bool to_input = operation.kind == Kind::convolution_input;
  Division division;
  division.row_tiles = tiles_of(g.batch * (to_input ? g.in_rows : g.out_positions), tile.rows);
  division.column_tiles = tiles_of(to_input ? g.channels_in : g.channels_out, tile.width());
  division.items = division.row_tiles * division.column_tiles * g.groups;
  const Sums sums = sums_in_parts(recipe, 1);
  return recipe.groups("convolution", sums.variant, uses_of(recipe, sums),
                       division.after(g.arguments), static_cast<std::uint64_t>(division.items),
                       tile.invocations, {tile.rows, tile.columns, tile.depth, to_input ? 1U : 0U},
                       tile.binding);
}

// Sums over all positions are cut into parts of whole lines.
Status add_filter(Recipe& recipe, const Geometry& g, const RegisterTile& tile) {
  Division division;
  division.row_tiles = tiles_of(g.channels_in, tile.rows);
  division.column_tiles = tiles_of(g.channels_out, tile.width());
  const std::int64_t items = division.row_tiles * division.column_tiles * g.groups * g.taps;
  division.cut_lines(g, items, wanted_groups(recipe.context()));
  division.items = items * division.parts;
  const Sums sums = sums_in_parts(recipe, division.parts);
  EVERGPU_RETURN_IF_ERROR(
      recipe.groups("convolution_filter", sums.variant, uses_of(recipe, sums),
                    division.after(g.arguments), static_cast<std::uint64_t>(division.items),
                    tile.invocations, {tile.rows, tile.columns, tile.depth}, tile.binding));
  return add_sum_of_parts(recipe, sums, division.parts);
}

// All three directions; any sum may be cut into parts.
Status add_shared(Recipe& recipe, const Geometry& g, const ContractionTile& tile) {
  const Kind kind = recipe.library().operation.kind;
  const bool to_input = kind == Kind::convolution_input;
  const bool to_filter = kind == Kind::convolution_filter;
  const std::int64_t phases = to_input ? g.phases : 1;
  const std::int64_t positions = g.batch * (to_input ? g.in_rows / phases : g.out_positions);
  const std::int64_t taps = g.taps * (to_input ? g.channels_out : g.channels_in);
  Division division;
  const auto [height, width] = extents_of(tile);
  division.row_tiles = tiles_of(to_filter ? taps : positions, height);
  division.column_tiles = tiles_of(to_input ? g.channels_in : g.channels_out, width);
  const std::int64_t tiles = division.row_tiles * division.column_tiles * g.groups * phases;
  const std::int64_t terms = to_filter ? positions : taps / phases;
  const std::int64_t wanted = recipe.context().has_gpu_tiles() ? 256 : 16;  // as of products
  division.parts = parts_of(tiles, terms, wanted, least_terms);
  division.items = tiles * division.parts;
  const Sums sums = sums_in_parts(recipe, division.parts);
  SharedKernel kernel = shared_kernel(tile, sums.variant);
  kernel.constants.push_back(direction_of(kind));
  EVERGPU_RETURN_IF_ERROR(recipe.groups(
      "convolution_shared", kernel.variant, uses_of(recipe, sums), division.after(g.arguments),
      static_cast<std::uint64_t>(division.items), kernel.invocations, kernel.constants));
  return add_sum_of_parts(recipe, sums, division.parts);
}

}  // namespace

Status add_convolution(Recipe& recipe) {
  const compiler::Library& library = recipe.library();
  const ir::Operation& operation = library.operation;
  const bool to_input = operation.kind == Kind::convolution_input;
  const bool to_filter = operation.kind == Kind::convolution_filter;
  const ir::Shape& first = library.operand_shapes[0];
  const ir::Shape& second = library.operand_shapes[1];
  const ir::Shape& filter = to_input ? first : to_filter ? operation.shape : second;
  if (filter.rank() - 2 > spatial_axes || filter.rank() < 3)
    return unimplemented("convolutions over none or more than three axes on a Vulkan device");
  const Result<bool> by_winograd = add_winograd(recipe);
  if (!by_winograd.ok() || *by_winograd) return by_winograd.status();
  const auto& attributes = operation.get<ir::Convolution>();
  const Geometry g = to_input    ? geometry_of(attributes, operation.shape, first, second)
                     : to_filter ? geometry_of(attributes, first, operation.shape, second)
                                 : geometry_of(attributes, first, second, operation.shape);
  const std::int64_t columns = to_input ? g.channels_in : g.channels_out;
  const Tiles& tiles = recipe.context().tiles();
  if (!ir::is_float(operation.dtype) || columns < fewest_columns)
    return add_direct(recipe, g, binding_of(tiles.convolution));
  const ContractionTile tile = fitted(tiles.convolution_of(operation.dtype), columns);
  const auto* const block = std::get_if<RegisterTile>(&tile);
  if (block == nullptr) return add_shared(recipe, g, tile);
  return to_filter ? add_filter(recipe, g, *block) : add_image(recipe, g, *block);
}

}  // namespace evergpu::adapters::vulkan
