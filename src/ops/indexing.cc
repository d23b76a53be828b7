#include "ops/indexing.h"

#include <algorithm>
#include <limits>

#include "ir/convert.h"
#include "ops/failure.h"
#include "ops/invalid.h"
#include "ops/precision.h"

namespace evergpu::ops {
namespace {

using ir::BinaryOp;
using ir::Dims;
using ir::DType;
using ir::ScatterOp;
using ir::Shape;
using ir::Value;

std::int64_t product(const std::int64_t* begin, const std::int64_t* end) {
  return Shape(Dims(begin, end)).elements();
}

Value compare(BinaryOp op, const Value& x, std::int64_t y) {
  return ir::binary(op, x, ir::constant_integer(x.dtype(), y));
}

// Positions along the first axes of an array of `shape`, in the last axis of `indices`, as
// positions in the flattened axes; -1 for one out of range.
Value flat_positions(const Value& indices, const Shape& shape) {
  const Shape batch(Dims(indices.shape().begin(), indices.shape().end() - 1));
  const auto depth = static_cast<int>(indices.shape()[batch.rank()]);
  const std::int64_t elements = product(shape.begin(), shape.begin() + depth);
  const DType dtype =
      indices.dtype() == DType::i64 || elements > std::numeric_limits<std::int32_t>::max()
          ? DType::i64
          : DType::i32;
  const Value wide = ir::cast(indices, dtype);
  if (depth == 1) return ir::reshape(wide, batch);
  Value flat = ir::full(batch, ir::constant_integer(dtype, 0));
  Value inside = ir::constant(DType::boolean, 1);
  for (int axis = 0; axis < depth; ++axis) {
    Dims starts(static_cast<std::size_t>(batch.rank()) + 1, 0);
    Dims sizes = indices.shape().extents();
    starts.back() = axis;
    sizes.back() = 1;
    const Value position = ir::reshape(ir::slice(wide, starts, sizes), batch);
    inside = ir::binary(BinaryOp::bit_and, inside, compare(BinaryOp::greater_equal, position, 0));
    inside = ir::binary(BinaryOp::bit_and, inside, compare(BinaryOp::less, position, shape[axis]));
    flat = flat * ir::constant_integer(dtype, shape[axis]) + position;
  }
  return ir::select(inside, flat, ir::constant_integer(dtype, -1));
}

Value identity_of(ScatterOp op, DType dtype) {
  if (op == ScatterOp::multiply) return ir::constant(dtype, 1);
  if (op != ScatterOp::maximum && op != ScatterOp::minimum) return ir::constant(dtype, 0);
  const bool lowest = op == ScatterOp::maximum;
  switch (dtype) {
    case DType::f16:
      return ir::constant(dtype, lowest ? -65504.0 : 65504.0);
    case DType::bf16:
      return ir::constant(dtype, lowest ? -0x1.fep127 : 0x1.fep127);
    default:
      return ir::visit(dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        using Limits = std::numeric_limits<T>;
        return ir::constant_bits(dtype, ir::bits_of(lowest ? Limits::lowest() : Limits::max()));
      });
  }
}

// Checks the shapes, flattens ids, and gives what `make(data [n, rest…], ids [n], result shape)`
// does.
template <typename Make>
Value with_segments(const Value& data, const Value& ids, std::int64_t segments, Make make) {
  if (Status status = first_error(data, ids); !status.ok()) return ir::Node::failed(status);
  const Shape& shape = data.shape();
  const int axes = ids.shape().rank();
  if (segments < 0) return failure("Input num_segments == {} must not be negative.", segments);
  if (axes > shape.rank() || Shape(Dims(shape.begin(), shape.begin() + axes)) != ids.shape())
    return failure("data.shape = {} does not start with segment_ids.shape = {}", to_string(shape),
                   to_string(ids.shape()));
  Dims rows{ids.shape().elements()};
  Dims result{segments};
  for (int axis = axes; axis < shape.rank(); ++axis) {
    rows.push_back(shape[axis]);
    result.push_back(shape[axis]);
  }
  return make(ir::reshape(data, Shape(rows)), ir::reshape(ids, Shape{rows[0]}), Shape(result));
}

// How many rows each segment has, as a column of `dtype` that broadcasts to the segments' shape.
Value row_counts(DType dtype, const Value& ids, const Shape& result) {
  const Value zero = ir::zeros(dtype, Shape{result[0]});
  const Value one = ir::full(ids.shape(), ir::constant(dtype, 1));
  Dims column(static_cast<std::size_t>(result.rank()), 1);
  column[0] = result[0];
  return ir::reshape(ir::scatter(ScatterOp::add, zero, ids, one), Shape(column));
}

Value at_least_one(const Value& x) {
  return ir::binary(BinaryOp::maximum, x, ir::constant(x.dtype(), 1));
}

// Sums are made in f32 where the dtype has 16 bits.
Value scatter_wide(ScatterOp op, const Value& base, const Value& indices, const Value& updates) {
  const bool accumulates = op == ScatterOp::add || op == ScatterOp::subtract;
  if (!accumulates) return ir::scatter(op, base, indices, updates);
  return ir::cast(ir::scatter(op, widen(base), indices, widen(updates)), base.dtype());
}

}  // namespace

