#include "ops/array.h"

#include <fmt/format.h>

#include <algorithm>

#include "ops/failure.h"
#include "ops/invalid.h"
#include "ops/precision.h"

namespace evergpu::ops {
namespace {

using ir::BinaryOp;
using ir::Dims;
using ir::DType;
using ir::Node;
using ir::Shape;
using ir::Value;

Dims zeros(int rank) { return Dims(static_cast<std::size_t>(rank), 0); }

std::size_t index(int axis) { return static_cast<std::size_t>(axis); }

// Elements [start, start + size) of one axis.
Value slice_axis(const Value& x, int axis, std::int64_t start, std::int64_t size) {
  Dims starts = zeros(x.shape().rank());
  Dims sizes = x.shape().extents();
  starts[index(axis)] = start;
  sizes[index(axis)] = size;
  return ir::slice(x, starts, sizes);
}

Shape without_axis(const Shape& shape, int axis) {
  Dims extents = shape.extents();
  extents.erase(index(axis));
  return Shape(std::move(extents));
}

Shape with_axis(const Shape& shape, int axis, std::int64_t extent) {
  Dims extents = shape.extents();
  extents.insert(index(axis), extent);
  return Shape(std::move(extents));
}

}  // namespace

Result<int> normalized_axis(std::int64_t axis, int rank) {
  if (axis < -rank || axis >= rank)
    return invalid("Expected dimension in the range [{}, {}), but got {}", -rank, rank, axis);
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

Value transpose(const Value& x, const Dims& permutation) {
  if (Status status = x.status(); !status.ok()) return x;
  const int rank = x.shape().rank();
  if (static_cast<int>(permutation.size()) != rank)
    return failure(
        "transpose expects a vector of size {}. But input(1) is a vector "
        "of size {}",
        rank, permutation.size());
  Dims axes = permutation;
  Dims seen = zeros(rank);
  for (std::int64_t& axis : axes) {
    if (axis < -rank || axis >= rank) return failure("{} is out of range [0 .. {})", axis, rank);
    if (axis < 0) axis += rank;
    ++seen[static_cast<std::size_t>(axis)];
  }
  if (const auto* const missing = std::find(seen.begin(), seen.end(), 0); missing != seen.end())
    return failure("{} is missing from {{{}}}.", missing - seen.begin(),
                   fmt::join(permutation, ","));
  return ir::permute(x, axes);
}

Value concatenate(std::span<const Value> values, std::int64_t axis) {
  if (values.empty()) return failure("ConcatOp: there is nothing to concatenate");
  for (const Value& value : values)
    if (!value.status().ok()) return value;
  const Shape& first = values[0].shape();
  const int rank = first.rank();
  if (axis < -rank || axis >= rank)
    return failure(
        "ConcatOp : Expected concatenating dimensions in the range [{}, "
        "{}), but got {}",
        -rank, rank, axis);
  const int along = static_cast<int>(axis < 0 ? axis + rank : axis);
  for (std::size_t i = 1; i < values.size(); ++i) {
    const Shape& shape = values[i].shape();
    if (shape.rank() != rank)
      return failure(
          "ConcatOp : Ranks of all input tensors should match: shape[0] = "
          "{} vs. shape[{}] = {}",
          to_string(first), i, to_string(shape));
    for (int d = 0; d < rank; ++d)
      if (d != along && shape[d] != first[d])
        return failure(
            "ConcatOp : Dimension {} in both shapes must be equal: "
            "shape[0] = {} vs. shape[{}] = {}",
            d, to_string(first), i, to_string(shape));
  }
  return values.size() == 1 ? values[0] : ir::concat(values, along);
}

Value stack(std::span<const Value> values, std::int64_t axis) {
  if (values.empty()) return failure("Pack: there is nothing to pack");
  const Shape& shape = values[0].shape();
  const int rank = shape.rank() + 1;
  if (axis < -rank || axis >= rank) return failure("axis = {} not in [{}, {})", axis, -rank, rank);
  const int along = static_cast<int>(axis < 0 ? axis + rank : axis);
  std::vector<Value> parts;
  parts.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (Status status = first_error(values[i]); !status.ok()) return Node::failed(status);
    if (values[i].shape() != shape)
      return failure(
          "Shapes of all inputs must match: values[0].shape = {} != "
          "values[{}].shape = {}",
          to_string(shape), i, to_string(values[i].shape()));
    parts.push_back(ir::reshape(values[i], with_axis(shape, along, 1)));
  }
  return parts.size() == 1 ? parts[0] : ir::concat(parts, along);
}

Result<std::vector<Value>> split(const Value& x, std::int64_t axis, Dims sizes) {
  EVERGPU_RETURN_IF_ERROR(x.status());
  const int rank = x.shape().rank();
  if (axis < -rank || axis >= rank)
    return invalid("-input rank(-{}) <= split_dim < input rank ({}), but got {}", rank, rank, axis);
  const int along = static_cast<int>(axis < 0 ? axis + rank : axis);
  const std::int64_t extent = x.shape()[along];
  std::int64_t known = 0;
  std::int64_t* rest = nullptr;
  for (std::int64_t& size : sizes) {
    if (size == -1 && rest == nullptr) {
      rest = &size;
    } else if (size < 0) {
      return invalid("Split size at index {} must be >= 0, or once -1. Got: {}",
                     &size - sizes.data(), size);
    } else {
      known += size;
    }
  }
  if (rest != nullptr ? known > extent : known != extent)
    return invalid(
        "Determined shape must either match input shape along split_dim exactly if "
        "fully specified, or be less than the size of the input along split_dim if not "
        "fully specified.  Got: {}",
        known);
  if (rest != nullptr) *rest = extent - known;
  std::vector<Value> parts;
  std::int64_t start = 0;
  for (std::int64_t size : sizes) {
    parts.push_back(slice_axis(x, along, start, size));
    start += size;
  }
  return parts;
}

Result<std::vector<Value>> unstack(const Value& x, std::int64_t axis) {
  EVERGPU_RETURN_IF_ERROR(x.status());
  const int rank = x.shape().rank();
  if (axis < -rank || axis >= rank) return invalid("axis = {} not in [{}, {})", axis, -rank, rank);
  const int along = static_cast<int>(axis < 0 ? axis + rank : axis);
  const Shape shape = without_axis(x.shape(), along);
  std::vector<Value> parts;
  for (std::int64_t i = 0; i < x.shape()[along]; ++i)
    parts.push_back(ir::reshape(slice_axis(x, along, i, 1), shape));
  return parts;
}

Value slice(const Value& x, const Dims& begin, Dims size) {
  if (!x.status().ok()) return x;
  const int rank = x.shape().rank();
  if (static_cast<int>(begin.size()) != rank || static_cast<int>(size.size()) != rank)
    return failure(
        "Expected begin and size arguments to be 1-D tensors of size {}, "
        "but got shapes [{}] and [{}] instead.",
        rank, begin.size(), size.size());
  for (int i = 0; i < rank; ++i) {
    const std::int64_t extent = x.shape()[i];
    const std::int64_t start = begin[index(i)];
    if (size[index(i)] == -1) size[index(i)] = extent - start;
    if (start < 0 || start > extent)
      return Node::failed(invalid("Expected begin[{}] in [0, {}], but got {}", i, extent, start));
    if (size[index(i)] < 0 || start + size[index(i)] > extent)
      return failure("Expected size[{}] in [0, {}], but got {}", i, extent - start, size[index(i)]);
  }
  return ir::slice(x, begin, size);
}

Value tile(const Value& x, const Dims& multiples) {
  if (!x.status().ok()) return x;
  const int rank = x.shape().rank();
  if (static_cast<int>(multiples.size()) != rank)
    return failure(
        "Expected multiples argument to be a vector of length {} but got "
        "length {}",
        rank, multiples.size());
  Dims split_extents;  // [1, d0, 1, d1 …]
  Dims repeated;
  Dims merged;
  for (int i = 0; i < rank; ++i) {
    const std::int64_t count = multiples[index(i)];
    if (count < 0) return failure("Expected multiples[{}] >= 0, but got {}", i, count);
    split_extents.push_back(1);
    split_extents.push_back(x.shape()[i]);
    repeated.push_back(count);
    repeated.push_back(x.shape()[i]);
    merged.push_back(count * x.shape()[i]);
  }
  if (Shape(merged) == x.shape()) return x;
  return ir::reshape(ir::broadcast(ir::reshape(x, Shape(split_extents)), Shape(repeated)),
                     Shape(merged));
}

Value reverse(const Value& x, const Dims& axes) {
  if (!x.status().ok()) return x;
  const int rank = x.shape().rank();
  Dims seen = zeros(rank);
  Dims flipped;
  for (std::int64_t axis : axes) {
    if (axis < -rank || axis >= rank)
      return failure("'axis'[{}] = {} is out of valid range [0, {}", flipped.size(), axis,
                     rank - 1);
    if (axis < 0) axis += rank;
    if (seen[static_cast<std::size_t>(axis)]++ != 0)
      return failure("axis {} specified more than once.", axis);
    flipped.push_back(axis);
  }
  return ir::flip(x, flipped);
}

Value reverse_sequence(const Value& x, const Value& lengths, std::int64_t sequence_axis,
                       std::int64_t batch_axis) {
  if (Status status = first_error(x, lengths); !status.ok()) return Node::failed(status);
  const int rank = x.shape().rank();
  if (sequence_axis >= rank)
    return failure("seq_dim must be < input rank ({} vs. {})", sequence_axis, rank);
  if (batch_axis >= rank)
    return failure("batch_dim must be < input rank ({} vs. {})", batch_axis, rank);
  const Result<int> sequence = normalized_axis(sequence_axis, rank);
  const Result<int> batch = normalized_axis(batch_axis, rank);
  if (!sequence.ok()) return Node::failed(sequence.status());
  if (!batch.ok()) return Node::failed(batch.status());
  if (*sequence == *batch) return failure("batch_dim == seq_dim == {}", sequence_axis);
  if (lengths.shape().rank() != 1)
    return failure("seq_lengths must be 1-dim, not {}", lengths.shape().rank());
  const std::int64_t batches = x.shape()[*batch];
  if (lengths.shape() != Shape{batches})
    return failure("Length of seq_lengths != input.dims({}), ({} vs. {})", batch_axis,
                   lengths.shape().elements(), batches);
  Dims to_front{*batch, *sequence};
  for (int i = 0; i < rank; ++i)
    if (i != *batch && i != *sequence) to_front.push_back(i);
  Dims back = to_front;
  for (std::size_t i = 0; i < to_front.size(); ++i)
    back[static_cast<std::size_t>(to_front[i])] = static_cast<std::int64_t>(i);
  const Value position = ir::iota(DType::i64, Shape{batches, x.shape()[*sequence]}, 1);
  const Value length = ir::cast(ir::reshape(lengths, Shape{batches, 1}), DType::i64);
  const Value source =
      ir::select(ir::binary(BinaryOp::less, position, length), length - 1.0 - position, position);
  return ir::permute(ir::gather(ir::permute(x, to_front), source, 1, 1), back);
}

Value roll(const Value& x, const Dims& shifts, const Dims& axes) {
  if (!x.status().ok()) return x;
  const int rank = x.shape().rank();
  if (rank == 0) return failure("input must be 1-D or higher");
  if (shifts.size() != axes.size()) return failure("shift and axis must have the same size");
  Dims total = zeros(rank);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] < -rank || axes[i] >= rank) return failure("axis {} is out of range", axes[i]);
    total[static_cast<std::size_t>(axes[i] < 0 ? axes[i] + rank : axes[i])] += shifts[i];
  }
  Value result = x;
  for (int axis = 0; axis < rank; ++axis) {
    const std::int64_t extent = x.shape()[axis];
    if (extent == 0) continue;
    const std::int64_t shift = (total[index(axis)] % extent + extent) % extent;
    if (shift == 0) continue;
    const Value parts[] = {slice_axis(result, axis, extent - shift, shift),
                           slice_axis(result, axis, 0, extent - shift)};
    result = ir::concat(parts, axis);
  }
  return result;
}

