#include "ops/reduction.h"

#include <algorithm>

#include "ops/invalid.h"
#include "ops/precision.h"

namespace evergpu::ops {
namespace {

using ir::Dims;
using ir::ReduceOp;
using ir::UnaryOp;
using ir::Value;

}  // namespace

Result<Dims> normalized_axes(const Dims& axes, int rank) {
  Dims result;
  Dims seen(static_cast<std::size_t>(rank), 0);
  for (std::int64_t axis : axes) {
    if (axis < -rank || axis >= rank)
      return invalid("Invalid reduction dimension ({} for input with {} dimension(s)", axis, rank);
    if (axis < 0) axis += rank;
    if (seen[static_cast<std::size_t>(axis)]++ != 0)
      return invalid("Invalid reduction arguments: Axes contains duplicate dimension: {}", axis);
    result.push_back(axis);
  }
  return result;
}

Value reduce(ReduceOp op, const Value& x, const Dims& axes, bool keep) {
  if (!x.status().ok()) return x;
  const Result<Dims> normal = normalized_axes(axes, x.shape().rank());
  if (!normal.ok()) return ir::Node::failed(normal.status());
  return ir::reduce(op, x, *normal, keep);
}

Value mean(const Value& x, const Dims& axes, bool keep) {
  if (!x.status().ok()) return x;
  const Result<Dims> normal = normalized_axes(axes, x.shape().rank());
  if (!normal.ok()) return ir::Node::failed(normal.status());
  std::int64_t count = 1;
  for (std::int64_t axis : *normal) count *= x.shape()[static_cast<int>(axis)];
  if (!ir::is_float(x.dtype())) count = std::max<std::int64_t>(count, 1);
  // A narrow integer could hold neither the sum nor the count.
  const ir::DType dtype = ir::is_unsigned_integer(x.dtype()) ? ir::DType::u64
                          : ir::is_signed_integer(x.dtype()) ? ir::DType::i64
                                                             : widened(x.dtype());
  const Value sum = ir::reduce(ReduceOp::sum, ir::cast(x, dtype), *normal, keep);
  return ir::cast(sum / static_cast<double>(count), x.dtype());
}

Value euclidean_norm(const Value& x, const Dims& axes, bool keep) {
  const Value squares = ir::unary(UnaryOp::square, widen(x));
  return ir::cast(ir::unary(UnaryOp::sqrt, reduce(ReduceOp::sum, squares, axes, keep)), x.dtype());
}

Value half_sum_of_squares(const Value& x) {
  if (!x.status().ok()) return x;
  Dims all;
  for (int axis = 0; axis < x.shape().rank(); ++axis) all.push_back(axis);
  const Value squares = ir::unary(UnaryOp::square, widen(x));
  return ir::cast(0.5 * ir::reduce(ReduceOp::sum, squares, all), x.dtype());
}

}  // namespace evergpu::ops
