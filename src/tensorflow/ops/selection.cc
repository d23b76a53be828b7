// Ops whose results' shapes depend on data: TensorFlow brings these data to host memory for us, and
// waits for them. Operands whose values do not matter stay on the device.
#include <fmt/core.h>

#include <functional>
#include <unordered_map>
#include <vector>

#include "ops/array.h"
#include "ops/indexing.h"
#include "tensorflow/op_table.h"
#include "tensorflow/ops/captured.h"

namespace evergpu::tensorflow {
namespace {

using ir::Dims;
using ir::DType;
using ir::Shape;
using ir::TensorView;
using ir::Value;

Result<Lowering> nonzero_positions(const Attributes&) {
  return Lowering([](Call& call) {
    const TensorView x = call.host(0);
    std::vector<std::int64_t> positions;
    std::int64_t count = 0;
    Dims position(static_cast<std::size_t>(x.shape.rank()), 0);
    ir::visit(x.dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      for (std::int64_t i = 0; i < x.shape.elements(); ++i) {
        if (static_cast<ir::Compute<T>>(x.as<T>()[i]) != 0) {
          positions.insert(positions.end(), position.begin(), position.end());
          ++count;
        }
        for (std::size_t axis = position.size(); axis-- > 0;) {
          if (++position[axis] < x.shape.extents()[axis]) break;
          position[axis] = 0;
        }
      }
    });
    return call.output(0, ir::reshape(captured(call, positions), Shape{count, x.shape.rank()}));
  });
}

// Rows of data go to the partitions that integers in host memory name, in order.
Result<Lowering> partition(const Attributes& attributes) {  // (data, partitions)
  return Lowering([count = attributes.integer("num_partitions")](Call& call) -> Status {
    const Shape& shape = call.shape(0);
    const Shape& head = call.shape(1);
    if (shape.rank() < head.rank() ||
        Shape(Dims(shape.begin(), shape.begin() + head.rank())) != head)
      return invalid_argument("data.shape must start with partitions.shape, got data.shape = " +
                              to_string(shape) + ", partitions.shape = " + to_string(head));
    std::vector<std::vector<std::int32_t>> rows(static_cast<std::size_t>(count));
    std::int32_t row = 0;
    for (std::int64_t chosen : call.integers(1)) {
      if (chosen < 0 || chosen >= count)
        return invalid_argument(
            fmt::format("partitions[{}] = {} is not in [0, {})", row, chosen, count));
      rows[static_cast<std::size_t>(chosen)].push_back(row++);
    }
    Dims flat{head.elements()};
    for (int axis = head.rank(); axis < shape.rank(); ++axis) flat.push_back(shape[axis]);
    const Value data = ir::reshape(call.input(0), Shape(flat));
    for (int i = 0; i < count; ++i)
      EVERGPU_RETURN_IF_ERROR(call.output(
          i, ops::gather(data, captured(call, rows[static_cast<std::size_t>(i)]), 0, 0)));
    return {};
  });
}

// --- unique ---

// The slices of an array along one axis, compared by value: NaN differs from itself.
template <typename T>
struct Slices {
  const T* data = nullptr;
  std::int64_t outer = 1;
  std::int64_t extent = 0;
  std::int64_t inner = 1;

  template <typename Visit>
  void each(std::int64_t i, Visit visit) const {
    for (std::int64_t o = 0; o < outer; ++o)
      for (std::int64_t k = 0; k < inner; ++k)
        visit(static_cast<ir::Compute<T>>(data[(o * extent + i) * inner + k]));
  }
  std::size_t operator()(std::int64_t i) const {
    std::size_t hash = 0;
    each(i, [&](auto x) { hash = hash * 31 + std::hash<decltype(x)>()(x); });
    return hash;
  }
  bool operator()(std::int64_t i, std::int64_t j) const {
    std::vector<ir::Compute<T>> first;
    each(i, [&](auto x) { first.push_back(x); });
    std::size_t at = 0;
    bool equal = true;
    each(j, [&](auto x) { equal = equal && first[at++] == x; });
    return equal;
  }
};

struct Unique {
  std::vector<std::int64_t> firsts;   // where each unique slice occurs first
  std::vector<std::int64_t> numbers;  // for each slice, its number among the unique ones
  std::vector<std::int64_t> counts;   // how often each unique slice occurs
};

Unique find_unique(const TensorView& x, int axis) {
  Unique result;
  ir::visit(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    Slices<T> slices{.data = x.as<T>(), .extent = x.shape[axis]};
    for (int i = 0; i < axis; ++i) slices.outer *= x.shape[i];
    for (int i = axis + 1; i < x.shape.rank(); ++i) slices.inner *= x.shape[i];
    std::unordered_map<std::int64_t, std::int64_t, Slices<T>, Slices<T>> known(0, slices, slices);
    for (std::int64_t i = 0; i < slices.extent; ++i) {
      const auto [found, is_new] = known.emplace(i, std::ssize(result.firsts));
      if (is_new) {
        result.firsts.push_back(i);
        result.counts.push_back(0);
      }
      result.numbers.push_back(found->second);
      ++result.counts[static_cast<std::size_t>(found->second)];
    }
  });
  return result;
}

// (x) or (x, axis), both in host memory
template <bool with_axis, bool with_counts>
Result<Lowering> unique(const Attributes& attributes) {
  return Lowering([dtype = attributes.dtype("out_idx")](Call& call) -> Status {
    const TensorView x = call.host(0);
    const Dims axes = with_axis ? call.integers(1) : Dims{};
    if (axes.size() > 1) return invalid_argument("axis does not support more than one value");
    if (axes.empty() && x.shape.rank() != 1) return invalid_argument("unique expects a 1D vector.");
    const Result<int> axis = ops::normalized_axis(axes.empty() ? 0 : axes[0], x.shape.rank());
    if (!axis.ok()) return axis.status();
    const Unique found = find_unique(x, *axis);
    const auto output = [&](int i, const std::vector<std::int64_t>& numbers) {
      return call.output(i, ir::cast(captured(call, numbers), dtype));
    };
    EVERGPU_RETURN_IF_ERROR(
        call.output(0, ops::gather(captured(call, x), captured(call, found.firsts), *axis, 0)));
    EVERGPU_RETURN_IF_ERROR(output(1, found.numbers));
    return with_counts ? output(2, found.counts) : Status();
  });
}

constexpr DTypes data_types = all_types - i32_only;  // TensorFlow computes i32 in host memory

constexpr OpRow selection_table[] = {
    {.op = "DynamicPartition",
     .types = {{"T", all_types}},
     .host_arguments = {"partitions"},
     .make = partition},
    {.op = "UniqueV2",
     .types = {{"T", all_types}, {"out_idx", index_types}},
     .host_arguments = {"x", "axis"},
     .make = unique<true, false>},
    {.op = "UniqueWithCounts",
     .types = {{"T", all_types}, {"out_idx", index_types}},
     .host_arguments = {"x"},
     .make = unique<false, true>},
    {.op = "UniqueWithCountsV2",
     .types = {{"T", all_types}, {"out_idx", index_types}},
     .host_arguments = {"x", "axis"},
     .make = unique<true, true>},
    {.op = "Where",
     .types = {{"T", data_types}},
     .host_arguments = {"input"},
     .make = nonzero_positions},
};

}  // namespace

std::span<const OpRow> selection_rows() { return selection_table; }

}  // namespace evergpu::tensorflow