Value one_hot(const Value& indices, std::int64_t depth, const Value& on, const Value& off,
              std::int64_t axis) {
  if (Status status = first_error(indices, on, off); !status.ok()) return Node::failed(status);
  const int rank = indices.shape().rank();
  if (axis < -1 || axis > rank)
    return Node::failed(
        invalid("Expected axis to be -1 or between [0, {}).  But received: {}", rank + 1, axis));
  if (depth < 0) return failure("depth must be non-negative, got: {}", depth);
  if (on.shape().rank() != 0) return failure("on_value must be a scalar");
  if (off.shape().rank() != 0) return failure("off_value must be a scalar");
  const int along = axis == -1 ? rank : static_cast<int>(axis);
  // A narrow index dtype may not count to `depth`.
  const DType dtype = ir::size_of(indices.dtype()) < 4 ? DType::i32 : indices.dtype();
  const Value column = ir::reshape(ir::cast(indices, dtype), with_axis(indices.shape(), along, 1));
  const Value position = ir::iota(dtype, with_axis(indices.shape(), along, depth), along);
  return ir::select(ir::binary(BinaryOp::equal, column, position), on, off);
}

Value arithmetic_sequence(const Value& start, const Value& step, std::int64_t count) {
  const DType dtype = widened(start.dtype());
  return ir::cast(ir::cast(start, dtype) + ir::cast(step, dtype) * ir::iota(dtype, Shape{count}, 0),
                  start.dtype());
}

