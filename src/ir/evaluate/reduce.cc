// Reductions. Elements are combined pairwise: their order follows from the shape alone, and the
// rounding error grows with the logarithm of their number.
#include <algorithm>

#include "ir/convert.h"
#include "ir/evaluate/call.h"
#include "ir/evaluate/strided.h"
#include "ir/point_functions.h"

namespace evergpu::ir::reference {
namespace {

constexpr std::int64_t block_columns = 64;  // columns that are reduced together
constexpr std::int64_t block_rows = 16;     // rows that are combined one after the other
constexpr std::int64_t lanes = 16;          // a contiguous list is reduced as rows of so many

/// out[c] = the combination of x[r * stride + c] over all rows r > 0 of them. Up to block_rows rows
/// from first to last; more as the combination of two halves.
template <typename T, typename C, typename Combine>
void combine_rows(const T* x, std::int64_t rows, std::int64_t stride, std::int64_t columns, C* out,
                  Combine combine) {
  if (rows > block_rows) {
    const std::int64_t half = (rows / 2 + block_rows - 1) / block_rows * block_rows;
    C second[block_columns];
    combine_rows(x, half, stride, columns, out, combine);
    combine_rows(x + half * stride, rows - half, stride, columns, second, combine);
    for (std::int64_t c = 0; c < columns; ++c) out[c] = combine(out[c], second[c]);
    return;
  }
  for (std::int64_t c = 0; c < columns; ++c) out[c] = static_cast<C>(x[c]);
  for (std::int64_t r = 1; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c)
      out[c] = combine(out[c], static_cast<C>(x[r * stride + c]));
}

/// The combination of `count` > 0 neighbours.
template <typename C, typename T, typename Combine>
C combine_list(const T* x, std::int64_t count, Combine combine) {
  const auto in_order = [&](std::int64_t first, std::int64_t end) {
    auto total = static_cast<C>(x[first]);
    for (std::int64_t i = first + 1; i < end; ++i) total = combine(total, static_cast<C>(x[i]));
    return total;
  };
  const std::int64_t rows = count / lanes;
  if (rows == 0) return in_order(0, count);
  C partial[lanes];
  combine_rows(x, rows, lanes, lanes, partial, combine);
  for (std::int64_t width = lanes / 2; width > 0; width /= 2)
    for (std::int64_t c = 0; c < width; ++c) partial[c] = combine(partial[c], partial[c + width]);
  if (rows * lanes == count) return partial[0];
  return combine(partial[0], in_order(rows * lanes, count));
}

/// x is [outer, extent, inner], extent > 0.
template <typename T, typename Combine>
void reduce_middle(const T* x, const AxisSplit& split, T* result, Combine combine) {
  using C = Compute<T>;
  for (std::int64_t outer = 0; outer < split.outer; ++outer, x += split.extent * split.inner) {
    if (split.inner == 1) {
      *result++ = static_cast<T>(combine_list<C>(x, split.extent, combine));
      continue;
    }
    for (std::int64_t first = 0; first < split.inner; first += block_columns) {
      const std::int64_t columns = std::min(block_columns, split.inner - first);
      C out[block_columns];
      combine_rows(x + first, split.extent, split.inner, columns, out, combine);
      for (std::int64_t c = 0; c < columns; ++c) *result++ = static_cast<T>(out[c]);
    }
  }
}

/// Calls run(f) with the function of a reduction on compute type C.
template <typename C, typename Run>
void with_combination(ReduceOp op, Run&& run) {
  if constexpr (std::is_same_v<C, bool>) {
    if (op == ReduceOp::any)
      run([](bool x, bool y) { return x || y; });
    else
      run([](bool x, bool y) { return x && y; });
  } else {
    switch (op) {
      case ReduceOp::sum:
        return run([](C x, C y) { return point::add(x, y); });
      case ReduceOp::product:
        return run([](C x, C y) { return point::multiply(x, y); });
      case ReduceOp::maximum:
        return run([](C x, C y) { return point::maximum(x, y); });
      default:
        return run([](C x, C y) { return point::minimum(x, y); });
    }
  }
}

/// The operand with the kept axes first and the reduced ones last, and how it splits.
struct Arranged {
  std::vector<std::byte> bytes;  // empty: the operand as it is
  AxisSplit split;
};

/// Finds the reduced axes as one block of neighbours; where they are not, moves them to the end.
Arranged arrange(const TensorView& x, const Dims& axes) {
  Arranged arranged;
  Dims kept;
  Dims reduced;
  int changes = 0;  // between kept and reduced, over axes that matter
  bool within = false;
  for (int axis = 0; axis < x.shape.rank(); ++axis) {
    const bool is_reduced = std::find(axes.begin(), axes.end(), axis) != axes.end();
    (is_reduced ? reduced : kept).push_back(axis);
    const std::int64_t extent = x.shape[axis];
    if (extent == 1) continue;
    if (is_reduced != within) ++changes;
    within = is_reduced;
    if (is_reduced)
      arranged.split.extent *= extent;
    else
      (changes == 0 ? arranged.split.outer : arranged.split.inner) *= extent;
  }
  if (changes <= 2) return arranged;
  arranged.split.outer *= std::exchange(arranged.split.inner, 1);
  Dims extents;
  Dims strides;
  const Dims from = x.shape.strides();
  for (const Dims& part : {kept, reduced})
    for (std::int64_t axis : part) {
      extents.push_back(x.shape[static_cast<int>(axis)]);
      strides.push_back(from[static_cast<std::size_t>(axis)]);
    }
  const Shape moved(std::move(extents));
  arranged.bytes.resize(static_cast<std::size_t>(moved.elements()) * size_of(x.dtype));
  copy_strided(size_of(x.dtype), moved.extents(), x.data, strides, arranged.bytes.data(),
               moved.strides());
  return arranged;
}

}  // namespace

void reduce(const Call& call) {
  const Reduce& attributes = call.attributes<Reduce>();
  const ReduceOp op = attributes.op;
  const TensorView& x = call.operands[0];
  visit(x.dtype, [&]<typename T>(TypeTag<T>) {
    T* result = call.result.as<T>();
    if (x.shape.elements() == 0) {
      std::fill_n(result, call.elements(), static_cast<T>(identity<Compute<T>>(op)));
      return;
    }
    const Arranged arranged = arrange(x, attributes.axes);
    const T* from =
        arranged.bytes.empty() ? x.as<T>() : reinterpret_cast<const T*>(arranged.bytes.data());
    with_combination<Compute<T>>(
        op, [&](auto combine) { reduce_middle(from, arranged.split, result, combine); });
  });
}

void arg_reduce(const Call& call) {
  const ReduceOp op = call.attributes<ArgReduce>().op;
  const TensorView& x = call.operands[0];
  const AxisSplit split = split_at(x.shape, call.attributes<ArgReduce>().axis);
  const bool maximum = op == ReduceOp::maximum;
  visit(x.dtype, [&]<typename T>(TypeTag<T>) {
    using C = Compute<T>;
    std::vector<std::int64_t> index(static_cast<std::size_t>(split.inner));
    // Not std::vector<bool>, which has no elements.
    std::vector<std::conditional_t<std::is_same_v<C, bool>, std::uint8_t, C>> best(index.size());
    const T* from = x.as<T>();
    for (std::int64_t outer = 0; outer < split.outer; ++outer) {
      std::fill(index.begin(), index.end(), 0);
      std::fill(best.begin(), best.end(), identity<C>(op));
      for (std::int64_t i = 0; i < split.extent; ++i)
        for (std::size_t c = 0; c < index.size(); ++c) {
          const auto value = static_cast<C>(*from++);
          if (maximum ? value > best[c] : value < best[c]) {
            best[c] = value;
            index[c] = i;
          }
        }
      for (std::size_t c = 0; c < index.size(); ++c) {
        const auto at = static_cast<std::int64_t>(c) + outer * split.inner;
        if (call.operation.dtype == DType::i32)
          call.result.as<std::int32_t>()[at] = static_cast<std::int32_t>(index[c]);
        else
          call.result.as<std::int64_t>()[at] = index[c];
      }
    }
  });
}

void scan(const Call& call) {
  const Scan& attributes = call.attributes<Scan>();
  const AxisSplit split = split_at(call.result.shape, attributes.axis);
  visit(call.operation.dtype, [&]<typename T>(TypeTag<T>) {
    using C = Compute<T>;
    if constexpr (!std::is_same_v<C, bool>)
      with_combination<C>(attributes.op, [&](auto combine) {
        std::vector<C> total(static_cast<std::size_t>(split.inner));
        for (std::int64_t outer = 0; outer < split.outer; ++outer) {
          std::fill(total.begin(), total.end(), identity<C>(attributes.op));
          for (std::int64_t step = 0; step < split.extent; ++step) {
            const std::int64_t i = attributes.reverse ? split.extent - 1 - step : step;
            const std::int64_t offset = (outer * split.extent + i) * split.inner;
            const T* x = call.operand<T>(0) + offset;
            T* result = call.result.as<T>() + offset;
            for (std::size_t c = 0; c < total.size(); ++c) {
              const C next = combine(total[c], static_cast<C>(x[c]));
              result[c] = static_cast<T>(attributes.exclusive ? total[c] : next);
              total[c] = next;
            }
          }
        }
      });
  });
}

}  // namespace evergpu::ir::reference
