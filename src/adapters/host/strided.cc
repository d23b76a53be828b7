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

template <typename T>
void copy_plane(Axis outer, Axis inner, T* target, const T* source) {
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
