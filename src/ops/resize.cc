#include "ops/resize.h"

#include "ops/invalid.h"
#include "ops/pixels.h"
#include "ops/precision.h"

namespace evergpu::ops {
namespace {

using ir::BinaryOp;
using ir::DType;
using ir::Shape;
using ir::UnaryOp;
using ir::Value;

constexpr int height_axis = 1;
constexpr int width_axis = 2;

Value floor(const Value& x) { return ir::unary(UnaryOp::floor, x); }
Value at_least_0(const Value& x) {
  return ir::binary(BinaryOp::maximum, x, ir::constant(x.dtype(), 0));
}
Value at_most(const Value& x, std::int64_t limit) {
  return ir::binary(BinaryOp::minimum, x, ir::constant_integer(x.dtype(), limit));
}

// Image extent over result extent, as TensorFlow rounds it. One pixel has no corners to align.
float scale_of(std::int64_t from, std::int64_t to, const ResizeParameters& parameters) {
  return parameters.align_corners && from > 1 && to > 1
             ? static_cast<float>(from - 1) / static_cast<float>(to - 1)
             : static_cast<float>(from) / static_cast<float>(to);
}

// The two neighbours that a result position lies between, and how near it is to the upper one.
struct Interpolation {
  Value lower;   // i32 [to]
  Value upper;   // i32 [to]
  Value weight;  // f32 [to], of the upper neighbour
};
Interpolation interpolation(std::int64_t from, std::int64_t to,
                            const ResizeParameters& parameters) {
  const Value result = ir::iota(DType::f32, Shape{to}, 0);
  const double scale = scale_of(from, to, parameters);
  const Value at = parameters.half_pixel_centers ? (result + 0.5) * scale - 0.5 : result * scale;
  const Value below = floor(at);
  return {ir::cast(at_least_0(below), DType::i32),
          at_most(ir::cast(ir::unary(UnaryOp::ceil, at), DType::i32), from - 1), at - below};
}

// i32 [to]: the position in the image for each position in the result.
Value nearest(std::int64_t from, std::int64_t to, const ResizeParameters& parameters) {
  const Value result = ir::iota(DType::f32, Shape{to}, 0);
  const double scale = scale_of(from, to, parameters);
  const Value at = parameters.half_pixel_centers ? (result + 0.5) * scale : result * scale;
  const Value below = floor(at);
  Value position = below;
  if (parameters.align_corners) {
    const Value up = ir::binary(BinaryOp::greater_equal, at - below, ir::constant(DType::f32, 0.5));
    position = ir::select(up, below + 1, below);
  }
  return at_least_0(at_most(ir::cast(position, DType::i32), from - 1));
}

// [to] as a factor along `axis` of images.
Value along(const Value& weights, int axis) {
  ir::Dims extents(4, 1);
  extents[static_cast<std::size_t>(axis)] = weights.shape()[0];
  return ir::reshape(weights, Shape(std::move(extents)));
}

Value interpolate(const Value& x, int axis, std::int64_t to, const ResizeParameters& parameters) {
  const Interpolation i = interpolation(x.shape()[axis], to, parameters);
  const Value lower = ir::gather(x, i.lower, axis);
  const Value upper = ir::gather(x, i.upper, axis);
  return lower + (upper - lower) * along(i.weight, axis);
}

// Values along the rows, or the columns, of result images.
Value by_row(const Value& x) { return ir::reshape(x, Shape{1, x.shape()[0], 1}); }
Value by_column(const Value& x) { return ir::reshape(x, Shape{1, 1, x.shape()[0]}); }
Pixels pixels_of(const Shape& images) {
  return {images, ir::iota(DType::i32, Shape{images[0], 1, 1}, 0)};
}

Status check(const Value& images, const char* name, std::int64_t height, std::int64_t width) {
  EVERGPU_RETURN_IF_ERROR(images.status());
  if (images.shape().rank() != 4)
    return invalid("{} must be 4-dimensional{}", name, to_string(images.shape()));
  if (height <= 0 || width <= 0) return invalid("output dimensions must be positive");
  if (images.shape()[height_axis] == 0 || images.shape()[width_axis] == 0)
    return invalid("{} image must be of non-zero size", name);
  return {};
}

}  // namespace

Value resize_bilinear(const Value& images, std::int64_t height, std::int64_t width,
                      const ResizeParameters& parameters) {
  if (Status status = check(images, "input", height, width); !status.ok())
    return ir::Node::failed(status);
  const Value wide = interpolate(ir::cast(images, DType::f32), width_axis, width, parameters);
  return interpolate(wide, height_axis, height, parameters);
}

Value resize_bilinear_gradient(const Value& gradient, const Shape& shape, DType dtype,
                               const ResizeParameters& parameters) {
  if (shape.rank() != 4) return failure("original_image must be 4-dimensional{}", to_string(shape));
  if (Status status = check(gradient, "input_grad", shape[height_axis], shape[width_axis]);
      !status.ok())
    return ir::Node::failed(status);
  const Interpolation rows =
      interpolation(shape[height_axis], gradient.shape()[height_axis], parameters);
  const Interpolation columns =
      interpolation(shape[width_axis], gradient.shape()[width_axis], parameters);
  const Value down = with_channel_axis(by_row(rows.weight));
  const Value across = with_channel_axis(by_column(columns.weight));
  const Pixels pixels = pixels_of(shape);
  const DType wide = widened(dtype);
  Value sum = ir::zeros(wide, shape);
  const auto add = [&](const Value& row, const Value& column, const Value& part) {
    sum = pixels.add(sum, pixels.positions(by_row(row), by_column(column)), ir::cast(part, wide));
  };
  const Value upper = gradient * (1 - down);
  const Value lower = gradient * down;
  add(rows.lower, columns.lower, upper * (1 - across));
  add(rows.lower, columns.upper, upper * across);
  add(rows.upper, columns.lower, lower * (1 - across));
  add(rows.upper, columns.upper, lower * across);
  return ir::cast(sum, dtype);
}

Value resize_nearest(const Value& images, std::int64_t height, std::int64_t width,
                     const ResizeParameters& parameters) {
  if (Status status = check(images, "input", height, width); !status.ok())
    return ir::Node::failed(status);
  const Shape& shape = images.shape();
  const Value rows =
      ir::gather(images, nearest(shape[height_axis], height, parameters), height_axis);
  return ir::gather(rows, nearest(shape[width_axis], width, parameters), width_axis);
}

Value resize_nearest_gradient(const Value& gradient, std::int64_t height, std::int64_t width,
                              const ResizeParameters& parameters) {
  if (Status status = check(gradient, "input", height, width); !status.ok())
    return ir::Node::failed(status);
  const Shape& from = gradient.shape();
  const Shape shape{from[0], height, width, from[3]};
  const Pixels pixels = pixels_of(shape);
  const Value positions = pixels.positions(by_row(nearest(height, from[height_axis], parameters)),
                                           by_column(nearest(width, from[width_axis], parameters)));
  const Value wide = widen(gradient);
  return ir::cast(pixels.add(ir::zeros(wide.dtype(), shape), positions, wide), gradient.dtype());
}

}  // namespace evergpu::ops
