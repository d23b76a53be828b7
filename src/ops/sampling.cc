#include "ops/sampling.h"

#include "ops/failure.h"
#include "ops/invalid.h"
#include "ops/pixels.h"
#include "ops/precision.h"

namespace evergpu::ops {
namespace {

using ir::BinaryOp;
using ir::DType;
using ir::Node;
using ir::Shape;
using ir::UnaryOp;
using ir::Value;

Value floor(const Value& x) { return ir::unary(UnaryOp::floor, x); }
Value compare(BinaryOp op, const Value& x, double y) {
  return ir::binary(op, x, ir::constant(x.dtype(), y));
}
Value both(const Value& a, const Value& b) { return ir::binary(BinaryOp::bit_and, a, b); }
// f32 positions between the centres of the first and the last of `extent` pixels.
Value inside(const Value& at, std::int64_t extent) {
  return both(compare(BinaryOp::greater_equal, at, 0),
              compare(BinaryOp::less_equal, at, static_cast<double>(extent - 1)));
}
// To the nearest integer, halves away from zero.
Value round(const Value& x) {
  const Value whole = ir::unary(UnaryOp::truncate, x);
  const Value far = compare(BinaryOp::greater_equal, ir::unary(UnaryOp::absolute, x - whole), 0.5);
  return ir::select(far, whole + ir::unary(UnaryOp::sign, x), whole);
}

// Column i of [rows, n], as [rows, 1, 1].
Value column(const Value& matrix, std::int64_t i) {
  const std::int64_t rows = matrix.shape()[0];
  return ir::reshape(ir::slice(matrix, {0, i}, {rows, 1}), Shape{rows, 1, 1});
}

// Where the pixels of crops lie in their images, in pixels.
struct CropPlaces {
  Value y;  // f32 [boxes, height, 1]
  Value x;  // f32 [boxes, 1, width]
};
// How far apart they are; TensorFlow rounds differently where it computes gradients of boxes.
using CropStep = Value (*)(const Value& size, std::int64_t extent, std::int64_t crop);
Value step_of_crop(const Value& size, std::int64_t extent, std::int64_t crop) {
  return size * static_cast<double>(extent - 1) / static_cast<double>(crop - 1);
}
Value step_of_box_gradient(const Value& size, std::int64_t extent, std::int64_t crop) {
  return size * (static_cast<double>(extent - 1) / static_cast<double>(crop - 1));
}
Value crop_axis(const Value& begin, const Value& end, std::int64_t extent, std::int64_t crop,
                int axis, CropStep step) {
  const auto last = static_cast<double>(extent - 1);
  if (crop == 1) return 0.5 * (begin + end) * last;
  const Shape shape = axis == 1 ? Shape{1, crop, 1} : Shape{1, 1, crop};
  return begin * last + ir::iota(DType::f32, shape, axis) * step(end - begin, extent, crop);
}
CropPlaces crop_places(const Value& boxes, const Shape& images, std::int64_t height,
                       std::int64_t width, CropStep step = step_of_crop) {
  return {crop_axis(column(boxes, 0), column(boxes, 2), images[1], height, 1, step),
          crop_axis(column(boxes, 1), column(boxes, 3), images[2], width, 2, step)};
}

Status check_crop(const Shape& images, const Value& boxes, const Value& box_images,
                  std::int64_t height, std::int64_t width) {
  if (images.rank() != 4) return invalid("input image must be 4-D{}", to_string(images));
  if (images[1] <= 0 || images[2] <= 0) return invalid("image dimensions must be positive");
  if (height <= 0 || width <= 0) return invalid("crop dimensions must be positive");
  if (boxes.shape().rank() != 2) return invalid("boxes must be 2-D{}", to_string(boxes.shape()));
  if (boxes.shape()[1] != 4) return invalid("boxes must have 4 columns");
  if (box_images.shape() != Shape{boxes.shape()[0]})
    return invalid("box_index has incompatible shape");
  return {};
}

Value box_column(const Value& box_images) {
  return ir::reshape(box_images, Shape{box_images.shape()[0], 1, 1});
}

// The four pixels around places, and how near these are to the lower and right ones.
struct Corners {
  Value top, bottom, left, right;  // f32, whole numbers
  Value down, across;              // f32, from 0 to 1
};
Corners corners(const Value& y, const Value& x) {
  const Value top = floor(y);
  const Value left = floor(x);
  return {top, ir::unary(UnaryOp::ceil, y), left, ir::unary(UnaryOp::ceil, x), y - top, x - left};
}

// In TensorFlow's order, so that results which are truncated to integers are equal.
Value reflect(const Value& at, std::int64_t extent) {
  const auto n = static_cast<double>(extent);
  const double period = 2 * n;
  const Value negative = period * ir::unary(UnaryOp::truncate, -at / period) + at;
  const Value below =
      ir::select(compare(BinaryOp::less, negative, -n), negative + period, -negative - 1);
  const Value positive = at - period * ir::unary(UnaryOp::truncate, at / period);
  const Value above =
      ir::select(compare(BinaryOp::greater_equal, positive, n), period - positive - 1, positive);
  return ir::select(compare(BinaryOp::less, at, 0), below,
                    ir::select(compare(BinaryOp::greater, at, n - 1), above, at));
}

// TensorFlow's period is one pixel shorter than the shift: kept, for equal pictures.
Value wrap(const Value& at, std::int64_t extent) {
  const auto n = static_cast<double>(extent);
  const Value below = at + n * (ir::unary(UnaryOp::truncate, -at / (n - 1)) + 1);
  const Value above = at - n * ir::unary(UnaryOp::truncate, at / (n - 1));
  return ir::select(compare(BinaryOp::less, at, 0), below,
                    ir::select(compare(BinaryOp::greater, at, n - 1), above, at));
}

// Places outside the image, brought inside it.
Value bring_inside(const Value& at, std::int64_t extent, FillMode mode) {
  if (mode == FillMode::constant) return at;
  Value result = at;
  if (extent > 1 && mode == FillMode::reflect) result = reflect(at, extent);
  if (extent > 1 && mode == FillMode::wrap) result = wrap(at, extent);
  const Value last = ir::constant(DType::f32, static_cast<double>(extent - 1));
  return ir::binary(BinaryOp::minimum,
                    ir::binary(BinaryOp::maximum, result, ir::constant(DType::f32, 0)), last);
}

}  // namespace

Value crop_and_resize(const Value& images, const Value& boxes, const Value& box_images,
                      const CropParameters& p) {
  if (Status status = first_error(images, boxes, box_images); !status.ok())
    return Node::failed(status);
  const Shape& shape = images.shape();
  if (Status status = check_crop(shape, boxes, box_images, p.height, p.width); !status.ok())
    return Node::failed(status);
  const CropPlaces at = crop_places(boxes, shape, p.height, p.width);
  const Pixels pixels(shape, box_column(box_images));
  const auto read = [&](const Value& y, const Value& x) {
    return ir::cast(pixels.read(images, pixels.positions(y, x)), DType::f32);
  };
  Value result;
  if (p.interpolation == Interpolation::nearest) {
    result = read(round(at.y), round(at.x));
  } else {
    const Corners c = corners(at.y, at.x);
    const Value across = with_channel_axis(c.across);
    const auto row = [&](const Value& y) {
      const Value left = read(y, c.left);
      return left + (read(y, c.right) - left) * across;
    };
    const Value top = row(c.top);
    result = top + (row(c.bottom) - top) * with_channel_axis(c.down);
  }
  const Value known = both(inside(at.y, shape[1]), inside(at.x, shape[2]));
  return ir::select(with_channel_axis(known), result, ir::constant(DType::f32, p.extrapolation));
}

Value crop_and_resize_image_gradient(const Value& gradient, const Value& boxes,
                                     const Value& box_images, const Shape& shape, DType dtype,
                                     Interpolation interpolation) {
  if (Status status = first_error(gradient, boxes, box_images); !status.ok())
    return Node::failed(status);
  if (gradient.shape().rank() != 4)
    return failure("grads image must be 4-D{}", to_string(gradient.shape()));
  const std::int64_t height = gradient.shape()[1];
  const std::int64_t width = gradient.shape()[2];
  if (Status status = check_crop(shape, boxes, box_images, height, width); !status.ok())
    return Node::failed(status);
  const CropPlaces at = crop_places(boxes, shape, height, width);
  const Pixels pixels(shape, box_column(box_images));
  const Value known = both(inside(at.y, shape[1]), inside(at.x, shape[2]));
  const Value incoming =
      ir::select(with_channel_axis(known), gradient, ir::constant(DType::f32, 0));
  const DType wide = widened(dtype);
  Value sum = ir::zeros(wide, shape);
  if (interpolation == Interpolation::nearest) {
    sum = pixels.add(sum, pixels.positions(round(at.y), round(at.x)), ir::cast(incoming, wide));
  } else {
    const Corners c = corners(at.y, at.x);
    const Value down = with_channel_axis(c.down);
    const Value across = with_channel_axis(c.across);
    const auto add = [&](const Value& y, const Value& x, const Value& part) {
      sum = pixels.add(sum, pixels.positions(y, x), ir::cast(part, wide));
    };
    const Value upper = (1 - down) * incoming;
    const Value lower = down * incoming;
    add(c.top, c.left, (1 - across) * upper);
    add(c.top, c.right, across * upper);
    add(c.bottom, c.left, (1 - across) * lower);
    add(c.bottom, c.right, across * lower);
  }
  return ir::cast(sum, dtype);
}

Value crop_and_resize_box_gradient(const Value& gradient, const Value& images, const Value& boxes,
                                   const Value& box_images) {
  if (Status status = first_error(gradient, images, boxes, box_images); !status.ok())
    return Node::failed(status);
  if (gradient.shape().rank() != 4)
    return failure("grads image must be 4-D{}", to_string(gradient.shape()));
  const Shape& shape = images.shape();
  const std::int64_t height = gradient.shape()[1];
  const std::int64_t width = gradient.shape()[2];
  if (Status status = check_crop(shape, boxes, box_images, height, width); !status.ok())
    return Node::failed(status);
  const CropPlaces at = crop_places(boxes, shape, height, width, step_of_box_gradient);
  const Pixels pixels(shape, box_column(box_images));
  const auto read = [&](const Value& y, const Value& x) {
    return ir::cast(pixels.read(images, pixels.positions(y, x)), DType::f32);
  };
  const Corners c = corners(at.y, at.x);
  const Value down = with_channel_axis(c.down);
  const Value across = with_channel_axis(c.across);
  const Value top_left = read(c.top, c.left);
  const Value top_right = read(c.top, c.right);
  const Value bottom_left = read(c.bottom, c.left);
  const Value bottom_right = read(c.bottom, c.right);
  // How the sampled value changes with the place, times the incoming gradient, over all channels.
  const Value known = both(inside(at.y, shape[1]), inside(at.x, shape[2]));
  const Value zero = ir::constant(DType::f32, 0);
  const auto at_places = [&](const Value& slope) {
    const std::int64_t channels[] = {3};
    const Value used = ir::select(with_channel_axis(known), slope * gradient, zero);
    return ir::reduce(ir::ReduceOp::sum, used, channels);
  };
  const Value along_y =
      at_places((bottom_left - top_left) * (1 - across) + (bottom_right - top_right) * across);
  const Value along_x =
      at_places((top_right - top_left) * (1 - down) + (bottom_right - bottom_left) * down);
  // How the place changes with the begin and the end of the box.
  const auto over_crop = [&](const Value& slope, std::int64_t extent, std::int64_t crop, int axis,
                             bool end) {
    const auto last = static_cast<double>(extent - 1);
    const Shape index_shape = axis == 1 ? Shape{1, crop, 1} : Shape{1, 1, crop};
    Value part = ir::constant(DType::f32, 0.5 * last);
    if (crop > 1) {
      const Value from_begin =
          ir::iota(DType::f32, index_shape, axis) * (last / static_cast<double>(crop - 1));
      part = end ? from_begin : last - from_begin;
    }
    const std::int64_t places[] = {1, 2};
    return ir::reshape(ir::reduce(ir::ReduceOp::sum, slope * part, places),
                       Shape{boxes.shape()[0], 1});
  };
  const Value columns[] = {
      over_crop(along_y, shape[1], height, 1, false), over_crop(along_x, shape[2], width, 2, false),
      over_crop(along_y, shape[1], height, 1, true), over_crop(along_x, shape[2], width, 2, true)};
  return ir::concat(columns, 1);
}

Value projective_transform(const Value& images, const Value& transforms, const Value& fill,
                           const ProjectiveTransformParameters& p) {
  if (Status status = first_error(images, transforms, fill); !status.ok())
    return Node::failed(status);
  const Shape& shape = images.shape();
  if (shape.rank() != 4) return failure("Input images must have rank 4");
  const Shape& rows = transforms.shape();
  if (rows.rank() != 2 || (rows[0] != shape[0] && rows[0] != 1) || rows[1] != 8)
    return failure("Input transform should be num_images x 8 or 1 x 8");
  if (p.height <= 0 || p.width <= 0)
    return failure("output_shape must be positive, but got {} x {}", p.height, p.width);

  const Value x = ir::iota(DType::f32, Shape{1, 1, p.width}, 2);
  const Value y = ir::iota(DType::f32, Shape{1, p.height, 1}, 1);
  const auto a = [&](std::int64_t i) { return column(transforms, i); };
  const Value divisor = a(6) * x + a(7) * y + 1;
  const Value place_x = bring_inside((a(0) * x + a(1) * y + a(2)) / divisor, shape[2], p.fill_mode);
  const Value place_y = bring_inside((a(3) * x + a(4) * y + a(5)) / divisor, shape[1], p.fill_mode);

  const Pixels pixels(shape, ir::iota(DType::i32, Shape{shape[0], 1, 1}, 0));
  const Value filler = ir::cast(fill, images.dtype());
  const auto read = [&](const Value& row, const Value& column) {
    const Value positions = pixels.positions(row, column);
    const Value exists =
        ir::binary(BinaryOp::greater_equal, positions, ir::constant(positions.dtype(), 0));
    return ir::select(with_channel_axis(exists), pixels.read(images, positions), filler);
  };
  Value result;
  if (p.interpolation == Interpolation::nearest) {
    result = read(round(place_y), round(place_x));
  } else {
    const Value top = floor(place_y);
    const Value left = floor(place_x);
    const Value from_left = with_channel_axis(place_x - left);
    const Value from_top = with_channel_axis(place_y - top);
    const Value to_right = with_channel_axis(left + 1 - place_x);
    const Value to_bottom = with_channel_axis(top + 1 - place_y);
    const auto row = [&](const Value& at) {
      return to_right * ir::cast(read(at, left), DType::f32) +
             from_left * ir::cast(read(at, left + 1), DType::f32);
    };
    result = ir::cast(to_bottom * row(top) + from_top * row(top + 1), images.dtype());
  }
  const Value finite = compare(BinaryOp::not_equal, divisor, 0);
  return ir::select(with_channel_axis(finite), result, filler);
}

}  // namespace evergpu::ops
