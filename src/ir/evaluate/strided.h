// Walking several arrays of one iteration space that differ in their strides.
#pragma once

#include <array>

#include "ir/shape.h"

namespace evergpu::ir::reference {

/// Calls `row(count, offsets, steps)` for each row along the last of `extents`, in row-major order:
/// element q of the row of array a is offsets[a] + q * steps[a]. Axes that all arrays walk as one
/// are merged first, so rows are as long as can be.
template <std::size_t Arrays, typename Row>
void for_each_row(const Dims& extents, const std::array<Dims, Arrays>& strides, Row&& row) {
  Dims merged;
  std::array<Dims, Arrays> steps;
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    if (extents[axis] == 0) return;
    if (extents[axis] == 1) continue;
    bool joins = !merged.empty();
    for (std::size_t a = 0; joins && a < Arrays; ++a)
      joins = steps[a].back() == strides[a][axis] * extents[axis];
    if (!joins) merged.push_back(1);
    merged.back() *= extents[axis];
    for (std::size_t a = 0; a < Arrays; ++a) {
      if (!joins) steps[a].push_back(0);
      steps[a].back() = strides[a][axis];
    }
  }
  std::array<std::int64_t, Arrays> offsets{};
  std::array<std::int64_t, Arrays> inner{};
  if (merged.empty()) {
    row(std::int64_t{1}, offsets, inner);
    return;
  }
  const std::size_t last = merged.size() - 1;
  for (std::size_t a = 0; a < Arrays; ++a) inner[a] = steps[a][last];
  Dims index(last, 0);
  while (true) {
    row(merged[last], offsets, inner);
    std::size_t axis = last;
    while (axis-- > 0) {
      for (std::size_t a = 0; a < Arrays; ++a) offsets[a] += steps[a][axis];
      if (++index[axis] < merged[axis]) break;
      for (std::size_t a = 0; a < Arrays; ++a) offsets[a] -= steps[a][axis] * merged[axis];
      index[axis] = 0;
    }
    if (axis == static_cast<std::size_t>(-1)) return;
  }
}

/// Copies elements of `size` bytes; strides are in elements.
void copy_strided(std::size_t size, const Dims& extents, const std::byte* from,
                  const Dims& from_strides, std::byte* to, const Dims& to_strides);

/// The three parts of a shape around one axis.
struct AxisSplit {
  std::int64_t outer = 1;
  std::int64_t extent = 1;
  std::int64_t inner = 1;
};
inline AxisSplit split_at(const Shape& shape, int axis) {
  AxisSplit split;
  for (int i = 0; i < axis; ++i) split.outer *= shape[i];
  split.extent = shape[axis];
  for (int i = axis + 1; i < shape.rank(); ++i) split.inner *= shape[i];
  return split;
}

}  // namespace evergpu::ir::reference
