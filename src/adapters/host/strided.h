// Copies between strided boxes of elements: how a Loop's tiles are read and written.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ir/shape.h"

namespace evergpu::adapters::host {

/// The most axes that a walk may have once neighbours are merged.
inline constexpr int max_walk_axes = 16;

/// A box of elements in memory, outermost axis first. Strides are in elements.
struct StridedBox {
  int rank = 0;
  std::int64_t extents[max_walk_axes];
  std::int64_t target_strides[max_walk_axes];
  std::int64_t source_strides[max_walk_axes];
};

/// Copies every element of the box from `source` to `target`; `element_size` is 1, 2, 4 or 8 bytes.
/// The two do not overlap.
void copy_strided(const StridedBox& box, std::size_t element_size, std::byte* target,
                  const std::byte* source);

}  // namespace evergpu::adapters::host
