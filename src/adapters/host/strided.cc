#include "adapters/host/strided.h"

#include <cstring>
#include <utility>

namespace evergpu::adapters::host {
namespace {

struct Axis {
  std::int64_t extent = 1;
  std::int64_t target_stride = 0;
  std::int64_t source_stride = 0;
};

template <typename T>
void copy_row(const Axis& row, T* target, const T* source) {
  if (row.target_stride == 1 && row.source_stride == 1) {
    if (row.extent >= 32) {
      std::memcpy(target, source, static_cast<std::size_t>(row.extent) * sizeof(T));
    } else {
      for (std::int64_t i = 0; i < row.extent; ++i) target[i] = source[i];
    }
  } else if (row.target_stride == 1 && row.source_stride == 0) {
    const T value = *source;
    for (std::int64_t i = 0; i < row.extent; ++i) target[i] = value;
  } else if (row.target_stride == 1) {
    for (std::int64_t i = 0; i < row.extent; ++i) target[i] = source[i * row.source_stride];
  } else {
    for (std::int64_t i = 0; i < row.extent; ++i)
      target[i * row.target_stride] = source[i * row.source_stride];
  }
}

// Four rows of four elements, exchanged in registers.
void transpose_4x4(std::uint32_t* target, std::int64_t target_stride, const std::uint32_t* source,
                   std::int64_t source_stride) {
  using Row [[gnu::vector_size(16)]] = std::uint32_t;
  Row rows[4];
  for (int i = 0; i < 4; ++i) std::memcpy(&rows[i], source + i * source_stride, sizeof(Row));
  const Row low01 = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
  const Row low23 = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
  const Row high01 = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
  const Row high23 = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
  rows[0] = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
  rows[1] = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
  rows[2] = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
  rows[3] = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
  for (int i = 0; i < 4; ++i) std::memcpy(target + i * target_stride, &rows[i], sizeof(Row));
}

// A transposed copy: `rows` lie apart in the source and side by side in the target, `columns` the
// other way round.
template <typename T>
void transpose(const Axis& columns, const Axis& rows, T* target, const T* source) {
  std::int64_t whole = 0;  // rows done in fours
  if constexpr (sizeof(T) == 4) {
    const std::int64_t whole_columns = columns.extent / 4 * 4;
    for (; whole + 4 <= rows.extent; whole += 4) {
      for (std::int64_t i = 0; i < whole_columns; i += 4)
        transpose_4x4(target + whole + i * columns.target_stride, columns.target_stride,
                      source + whole * rows.source_stride + i, rows.source_stride);
      for (std::int64_t i = whole_columns; i < columns.extent; ++i)
        for (std::int64_t k = whole; k < whole + 4; ++k)
          target[k + i * columns.target_stride] = source[k * rows.source_stride + i];
    }
  }
  for (std::int64_t k = whole; k < rows.extent; ++k)
    for (std::int64_t i = 0; i < columns.extent; ++i)
      target[k + i * columns.target_stride] = source[k * rows.source_stride + i];
}

template <typename T>
void copy_plane(Axis outer, Axis inner, T* target, const T* source) {
  const bool apart = inner.source_stride > 1 || inner.source_stride < -1;
  if (apart && inner.target_stride == 1 && outer.source_stride == 1) {
    transpose(outer, inner, target, source);
    return;
  }
  // Short rows cost more than strided ones.
  if (inner.extent < 16 && inner.extent < outer.extent) std::swap(outer, inner);
  for (std::int64_t i = 0; i < outer.extent; ++i)
    copy_row(inner, target + i * outer.target_stride, source + i * outer.source_stride);
}

template <typename T>
void copy_axes(const StridedBox& box, int axis, T* target, const T* source) {
  const auto at = [&](int i) {
    return i < 0 ? Axis() : Axis{box.extents[i], box.target_strides[i], box.source_strides[i]};
  };
  if (axis + 2 >= box.rank) {
    copy_plane(at(box.rank - 2), at(box.rank - 1), target, source);
    return;
  }
  for (std::int64_t i = 0; i < box.extents[axis]; ++i)
    copy_axes(box, axis + 1, target + i * box.target_strides[axis],
              source + i * box.source_strides[axis]);
}

template <typename T>
void copy_box(const StridedBox& box, std::byte* target, const std::byte* source) {
  copy_axes(box, 0, reinterpret_cast<T*>(target), reinterpret_cast<const T*>(source));
}

}  // namespace

void copy_strided(const StridedBox& box, std::size_t element_size, std::byte* target,
                  const std::byte* source) {
  switch (element_size) {
    case 1:
      return copy_box<std::uint8_t>(box, target, source);
    case 2:
      return copy_box<std::uint16_t>(box, target, source);
    case 4:
      return copy_box<std::uint32_t>(box, target, source);
    default:
      return copy_box<std::uint64_t>(box, target, source);
  }
}

}  // namespace evergpu::adapters::host
