#include "ops/resize.h"

#include "ops/failure.h"
#include "ops/invalid.h"
#include "ops/precision.h"

namespace evergpu::ops {
namespace {

using ir::BinaryOp;
using ir::DType;
using ir::ScatterOp;
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

// Image extent over result extent, as TensorFlow rounds it.
float scale_of(std::int64_t from, std::int64_t to, const ResizeParameters& parameters) {
  return parameters.align_corners && to > 1
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

// Sums slices of x along `axis` into `extent` new ones; x's dtype must be wide enough.
struct Contribution {
  Value positions;
  Value values;
};
Value sum_slices(std::initializer_list<Contribution> contributions, int axis, std::int64_t extent) {
  const ir::Dims swapped = axis == height_axis ? ir::Dims{height_axis, 0, width_axis, 3}
                                               : ir::Dims{width_axis, height_axis, 0, 3};
  Value sum;
  for (const Contribution& c : contributions) {
    const Value values = ir::permute(c.values, swapped);
    if (Status status = values.status(); !status.ok()) return ir::Node::failed(status);
    if (!sum) {
      ir::Dims extents = values.shape().extents();
      extents[0] = extent;
      sum = ir::zeros(values.dtype(), Shape(std::move(extents)));
    }
    sum = ir::scatter(ScatterOp::add, sum, c.positions, values);
  }
  return ir::permute(sum, swapped);
}

Value interpolate_gradient(const Value& gradient, int axis, std::int64_t from,
                           const ResizeParameters& parameters) {
  const Interpolation i = interpolation(from, gradient.shape()[axis], parameters);
  const Value weight = along(i.weight, axis);
  return sum_slices({{i.lower, gradient * (1 - weight)}, {i.upper, gradient * weight}}, axis, from);
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
  const Value rows = interpolate_gradient(gradient, height_axis, shape[height_axis], parameters);
  return ir::cast(interpolate_gradient(rows, width_axis, shape[width_axis], parameters), dtype);
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
  const Shape& shape = gradient.shape();
  const Value rows = sum_slices(
      {{nearest(height, shape[height_axis], parameters), widen(gradient)}}, height_axis, height);
  return ir::cast(
      sum_slices({{nearest(width, shape[width_axis], parameters), rows}}, width_axis, width),
      gradient.dtype());
}

}  // namespace evergpu::ops
