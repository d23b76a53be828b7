// Gather, scatter and sort.
#include <algorithm>
#include <numeric>
#include <vector>

#include "ir/evaluate/call.h"
#include "ir/evaluate/strided.h"
#include "ir/point_functions.h"

namespace evergpu::ir::reference {
namespace {

/// Indices as numbers; what does not fit (a great u64) is negative, so out of range too.
std::vector<std::int64_t> indices_of(const TensorView& view) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(view.shape.elements()));
  visit(view.dtype, [&]<typename T>(TypeTag<T>) {
    if constexpr (std::is_integral_v<T>)
      std::transform(view.as<T>(), view.as<T>() + indices.size(), indices.begin(),
                     [](T index) { return static_cast<std::int64_t>(index); });
  });
  return indices;
}

/// Applies updates one after the other; 16-bit floats are rounded once, at the end.
template <typename T, typename Combine>
void combine_updates(const Call& call, std::int64_t row, Combine combine) {
  using C = Compute<T>;
  const std::int64_t rows = call.result.shape[0];
  const std::vector<std::int64_t> indices = indices_of(call.operands[1]);
  const T* base = call.operand<T>(0);
  const T* updates = call.operand<T>(2);
  std::vector<C> totals(base, base + call.elements());
  for (std::int64_t index : indices) {
    if (index >= 0 && index < rows) {
      C* total = totals.data() + index * row;
      for (std::int64_t c = 0; c < row; ++c)
        total[c] = combine(total[c], static_cast<C>(updates[c]));
    }
    updates += row;
  }
  T* result = call.result.as<T>();
  for (C total : totals) *result++ = static_cast<T>(total);
}

void set_updates(const Call& call, std::int64_t row) {
  const std::size_t bytes = static_cast<std::size_t>(row) * size_of(call.operation.dtype);
  std::memcpy(call.result.data, call.operands[0].data, call.operation.bytes());
  const std::byte* update = call.operands[2].data;
  for (std::int64_t index : indices_of(call.operands[1])) {
    if (index >= 0 && index < call.result.shape[0])
      std::memcpy(call.result.data + static_cast<std::size_t>(index) * bytes, update, bytes);
    update += bytes;
  }
}

}  // namespace

void gather(const Call& call) {
  const auto& [axis, batch_dims] = call.attributes<Gather>();
  const TensorView& params = call.operands[0];
  const std::vector<std::int64_t> indices = indices_of(call.operands[1]);
  const AxisSplit split = split_at(params.shape, axis);
  std::int64_t batches = 1;
  for (int i = 0; i < batch_dims; ++i) batches *= params.shape[i];
  const std::int64_t repeats = split.outer / batches;  // per batch
  const std::size_t per_batch = indices.size() / static_cast<std::size_t>(batches);
  const std::size_t row = static_cast<std::size_t>(split.inner) * size_of(params.dtype);
  const std::byte* from = params.data;
  std::byte* to = call.result.data;
  for (std::int64_t batch = 0; batch < batches; ++batch)
    for (std::int64_t repeat = 0; repeat < repeats; ++repeat) {
      for (std::size_t i = 0; i < per_batch; ++i, to += row) {
        const std::int64_t index = indices[static_cast<std::size_t>(batch) * per_batch + i];
        if (index >= 0 && index < split.extent)
          std::memcpy(to, from + static_cast<std::size_t>(index) * row, row);
        else
          std::memset(to, 0, row);
      }
      from += static_cast<std::size_t>(split.extent) * row;
    }
}

void scatter(const Call& call) {
  const ScatterOp op = call.attributes<Scatter>().op;
  const std::int64_t row = call.elements() / call.result.shape[0];
  if (op == ScatterOp::set) return set_updates(call, row);
  visit(call.operation.dtype, [&]<typename T>(TypeTag<T>) {
    using C = Compute<T>;
    if constexpr (!std::is_same_v<T, bool>) {
      switch (op) {
        case ScatterOp::add:
          return combine_updates<T>(call, row, [](C x, C y) { return point::add(x, y); });
        case ScatterOp::subtract:
          return combine_updates<T>(call, row, [](C x, C y) { return point::subtract(x, y); });
        case ScatterOp::multiply:
          return combine_updates<T>(call, row, [](C x, C y) { return point::multiply(x, y); });
        case ScatterOp::maximum:
          return combine_updates<T>(call, row, [](C x, C y) { return point::maximum(x, y); });
        default:
          return combine_updates<T>(call, row, [](C x, C y) { return point::minimum(x, y); });
      }
    }
  });
}

void argsort(const Call& call) {
  const bool descending = call.attributes<ArgSort>().descending;
  const TensorView& x = call.operands[0];
  const std::int64_t extent = x.shape[x.shape.rank() - 1];
  visit(x.dtype, [&]<typename T>(TypeTag<T>) {
    using C = Compute<T>;
    // NaN comes after every number, so that this is an order.
    const auto before = [](C a, C b) { return a < b || (b != b && a == a); };
    const T* row = x.as<T>();
    auto* result = call.result.as<std::int32_t>();
    for (std::int64_t left = call.elements(); left > 0; left -= extent) {
      std::iota(result, result + extent, 0);
      std::stable_sort(result, result + extent, [&](std::int32_t i, std::int32_t j) {
        const auto a = static_cast<C>(row[i]);
        const auto b = static_cast<C>(row[j]);
        return descending ? before(b, a) : before(a, b);
      });
      row += extent;
      result += extent;
    }
  });
}

}  // namespace evergpu::ir::reference
