#include "ir/shape.h"

#include <algorithm>

namespace evergpu::ir {

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (axis > 0) text += ',';
    text += std::to_string(shape[axis]);
  }
  return text + "]";
}

bool broadcasts_to(const Shape& from, const Shape& to) {
  const int extra = to.rank() - from.rank();
  if (extra < 0) return false;
  for (int axis = 0; axis < from.rank(); ++axis)
    if (from[axis] != 1 && from[axis] != to[axis + extra]) return false;
  return true;
}

bool broadcast_shape(const Shape& a, const Shape& b, Shape* result) {
  const Shape& longer = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  const int extra = longer.rank() - shorter.rank();
  Dims extents = longer.extents();
  for (int axis = 0; axis < shorter.rank(); ++axis) {
    std::int64_t& extent =
        extents[static_cast<std::size_t>(axis) + static_cast<std::size_t>(extra)];
    if (extent == 1)
      extent = shorter[axis];
    else if (shorter[axis] != 1 && shorter[axis] != extent)
      return false;
  }
  *result = Shape(std::move(extents));
  return true;
}

}  // namespace evergpu::ir