Value gather(const Value& params, const Value& indices, std::int64_t axis,
             std::int64_t batch_dims) {
  if (Status status = first_error(params, indices); !status.ok()) return ir::Node::failed(status);
  const int rank = params.shape().rank();
  const int index_rank = indices.shape().rank();
  if (rank == 0) return failure("params must be at least 1 dimensional");
  if (axis < -rank || axis >= rank)
    return failure("Expected axis in the range [{}, {}), but got {}", -rank, rank, axis);
  if (axis < 0) axis += rank;
  if (batch_dims < -index_rank || batch_dims > index_rank)
    return failure("Expected batch_dims in the range [{}, {}], but got {}", -index_rank, index_rank,
                   batch_dims);
  if (batch_dims < 0) batch_dims += index_rank;
  if (batch_dims >= rank || batch_dims > axis)
    return failure(
        "batch_dims ({}) must be less than or equal to axis ({}) and less than the rank "
        "of params ({}).",
        batch_dims, axis, rank);
  for (int i = 0; i < batch_dims; ++i)
    if (params.shape()[i] != indices.shape()[i])
      return failure("params.shape[{}]: {} should be equal to indices.shape[{}]: {}", i,
                     params.shape()[i], i, indices.shape()[i]);
  return ir::gather(params, indices, static_cast<int>(axis), static_cast<int>(batch_dims));
}

Value gather_nd(const Value& params, const Value& indices) {
  if (Status status = first_error(params, indices); !status.ok()) return ir::Node::failed(status);
  const Shape& shape = params.shape();
  if (shape.rank() == 0) return failure("params must be at least a vector");
  if (indices.shape().rank() == 0) return failure("indices must be at least a vector");
  const Dims batch(indices.shape().begin(), indices.shape().end() - 1);
  const std::int64_t depth = indices.shape().extents().back();
  if (depth > shape.rank())
    return failure("index innermost dimension length must be <= params rank; saw: {} vs. {}", depth,
                   shape.rank());
  if (shape.elements() == 0 && Shape(batch).elements() != 0)
    return failure("Requested more than 0 entries, but params is empty.  Params shape: {}",
                   to_string(shape));
  Dims rows{product(shape.begin(), shape.begin() + depth)};
  for (auto axis = static_cast<int>(depth); axis < shape.rank(); ++axis)
    rows.push_back(shape[axis]);
  return ir::gather(ir::reshape(params, Shape(rows)), flat_positions(indices, shape), 0);
}

