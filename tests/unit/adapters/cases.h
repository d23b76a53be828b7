// What the library kernels of every adapter are tested with.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "ir/build.h"
#include "ir/tensor.h"

namespace evergpu::adapters {

/// A leaf of this dtype and shape, without bytes.
inline ir::Value leaf(const ir::Tensor& tensor) {
  return ir::Node::stored(tensor.dtype(), tensor.shape(), nullptr);
}

struct ConvolutionCase {
  ir::Shape input;  // channels last
  ir::Shape filter;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t pad_low = 0;
  std::int64_t pad_high = 0;
  std::int64_t groups = 1;
};

inline ir::Convolution attributes_of(const ConvolutionCase& c, ir::Layout layout) {
  const auto spatial = static_cast<std::size_t>(c.input.rank() - 2);
  ir::Convolution attributes;
  attributes.strides = ir::Dims(spatial, c.stride);
  attributes.dilations = ir::Dims(spatial, c.dilation);
  attributes.pad_low = ir::Dims(spatial, c.pad_low);
  attributes.pad_high = ir::Dims(spatial, c.pad_high);
  attributes.groups = c.groups;
  attributes.layout = layout;
  return attributes;
}

/// The shape of images, channels last, in a layout.
inline ir::Shape in_layout(const ir::Shape& images, ir::Layout layout) {
  ir::Dims extents = images.extents();
  if (layout == ir::Layout::channels_first)
    std::rotate(extents.begin() + 1, extents.end() - 1, extents.end());
  return ir::Shape(std::move(extents));
}

inline const ConvolutionCase convolution_cases[] = {
    {{2, 9, 8, 3}, {3, 3, 3, 16}, 1, 1, 1, 1, 1}, {{2, 9, 8, 16}, {3, 3, 16, 32}, 2, 1, 0, 1, 1},
    {{1, 11, 7, 4}, {3, 2, 4, 5}, 1, 2, 1, 2, 1}, {{2, 8, 8, 8}, {3, 3, 1, 8}, 1, 1, 1, 1, 8},
    {{2, 8, 8, 8}, {3, 3, 1, 16}, 2, 1, 1, 1, 8}, {{2, 8, 8, 8}, {1, 1, 4, 10}, 1, 1, 0, 0, 2},
    {{3, 20, 6}, {5, 6, 7}, 2, 1, 2, 2, 1},       {{1, 5, 6, 7, 3}, {2, 3, 2, 3, 4}, 1, 1, 1, 0, 1},
    {{2, 5, 5, 3}, {5, 5, 3, 2}, 1, 1, 0, 0, 1},  {{2, 2, 3, 5}, {1, 2, 5, 6}, 3, 1, 0, 0, 1},
    {{9, 30, 3, 5}, {1, 1, 5, 5}, 1, 1, 0, 0, 1},  // many lines: sums in parts
    {{1, 7, 10, 4}, {2, 3, 4, 9}, 3, 1, 1, 1, 1},  // extents that are no multiples of the stride
    {{1, 9, 9, 4}, {3, 3, 4, 9}, 2, 2, 2, 2, 1},
};

struct WindowCase {
  ir::Shape input;
  ir::Dims extents;
  ir::Dims strides;
  ir::Dims pad_low;
  ir::Dims pad_high;
};

inline const WindowCase window_cases[] = {
    {{2, 8, 8, 5}, {1, 2, 2, 1}, {1, 2, 2, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}},
    {{2, 9, 7, 33}, {1, 3, 3, 1}, {1, 2, 2, 1}, {0, 1, 0, 0}, {0, 1, 1, 0}},
    {{2, 3, 9, 7}, {1, 1, 3, 2}, {1, 1, 1, 3}, {0, 0, 1, 1}, {0, 0, 1, 1}},
    {{1, 4, 5, 6, 3}, {1, 2, 2, 2, 1}, {1, 2, 1, 2, 1}, {0, 0, 1, 0, 0}, {0, 0, 0, 0, 0}},
    {{2, 3, 4, 3, 2}, {2, 1, 2, 3, 2}, {1, 2, 1, 1, 2}, {1, 0, 1, 0, 0}, {0, 0, 0, 2, 1}},
    {{3, 10, 4}, {1, 3, 1}, {1, 4, 1}, {0, 0, 0}, {0, 1, 0}},
    {{2, 6}, {1, 1}, {1, 1}, {0, 0}, {0, 0}},
    {{5}, {2}, {2}, {0}, {1}},
    {{18, 24, 24, 21}, {1, 2, 3, 1}, {1, 2, 2, 1}, {0, 0, 1, 0}, {0, 0, 0, 0}},  // many elements
    {{1}, {3}, {1}, {0}, {0}},                                                   // no window fits
};

}  // namespace evergpu::adapters
