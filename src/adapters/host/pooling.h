// The axes of pooling: those in the middle, over which windows move.
#pragma once

#include "ir/operation.h"

namespace evergpu::adapters::host {

/// A window over the middle axes of [images, middle…, channels].
struct Pooling {
  std::int64_t images = 1;
  std::int64_t channels = 1;
  ir::Dims input;  // extents of the middle axes, and so on
  ir::Dims output;
  ir::Dims window;
  ir::Dims strides;
  ir::Dims pad_low;

  std::int64_t input_positions() const { return ir::Shape(input).elements(); }
  std::int64_t output_positions() const { return ir::Shape(output).elements(); }
  std::int64_t taps() const { return ir::Shape(window).elements(); }
};

/// `input` and `output` are the shapes of what is pooled, and of the result.
Pooling pooling_of(const ir::Window& window, const ir::Shape& input, const ir::Shape& output);

}  // namespace evergpu::adapters::host
