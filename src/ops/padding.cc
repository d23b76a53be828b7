#include "ops/padding.h"

#include <utility>
#include <vector>

#include "ops/failure.h"
#include "ops/invalid.h"

namespace evergpu::ops {
namespace {

using ir::Dims;
using ir::Value;

struct Amounts {
  Dims low;
  Dims high;
};

Result<Amounts> amounts_of(const Dims& paddings, const ir::Shape& shape) {
  if (static_cast<int>(paddings.size()) != 2 * shape.rank())
    return invalid("The first dimension of paddings must be the rank of inputs[{},2] {}",
                   paddings.size() / 2, to_string(shape));
  Amounts amounts;
  for (std::size_t i = 0; i < paddings.size(); i += 2) {
    if (paddings[i] < 0 || paddings[i + 1] < 0)
      return invalid("Paddings must be non-negative: {} {}", paddings[i], paddings[i + 1]);
    amounts.low.push_back(paddings[i]);
    amounts.high.push_back(paddings[i + 1]);
  }
  return amounts;
}

Value slice_axis(const Value& x, int axis, std::int64_t start, std::int64_t size) {
  Dims starts(static_cast<std::size_t>(x.shape().rank()), 0);
  Dims sizes = x.shape().extents();
  starts[static_cast<std::size_t>(axis)] = start;
  sizes[static_cast<std::size_t>(axis)] = size;
  return ir::slice(x, starts, sizes);
}

Value flipped(const Value& x, std::int64_t axis) { return ir::flip(x, Dims{axis}); }

// x along one axis, with `before` and `after` zeros around it.
Value pad_axis(const Value& x, int axis, std::int64_t before, std::int64_t after) {
  Dims low(static_cast<std::size_t>(x.shape().rank()), 0);
  Dims high = low;
  low[static_cast<std::size_t>(axis)] = before;
  high[static_cast<std::size_t>(axis)] = after;
  return ir::pad(x, ir::constant(x.dtype(), 0), low, high);
}

}  // namespace

Value pad(const Value& x, const Dims& paddings, const Value& value) {
  if (Status status = first_error(x, value); !status.ok()) return ir::Node::failed(status);
  const Result<Amounts> amounts = amounts_of(paddings, x.shape());
  if (!amounts.ok()) return ir::Node::failed(amounts.status());
  if (value.shape().elements() != 1)
    return failure("constant_values must be a scalar. Found: {}", to_string(value.shape()));
  return ir::pad(x, ir::reshape(value, ir::Shape{}), amounts->low, amounts->high);
}

Value mirror_pad(const Value& x, const Dims& paddings, MirrorMode mode) {
  if (!x.status().ok()) return x;
  const Result<Amounts> amounts = amounts_of(paddings, x.shape());
  if (!amounts.ok()) return ir::Node::failed(amounts.status());
  const std::int64_t edge = mode == MirrorMode::reflect ? 1 : 0;
  Value result = x;
  for (int axis = 0; axis < x.shape().rank(); ++axis) {
    const std::int64_t extent = x.shape()[axis];
    const std::int64_t low = amounts->low[static_cast<std::size_t>(axis)];
    const std::int64_t high = amounts->high[static_cast<std::size_t>(axis)];
    if (low > extent - edge || high > extent - edge)
      return failure("paddings must be {} the dimension size: {}, {}{} {}",
                     edge == 1 ? "less than" : "no greater than", low, high,
                     edge == 1 ? " not less than" : " greater than", extent);
    std::vector<Value> parts;
    if (low > 0) parts.push_back(flipped(slice_axis(result, axis, edge, low), axis));
    parts.push_back(result);
    if (high > 0)
      parts.push_back(flipped(slice_axis(result, axis, extent - edge - high, high), axis));
    if (parts.size() > 1) result = ir::concat(parts, axis);
  }
  return result;
}

Value mirror_pad_gradient(const Value& gradient, const Dims& paddings, MirrorMode mode) {
  if (!gradient.status().ok()) return gradient;
  const Result<Amounts> amounts = amounts_of(paddings, gradient.shape());
  if (!amounts.ok()) return ir::Node::failed(amounts.status());
  const std::int64_t edge = mode == MirrorMode::reflect ? 1 : 0;
  Value result = gradient;
  for (int axis = 0; axis < gradient.shape().rank(); ++axis) {
    const std::int64_t low = amounts->low[static_cast<std::size_t>(axis)];
    const std::int64_t high = amounts->high[static_cast<std::size_t>(axis)];
    const std::int64_t extent = gradient.shape()[axis] - low - high;
    if (low > extent - edge || high > extent - edge)
      return failure("the paddings {} and {} of axis {} do not fit a gradient of shape {}", low,
                     high, axis, to_string(gradient.shape()));
    Value sum = slice_axis(result, axis, low, extent);
    if (low > 0) {
      const Value image = flipped(slice_axis(result, axis, 0, low), axis);
      sum = sum + pad_axis(image, axis, edge, extent - edge - low);
    }
    if (high > 0) {
      const Value image = flipped(slice_axis(result, axis, low + extent, high), axis);
      sum = sum + pad_axis(image, axis, extent - edge - high, edge);
    }
    result = sum;
  }
  return result;
}

}  // namespace evergpu::ops
