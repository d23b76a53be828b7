#include "ops/sort.h"

#include <algorithm>
#include <limits>

#include "ops/array.h"
#include "ops/failure.h"
#include "ops/invalid.h"
#include "ops/precision.h"

namespace evergpu::ops {
namespace {

using ir::BinaryOp;
using ir::Dims;
using ir::DType;
using ir::ReduceOp;
using ir::Shape;
using ir::UnaryOp;
using ir::Value;

// normalized_axis with the words of TensorFlow's scans.
Result<int> scan_axis(std::int64_t axis, int rank) {
  if (axis < -rank || axis >= rank)
    return invalid("ScanOp: Expected scan axis in the range [{}, {}), but got {}", -rank, rank,
                   axis);
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

// x as [rows, elements along the last axis].
Value as_rows(const Value& x) {
  const std::int64_t last = x.shape()[x.shape().rank() - 1];
  return ir::reshape(x, Shape{last == 0 ? 0 : x.shape().elements() / last, last});
}

// x's shape with another last extent.
Shape with_last(const Shape& shape, std::int64_t extent) {
  Dims extents = shape.extents();
  extents.back() = extent;
  return Shape(std::move(extents));
}

Value column(const Value& x, std::int64_t i) {
  return ir::slice(x, Dims{0, i}, Dims{x.shape()[0], 1});
}

}  // namespace

TopK top_k(const Value& x, std::int64_t k) {
  const auto fail = [](const Value& value) { return TopK{value, value}; };
  if (!x.status().ok()) return fail(x);
  if (x.shape().rank() == 0) return fail(failure("input must be >= 1-D, got shape []"));
  if (k < 0) return fail(failure("Need k >= 0, got {}", k));
  const Shape shape = with_last(x.shape(), k);
  if (x.shape().extents().back() < k)
    return fail(failure("input must have at least k columns. Had {}, needed {}",
                        x.shape().extents().back(), k));
  if (shape.elements() == 0) return {ir::zeros(x.dtype(), shape), ir::zeros(DType::i32, shape)};
  const Value rows = as_rows(x);
  const Value order =
      ir::slice(ir::argsort(rows, /*descending=*/true), Dims{0, 0}, Dims{rows.shape()[0], k});
  return {ir::reshape(ir::gather(rows, order, 1, 1), shape), ir::reshape(order, shape)};
}

Value nth_element(const Value& x, std::int64_t n, bool reverse) {
  if (!x.status().ok()) return x;
  if (x.shape().rank() == 0) return failure("Input must be >= 1-D, got shape []");
  if (n < 0 || n >= x.shape().extents().back())
    return failure("Input must have at least n+1 columns: {} for n = {}",
                   x.shape().extents().back(), n);
  const Value rows = as_rows(x);
  Dims extents = x.shape().extents();
  extents.pop_back();
  return ir::reshape(ir::gather(rows, column(ir::argsort(rows, reverse), n), 1, 1),
                     Shape(std::move(extents)));
}

Value in_top_k(const Value& predictions, const Value& targets, std::int64_t k) {
  if (Status status = first_error(predictions, targets); !status.ok())
    return ir::Node::failed(status);
  if (predictions.shape().rank() != 2) return failure("predictions must be 2-dimensional");
  if (targets.shape().rank() != 1) return failure("targets must be 1-dimensional");
  const std::int64_t rows = predictions.shape()[0];
  const std::int64_t classes = predictions.shape()[1];
  if (targets.shape()[0] != rows)
    return failure("First dimension of predictions {} must match length of targets {}", rows,
                   targets.shape()[0]);
  const Value target = ir::reshape(targets, Shape{rows, 1});
  const Value of_target = ir::gather(predictions, target, 1, 1);
  // How many are greater; NaN, which is less than no k, where a prediction is not finite.
  const DType dtype = predictions.dtype();
  const Value counted =
      ir::select(ir::unary(UnaryOp::is_finite, predictions),
                 ir::cast(ir::binary(BinaryOp::greater, predictions, of_target), dtype),
                 ir::constant(dtype, std::numeric_limits<double>::quiet_NaN()));
  const std::int64_t last[] = {-1};
  const Value rank = ir::reduce(ReduceOp::sum, counted, last);
  const auto bound = [&](BinaryOp op, std::int64_t value) {
    return ir::binary(op, targets, ir::constant_integer(targets.dtype(), value));
  };
  const auto both = [](const Value& x, const Value& y) {
    return ir::binary(BinaryOp::bit_and, x, y);
  };
  const Value known = both(bound(BinaryOp::greater_equal, 0), bound(BinaryOp::less, classes));
  const auto limit = static_cast<double>(std::min(k, classes));
  return both(known, ir::binary(BinaryOp::less, rank, ir::constant(dtype, limit)));
}

Value arg_extreme(ReduceOp op, const Value& x, std::int64_t axis, DType index_dtype) {
  if (!x.status().ok()) return x;
  const Result<int> along = normalized_axis(axis, x.shape().rank());
  if (!along.ok()) return ir::Node::failed(along.status());
  if (x.shape()[*along] == 0)
    return failure("Reduction axis {} is empty in shape {}", axis, to_string(x.shape()));
  const Value operand = x.dtype() == DType::boolean ? ir::cast(x, DType::u8) : x;
  const bool native = index_dtype == DType::i32 || index_dtype == DType::i64;
  return ir::cast(ir::arg_reduce(op, operand, *along, native ? index_dtype : DType::i32),
                  index_dtype);
}

Value cumulative(ReduceOp op, const Value& x, std::int64_t axis, bool exclusive, bool reverse) {
  if (!x.status().ok()) return x;
  const Result<int> along = scan_axis(axis, x.shape().rank());
  if (!along.ok()) return ir::Node::failed(along.status());
  return ir::cast(ir::scan(op, widen(x), *along, exclusive, reverse), x.dtype());
}

namespace {

// Elements moved `by` places along an axis, towards the end or (reverse) the start; `filler`
// follows.
Value shifted(const Value& x, int axis, std::int64_t by, bool reverse, const Value& filler) {
  const auto along = static_cast<std::size_t>(axis);
  Dims starts(static_cast<std::size_t>(x.shape().rank()), 0);
  Dims before = starts;
  Dims after = starts;
  Dims sizes = x.shape().extents();
  sizes[along] -= by;
  (reverse ? starts : before)[along] = by;
  if (reverse) after[along] = by;
  return ir::pad(ir::slice(x, starts, sizes), filler, before, after);
}

// log(exp(x) + exp(y)), exact where one of them is -infinity.
Value log_add_exp(const Value& x, const Value& y) {
  const Value larger = ir::binary(BinaryOp::maximum, x, y);
  const Value distance = ir::unary(UnaryOp::absolute, x - y);
  const Value sum = larger + ir::unary(UnaryOp::log1p, ir::unary(UnaryOp::exp, -distance));
  return ir::select(ir::unary(UnaryOp::is_infinite, larger), larger, sum);
}

}  // namespace

Value cumulative_log_sum_exp(const Value& x, std::int64_t axis, bool exclusive, bool reverse) {
  if (!x.status().ok()) return x;
  const Result<int> along = scan_axis(axis, x.shape().rank());
  if (!along.ok()) return ir::Node::failed(along.status());
  const std::int64_t extent = x.shape()[*along];
  if (x.shape().elements() == 0) return x;
  Value total = widen(x);
  const Value nothing = ir::constant(total.dtype(), -std::numeric_limits<double>::infinity());
  if (exclusive) total = shifted(total, *along, 1, reverse, nothing);
  // Sums of 1, 2, 4, … elements (Hillis and Steele, 1986): no sum ever leaves the range of exp.
  for (std::int64_t summed = 1; summed < extent; summed *= 2)
    total = log_add_exp(total, shifted(total, *along, summed, reverse, nothing));
  return ir::cast(total, x.dtype());
}

Value sorted_position(const Value& sorted, const Value& values, bool or_equal) {
  if (Status status = first_error(sorted, values); !status.ok()) return ir::Node::failed(status);
  if (sorted.shape().rank() != 2 || values.shape().rank() != 2 ||
      sorted.shape()[0] != values.shape()[0])
    return failure("Leading dim_size of sorted_inputs {} and values {} must match",
                   to_string(sorted.shape()), to_string(values.shape()));
  const std::int64_t rows = sorted.shape()[0];
  const Value haystack = ir::reshape(sorted, Shape{rows, 1, sorted.shape()[1]});
  const Value needle = ir::reshape(values, Shape{rows, values.shape()[1], 1});
  const Value before =
      ir::binary(or_equal ? BinaryOp::less_equal : BinaryOp::less, haystack, needle);
  const std::int64_t last[] = {-1};
  return ir::reduce(ReduceOp::sum, ir::cast(before, DType::i32), last);
}

}  // namespace evergpu::ops
