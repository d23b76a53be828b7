#include "ops/color.h"

#include "ops/failure.h"
#include "ops/invalid.h"
#include "ops/precision.h"

namespace evergpu::ops {
namespace {

using ir::BinaryOp;
using ir::Node;
using ir::UnaryOp;
using ir::Value;

Value minimum(const Value& x, const Value& y) { return ir::binary(BinaryOp::minimum, x, y); }
Value maximum(const Value& x, const Value& y) { return ir::binary(BinaryOp::maximum, x, y); }
Value absolute(const Value& x) { return ir::unary(UnaryOp::absolute, x); }
Value number(const Value& like, double value) { return ir::constant(like.dtype(), value); }
Value clamp01(const Value& x) { return minimum(maximum(x, number(x, 0)), number(x, 1)); }
Value compare(BinaryOp op, const Value& x, const Value& y) { return ir::binary(op, x, y); }

Status check_colors(const Value& images) {
  EVERGPU_RETURN_IF_ERROR(images.status());
  const ir::Shape& shape = images.shape();
  if (shape.rank() < 1) return invalid("input must be at least 1D{}", to_string(shape));
  if (shape[shape.rank() - 1] != 3)
    return {Code::failed_precondition,
            fmt::format("input must have 3 channels but input only has {} channels.",
                        shape[shape.rank() - 1])};
  return {};
}

Status check_adjustable(const Value& images) {
  EVERGPU_RETURN_IF_ERROR(images.status());
  const ir::Shape& shape = images.shape();
  if (shape.rank() < 3) return invalid("input must be at least 3-D, got shape{}", to_string(shape));
  if (shape[shape.rank() - 1] != 3)
    return invalid("input must have 3 channels but instead has {} channels.",
                   shape[shape.rank() - 1]);
  return {};
}

// The three channels of an image, each with a last axis of extent 1.
struct Channels {
  Value first;
  Value second;
  Value third;
};

Channels split(const Value& images) {
  const auto channel = [&](std::int64_t i) {
    ir::Dims starts(static_cast<std::size_t>(images.shape().rank()), 0);
    ir::Dims sizes = images.shape().extents();
    starts.back() = i;
    sizes.back() = 1;
    return ir::slice(images, starts, sizes);
  };
  return {channel(0), channel(1), channel(2)};
}

Value join(const Channels& channels) {
  const Value parts[] = {channels.first, channels.second, channels.third};
  return ir::concat(parts, channels.first.shape().rank() - 1);
}

Channels to_hsv(const Channels& rgb) {
  const auto& [r, g, b] = rgb;
  const Value value = maximum(r, maximum(g, b));
  const Value range = value - minimum(r, minimum(g, b));
  const Value zero = number(value, 0);
  const Value saturation = ir::select(compare(BinaryOp::greater, value, zero), range / value, zero);
  const Value norm = 1 / (6 * range);
  const Value from_red = norm * (g - b);
  const Value from_green = norm * (b - r) + 2.0 / 6.0;
  const Value from_blue = norm * (r - g) + 4.0 / 6.0;
  const Value hue =
      ir::select(compare(BinaryOp::equal, r, value), from_red,
                 ir::select(compare(BinaryOp::equal, g, value), from_green, from_blue));
  const Value defined = ir::select(compare(BinaryOp::greater, range, zero), hue, zero);
  return {ir::select(compare(BinaryOp::less, defined, zero), defined + 1, defined), saturation,
          value};
}

Channels to_rgb(const Channels& hsv) {
  const Value sector = hsv.first * 6;
  const Value grey = 1 - hsv.second;
  const auto channel = [&](const Value& amount) {
    return (grey + hsv.second * clamp01(amount)) * hsv.third;
  };
  return {channel(absolute(sector - 3) - 1), channel(2 - absolute(sector - 2)),
          channel(2 - absolute(sector - 4))};
}

}  // namespace

Value rgb_to_hsv(const Value& images) {
  if (Status status = check_colors(images); !status.ok()) return Node::failed(status);
  return ir::cast(join(to_hsv(split(widen(images)))), images.dtype());
}

Value hsv_to_rgb(const Value& images) {
  if (Status status = check_colors(images); !status.ok()) return Node::failed(status);
  return ir::cast(join(to_rgb(split(widen(images)))), images.dtype());
}

Value adjust_hue(const Value& images, const Value& delta) {
  if (Status status = check_adjustable(images); !status.ok()) return Node::failed(status);
  Channels hsv = to_hsv(split(widen(images)));
  const Value turned = hsv.first + delta;
  hsv.first = turned - ir::unary(UnaryOp::floor, turned);
  return ir::cast(join(to_rgb(hsv)), images.dtype());
}

Value adjust_saturation(const Value& images, const Value& scale) {
  if (Status status = check_adjustable(images); !status.ok()) return Node::failed(status);
  Channels hsv = to_hsv(split(widen(images)));
  hsv.second = clamp01(hsv.second * scale);
  return ir::cast(join(to_rgb(hsv)), images.dtype());
}

Value adjust_contrast(const Value& images, const Value& factor) {
  if (Status status = first_error(images, factor); !status.ok()) return Node::failed(status);
  const ir::Shape& shape = images.shape();
  if (shape.rank() < 3) return failure("input must be at least 3-D, got shape{}", to_string(shape));
  const Value x = widen(images);
  const std::int64_t axes[] = {-3, -2};
  const auto pixels = static_cast<double>(shape[shape.rank() - 3] * shape[shape.rank() - 2]);
  const Value mean = ir::reduce(ir::ReduceOp::sum, x, axes, /*keep=*/true) / pixels;
  return ir::cast((x - mean) * factor + mean, images.dtype());
}

}  // namespace evergpu::ops