Value scatter_nd(ScatterOp op, const Value& base, const Value& indices, const Value& updates) {
  if (Status status = first_error(base, indices, updates); !status.ok())
    return ir::Node::failed(status);
  const Shape& shape = base.shape();
  if (shape.rank() == 0) return failure("Output must be at least 1-D, got shape: []");
  if (indices.shape().rank() == 0) return failure("Indices shape must have rank at least one.");
  const std::int64_t depth = indices.shape().extents().back();
  if (depth > shape.rank())
    return failure("The inner dimension of indices is {}, more than the {} axes of the output",
                   depth, shape.rank());
  Dims expected(indices.shape().begin(), indices.shape().end() - 1);
  const std::int64_t count = Shape(expected).elements();
  Dims rows{product(shape.begin(), shape.begin() + depth)};
  Dims update_rows{count};
  for (auto axis = static_cast<int>(depth); axis < shape.rank(); ++axis) {
    expected.push_back(shape[axis]);
    rows.push_back(shape[axis]);
    update_rows.push_back(shape[axis]);
  }
  if (updates.shape() != Shape(expected)) {
    const int leading = indices.shape().rank() - 1;
    const Shape& given = updates.shape();
    const bool leading_fit =
        given.rank() >= leading &&
        std::equal(expected.begin(), expected.begin() + leading, given.begin());
    if (!leading_fit)
      return failure(
          "Dimensions [0,{}) of indices[shape={}] must match dimensions [0,{}) of "
          "updates[shape={}]",
          leading, to_string(indices.shape()), leading, to_string(given));
    return failure(
        "Dimensions [{},{}) of input[shape={}] must match dimensions [{},{}) of updates[shape={}]",
        depth, shape.rank(), to_string(shape), leading, given.rank(), to_string(given));
  }
  if (shape.elements() == 0 && (indices.shape().elements() != 0 || updates.shape().elements() != 0))
    return failure("Indices and updates specified for empty output shape {}", to_string(shape));
  const Value positions = ir::reshape(flat_positions(indices, shape), Shape{count});
  const Value written = scatter_wide(op, ir::reshape(base, Shape(rows)), positions,
                                     ir::reshape(updates, Shape(update_rows)));
  return ir::reshape(written, shape);
}

Value unsorted_segment(ScatterOp op, const Value& data, const Value& ids, std::int64_t segments) {
  return with_segments(data, ids, segments,
                       [&](const Value& rows, const Value& flat, const Shape& shape) {
                         const Value base = ir::full(shape, identity_of(op, data.dtype()));
                         return scatter_wide(op, base, flat, rows);
                       });
}

Value segment(ScatterOp op, const Value& data, const Value& ids, std::int64_t segments) {
  Value result = unsorted_segment(op, data, ids, segments);
  if (op != ScatterOp::maximum && op != ScatterOp::minimum) return result;
  return with_segments(
      data, ids, segments, [&](const Value&, const Value& flat, const Shape& shape) {
        const Value empty = compare(BinaryOp::equal, row_counts(DType::i32, flat, shape), 0);
        return ir::select(empty, ir::constant(data.dtype(), 0), result);
      });
}

Value segment_mean(const Value& data, const Value& ids, std::int64_t segments) {
  return with_segments(
      data, ids, segments, [&](const Value& rows, const Value& flat, const Shape& shape) {
        const DType dtype = widened(data.dtype());
        const Value sum =
            ir::scatter(ScatterOp::add, ir::zeros(dtype, shape), flat, ir::cast(rows, dtype));
        return ir::cast(sum / at_least_one(row_counts(dtype, flat, shape)), data.dtype());
      });
}

Value segment_sum_over_sqrt(const Value& data, const Value& ids, std::int64_t segments) {
  return with_segments(
      data, ids, segments, [&](const Value& rows, const Value& flat, const Shape& shape) {
        const DType dtype = widened(data.dtype());
        const Value sum =
            ir::scatter(ScatterOp::add, ir::zeros(dtype, shape), flat, ir::cast(rows, dtype));
        const Value count = at_least_one(row_counts(dtype, flat, shape));
        return ir::cast(sum / ir::unary(ir::UnaryOp::sqrt, count), data.dtype());
      });
}

