// Making movements.
#include "ir/build.h"
#include "ir/builder.h"

namespace evergpu::ir {

using builder::fail;
using builder::failed;
using builder::make;

Value broadcast(const Value& x, const Shape& shape) {
  if (failed(x) || x.shape() == shape) return x;
  return make({Kind::broadcast, x.dtype(), shape, Empty{}}, {x});
}

Value reshape(const Value& x, const Shape& shape) {
  if (failed(x) || x.shape() == shape) return x;
  return make({Kind::reshape, x.dtype(), shape, Empty{}}, {x});
}

Value permute(const Value& x, std::span<const std::int64_t> axes) {
  if (failed(x)) return x;
  bool identity = static_cast<int>(axes.size()) == x.shape().rank();
  for (std::size_t i = 0; identity && i < axes.size(); ++i)
    identity = axes[i] == static_cast<std::int64_t>(i);
  if (identity) return x;
  return make({Kind::permute, x.dtype(), {}, Axes{Dims(axes)}}, {x});
}

Value slice(const Value& x, const Dims& starts, const Dims& sizes, const Dims& strides) {
  if (failed(x)) return x;
  Slice attributes{starts, strides};
  // Where an axis of the result has no second element the stride says nothing, and where it has no
  // first one neither does the start.
  if (starts.size() == sizes.size() && strides.size() == sizes.size()) {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (sizes[i] <= 1) attributes.strides[i] = 1;
      if (sizes[i] == 0) attributes.starts[i] = 0;
    }
    const auto all = [](const Dims& dims, std::int64_t value) {
      return std::all_of(dims.begin(), dims.end(), [=](std::int64_t i) { return i == value; });
    };
    if (sizes == x.shape().extents() && all(attributes.starts, 0) && all(attributes.strides, 1))
      return x;
  }
  return make({Kind::slice, x.dtype(), Shape(sizes), std::move(attributes)}, {x});
}

Value slice(const Value& x, const Dims& starts, const Dims& sizes) {
  return slice(x, starts, sizes, Dims(sizes.size(), 1));
}

Value flip(const Value& x, std::span<const std::int64_t> axes) {
  if (failed(x)) return x;
  const int rank = x.shape().rank();
  Dims starts(static_cast<std::size_t>(rank), 0);
  Dims strides(static_cast<std::size_t>(rank), 1);
  for (std::int64_t axis : axes) {
    std::int64_t normal = axis;
    if (!builder::normalize_axis(&normal, rank))
      return fail("flip: axis {} is out of range for {}", axis, to_string(x.shape()));
    const auto i = static_cast<std::size_t>(normal);
    if (strides[i] < 0) return fail("flip: axis {} twice", axis);
    strides[i] = -1;
    starts[i] = x.shape().extents()[i] - 1;
  }
  return slice(x, starts, x.shape().extents(), strides);
}

Value pad(const Value& x, const Value& value, const Dims& low, const Dims& high,
          const Dims& interior) {
  if (failed(x)) return x;
  if (failed(value)) return value;
  const Dims none(static_cast<std::size_t>(x.shape().rank()), 0);
  const Dims& gaps = interior.empty() ? none : interior;
  if (low == none && high == none && gaps == none && value.dtype() == x.dtype() &&
      value.shape().rank() == 0)
    return x;
  return make({Kind::pad, x.dtype(), {}, Pad{low, high, gaps}}, {x, value});
}

Value concat(std::span<const Value> values, int axis) {
  if (values.empty()) return fail("concat: no operands");
  for (const Value& value : values)
    if (failed(value)) return value;
  std::int64_t normal = axis;
  if (!builder::normalize_axis(&normal, values[0].shape().rank()))
    return fail("concat: axis {} is out of range for {}", axis, to_string(values[0].shape()));
  if (values.size() == 1) return values[0];
  return make({Kind::concat, values[0].dtype(), {}, Axis{static_cast<int>(normal)}},
              Operands(values));
}

}  // namespace evergpu::ir
