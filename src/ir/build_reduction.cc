// Making reductions, windows and scans.
#include <algorithm>

#include "ir/build.h"
#include "ir/builder.h"

namespace evergpu::ir {

using builder::fail;
using builder::failed;
using builder::make;

Value reduce(ReduceOp op, const Value& x, std::span<const std::int64_t> axes, bool keep) {
  if (failed(x)) return x;
  Dims normal(axes);
  for (std::int64_t& axis : normal)
    if (!builder::normalize_axis(&axis, x.shape().rank()))
      return fail("reduce: axes {} are out of range for {}", to_string(Shape(axes)),
                  to_string(x.shape()));
  std::sort(normal.begin(), normal.end());
  if (std::adjacent_find(normal.begin(), normal.end()) != normal.end())
    return fail("reduce: an axis stands twice in {}", to_string(Shape(axes)));
  if (normal.empty() && supports(op, x.dtype())) return x;
  Value result = make({Kind::reduce, x.dtype(), {}, Reduce{op, normal}}, {x});
  if (!keep) return result;
  Dims extents = x.shape().extents();
  for (std::int64_t axis : normal) extents[static_cast<std::size_t>(axis)] = 1;
  return reshape(result, Shape(std::move(extents)));
}

Value arg_reduce(ReduceOp op, const Value& x, int axis, DType index_dtype) {
  if (failed(x)) return x;
  std::int64_t normal = axis;
  if (!builder::normalize_axis(&normal, x.shape().rank()))
    return fail("arg_reduce: axis {} is out of range for {}", axis, to_string(x.shape()));
  return make({Kind::arg_reduce, index_dtype, {}, ArgReduce{op, static_cast<int>(normal)}}, {x});
}

Value window_reduce(const Value& x, const Window& window) {
  return make({Kind::window_reduce, x.dtype(), {}, window}, {x});
}

Value window_gradient(const Value& x, const Value& gradient, const Window& window) {
  if (failed(x)) return x;
  if (failed(gradient)) return gradient;
  Operation operation{Kind::window_gradient, x.dtype(), x.shape(), window};
  if (x.dtype() != gradient.dtype())
    return fail("window_gradient: {} operand, {} gradient", name_of(x.dtype()),
                name_of(gradient.dtype()));
  if (window.op == ReduceOp::maximum) return make(std::move(operation), {x, gradient});
  return make(std::move(operation), {gradient});
}

Value scan(ReduceOp op, const Value& x, int axis, bool exclusive, bool reverse) {
  if (failed(x)) return x;
  std::int64_t normal = axis;
  if (!builder::normalize_axis(&normal, x.shape().rank()))
    return fail("scan: axis {} is out of range for {}", axis, to_string(x.shape()));
  return make({Kind::scan, x.dtype(), {}, Scan{op, static_cast<int>(normal), exclusive, reverse}},
              {x});
}

}  // namespace evergpu::ir