Value segment_gradient(const Value& gradient, const Value& indices, const Value& ids,
                       std::int64_t rows, SegmentScale scale) {
  if (Status status = first_error(gradient, indices, ids); !status.ok())
    return ir::Node::failed(status);
  if (gradient.shape().rank() == 0 || indices.shape().rank() != 1 || indices.shape() != ids.shape())
    return failure("segment_ids {} and indices {} should be vectors of one length",
                   to_string(ids.shape()), to_string(indices.shape()));
  if (rows < 0) return failure("output_dim0 must not be negative, got {}", rows);
  Value scaled = widen(gradient);
  if (scale != SegmentScale::sum) {
    const Value count = at_least_one(row_counts(scaled.dtype(), ids, gradient.shape()));
    scaled = scaled / (scale == SegmentScale::mean ? count : ir::unary(ir::UnaryOp::sqrt, count));
  }
  Dims extents = gradient.shape().extents();
  extents[0] = rows;
  const Value base = ir::zeros(scaled.dtype(), Shape(std::move(extents)));
  return ir::cast(ir::scatter(ScatterOp::add, base, indices, ir::gather(scaled, ids, 0)),
                  gradient.dtype());
}

Value bin_count(const Value& values, std::int64_t bins, const Value& weights, bool binary) {
  if (Status status = first_error(values, weights); !status.ok()) return ir::Node::failed(status);
  const Shape& shape = values.shape();
  const bool weighted = weights.shape().elements() > 0;
  if (bins < 0) return failure("size ({}) must be non-negative", bins);
  if (shape.rank() > 2) return failure("Shape must be at most rank 2 but is rank {}", shape.rank());
  if (weighted && weights.shape().elements() != shape.elements())
    return failure(
        "`weights` must be the same shape as `arr` or a length-0 `Tensor`, in which case "
        "it acts as all weights equal to 1. Received {}",
        to_string(weights.shape()));
  const std::int64_t rows = shape.rank() == 2 ? shape[0] : 1;
  Value bin = values;
  if (shape.rank() == 2) {
    const Value inside = ir::binary(BinaryOp::bit_and, compare(BinaryOp::greater_equal, values, 0),
                                    compare(BinaryOp::less, values, bins));
    const Value first =
        ir::iota(values.dtype(), shape, 0) * ir::constant_integer(values.dtype(), bins);
    bin = ir::select(inside, first + values, ir::constant_integer(values.dtype(), -1));
  }
  const Shape flat{shape.elements()};
  const Value ones = ir::full(flat, ir::constant(weights.dtype(), 1));
  const Value added = weighted && !binary ? ir::reshape(weights, flat) : ones;
  const Value counts =
      ir::scatter(binary ? ScatterOp::set : ScatterOp::add,
                  ir::zeros(weights.dtype(), Shape{rows * bins}), ir::reshape(bin, flat), added);
  return shape.rank() == 2 ? ir::reshape(counts, Shape{rows, bins}) : counts;
}

Value update_rows(ScatterOp op, const Value& x, const Value& rows, const Value& values) {
  if (Status status = first_error(x, rows, values); !status.ok()) return ir::Node::failed(status);
  const Shape& shape = x.shape();
  if (shape.rank() == 0) return failure("x must be at least 1 dimensional");
  if (rows.shape().rank() != 1)
    return failure("i must be a vector, not of shape {}", to_string(rows.shape()));
  if (values.shape().rank() != shape.rank() ||
      !std::equal(shape.begin() + 1, shape.end(), values.shape().begin() + 1))
    return failure("x and v shape doesn't match: {} and {}", to_string(shape),
                   to_string(values.shape()));
  if (rows.shape()[0] != values.shape()[0])
    return failure("i and x shape doesn't match: {} rows for {}", rows.shape()[0],
                   to_string(values.shape()));
  const Value count = ir::constant_integer(rows.dtype(), std::max<std::int64_t>(shape[0], 1));
  return scatter_wide(op, x, ir::binary(BinaryOp::floor_modulo, rows, count), values);
}

}  // namespace evergpu::ops
