// Convolutions and their gradients: as implicit matrix products, or element by element where a
// group has few channels.
#include <string>

#include "adapters/vulkan/library.h"
#include "adapters/vulkan/tiles.h"

namespace evergpu::adapters::vulkan {
namespace {

using ir::Kind;

constexpr int spatial_axes = 3;             // of kernels/convolution.glsl
constexpr std::int64_t least_lines = 4;     // of output positions in a part of a sum
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

  std::vector<std::uint32_t> after(std::vector<std::uint32_t> arguments) const {
    arguments.insert(arguments.end(), {word(row_tiles), word(column_tiles), word(items),
                                       word(parts), word(lines_per_part)});
    return arguments;
  }
};

Status add_image(Recipe& recipe, const Geometry& g, const RegisterTile& tile, bool direct) {
  const ir::Operation& operation = recipe.library().operation;
  const bool to_input = operation.kind == Kind::convolution_input;
  // The kernels read the image first, then the filter.
  const Recipe::Use uses[] = {Recipe::read(recipe.input(to_input ? 1 : 0)),
                              Recipe::read(recipe.input(to_input ? 0 : 1)),
                              Recipe::write(recipe.result())};
  const std::string_view variant = wrapping_variant_of(operation.dtype);
  Division division;
  if (direct) {
    division.items = operation.shape.elements();
    return recipe.each("convolution_direct", variant, uses, division.after(g.arguments),
                       static_cast<std::uint64_t>(division.items), {to_input ? 1U : 0U},
                       tile.binding);
  }
  division.row_tiles = tiles_of(g.batch * (to_input ? g.in_rows : g.out_positions), tile.rows);
  division.column_tiles = tiles_of(to_input ? g.channels_in : g.channels_out, tile.width());
  division.items = division.row_tiles * division.column_tiles * g.groups;
  return recipe.groups("convolution", variant, uses, division.after(g.arguments),
                       static_cast<std::uint64_t>(division.items), tile.invocations,
                       {tile.rows, tile.columns, tile.depth, to_input ? 1U : 0U}, tile.binding);
}

// Sums over all positions are cut into parts of whole lines, added in their order.
Status add_filter(Recipe& recipe, const Geometry& g, const RegisterTile& tile, bool direct) {
  const ir::Operation& operation = recipe.library().operation;
  const std::int64_t elements = operation.shape.elements();
  Division division;
  if (!direct) {
    division.row_tiles = tiles_of(g.channels_in, tile.rows);
    division.column_tiles = tiles_of(g.channels_out, tile.width());
  }
  const std::int64_t items =
      direct ? elements : division.row_tiles * division.column_tiles * g.groups * g.taps;
  const std::int64_t wanted = recipe.context().has_gpu_tiles() ? 512 : 16;
  if (ir::is_float(operation.dtype))
    division.parts = parts_of(items, g.lines, direct ? 64 * wanted : wanted, least_lines);
  division.lines_per_part = tiles_of(g.lines, division.parts);
  if (division.lines_per_part > 0) division.parts = tiles_of(g.lines, division.lines_per_part);
  division.items = items * division.parts;

  const bool partial = division.parts > 1;
  std::string variant(wrapping_variant_of(operation.dtype));
  if (partial && ir::size_of(operation.dtype) == 2) variant += "_partial";
  const Recipe::Buffer sums =
      partial ? recipe.scratch(static_cast<std::size_t>(division.parts * elements) *
                               sum_bytes_of(operation.dtype))
              : recipe.result();
  const Recipe::Use uses[] = {Recipe::read(recipe.input(0)), Recipe::read(recipe.input(1)),
                              Recipe::write(sums)};
  const auto count = static_cast<std::uint64_t>(division.items);
  if (direct)
    EVERGPU_RETURN_IF_ERROR(recipe.each("convolution_direct", variant, uses,
                                        division.after(g.arguments), count, {2}, tile.binding));
  else
    EVERGPU_RETURN_IF_ERROR(recipe.groups("convolution_filter", variant, uses,
                                          division.after(g.arguments), count, tile.invocations,
                                          {tile.rows, tile.columns, tile.depth}, tile.binding));
  return partial ? add_sum_of_parts(recipe, sums, division.parts) : Status();
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
  const auto& attributes = operation.get<ir::Convolution>();
  const Geometry g = to_input    ? geometry_of(attributes, operation.shape, first, second)
                     : to_filter ? geometry_of(attributes, first, operation.shape, second)
                                 : geometry_of(attributes, first, second, operation.shape);
  const std::int64_t columns = to_input ? g.channels_in : g.channels_out;
  const RegisterTile tile = fitted(recipe.context().tiles().convolution, columns);
  const bool direct = !ir::is_float(operation.dtype) || columns < fewest_columns;
  return to_filter ? add_filter(recipe, g, tile, direct) : add_image(recipe, g, tile, direct);
}

}  // namespace evergpu::adapters::vulkan