Value linear_space(const Value& start, const Value& stop, std::int64_t count) {
  if (Status status = first_error(start, stop); !status.ok()) return Node::failed(status);
  if (start.shape().rank() != 0 || stop.shape().rank() != 0)
    return failure("start and stop must be scalars, not of shape {} and {}",
                   to_string(start.shape()), to_string(stop.shape()));
  if (count <= 0) return failure("Requires num > 0: {}", count);
  if (count == 1) return ir::reshape(start, Shape{1});
  const Value step = (widen(stop) - widen(start)) / static_cast<double>(count - 1);
  const Value numbers = arithmetic_sequence(widen(start), step, count);
  const Value last = ir::binary(BinaryOp::equal, ir::iota(DType::i32, Shape{count}, 0),
                                ir::constant_integer(DType::i32, count - 1));
  return ir::select(last, stop, ir::cast(numbers, start.dtype()));
}

Value bucketize(const Value& x, const Value& boundaries) {
  if (Status status = first_error(x, boundaries); !status.ok()) return Node::failed(status);
  const DType dtype = x.dtype() == DType::f64 ? DType::f64 : DType::f32;
  const int rank = x.shape().rank();
  const Value column = ir::reshape(ir::cast(x, dtype), with_axis(x.shape(), rank, 1));
  // Not less, rather than greater or equal: a NaN is beyond every boundary.
  const Value reached = ir::unary(ir::UnaryOp::logical_not,
                                  ir::binary(BinaryOp::less, column, ir::cast(boundaries, dtype)));
  const std::int64_t last[] = {-1};
  return ir::reduce(ir::ReduceOp::sum, ir::cast(reached, DType::i32), last);
}

Value cross_product(const Value& x, const Value& y) {
  if (Status status = first_error(x, y); !status.ok()) return Node::failed(status);
  const Shape& shape = x.shape();
  if (shape != y.shape())
    return failure("Both inputs must be of same shape: {} vs. {}", to_string(shape),
                   to_string(y.shape()));
  const int last = shape.rank() - 1;
  if (last < 0 || shape[last] != 3)
    return Node::failed(
        invalid("Cross-products are only defined for 3-element vectors: {}", to_string(shape)));
  const auto rotated = [&](const Value& value, std::int64_t by) {
    return roll(value, Dims{-by}, Dims{last});
  };
  return rotated(x, 1) * rotated(y, 2) - rotated(x, 2) * rotated(y, 1);
}

}  // namespace evergpu::ops
