#include "adapters/host/pooling.h"

namespace evergpu::adapters::host {

using ir::Dims;

Pooling pooling_of(const ir::Window& window, const ir::Shape& input, const ir::Shape& output) {
  const auto is_free = [&](int axis) {
    const auto i = static_cast<std::size_t>(axis);
    return window.extents[i] == 1 && window.strides[i] == 1 && input[axis] == output[axis];
  };
  Pooling pooling;
  int first = 0;
  int last = input.rank();
  while (first < last && is_free(first)) pooling.images *= input[first++];
  while (last > first && is_free(last - 1)) pooling.channels *= input[--last];
  if (first == last) {  // nothing is pooled: one position
    pooling.input = pooling.output = pooling.window = pooling.strides = Dims{1};
    pooling.pad_low = Dims{0};
  }
  for (int axis = first; axis < last; ++axis) {
    const auto i = static_cast<std::size_t>(axis);
    pooling.input.push_back(input[axis]);
    pooling.output.push_back(output[axis]);
    pooling.window.push_back(window.extents[i]);
    pooling.strides.push_back(window.strides[i]);
    pooling.pad_low.push_back(window.pad_low[i]);
  }
  return pooling;
}

}  // namespace evergpu::adapters::host
