// The inner loops of pooling, compiled for each instruction set. Each goes over `count` positions
// of `width` channels; positions are `stride` elements apart in the image, and side by side in the
// pooled arrays.
#pragma once

#include <cstdint>
#include <span>

#include "ir/operation.h"

namespace evergpu::adapters::host {

struct Positions {
  std::int64_t count = 0;
  std::int64_t width = 0;
  std::int64_t stride = 0;
};

struct WindowKernels {
  /// pooled = the maximum or the sum of pooled and image.
  void (*combine)(const Positions& positions, const void* image, void* pooled);
  /// image += pooled.
  void (*add)(const Positions& positions, const void* pooled, void* image);
  /// Where the image is greater than best: best takes it, and origin becomes `tap`. NaN takes over
  /// from nobody and yields to nobody. Where origin is negative, best takes every element.
  void (*take_greater)(const Positions& positions, const void* image, std::int32_t tap, void* best,
                       std::int32_t* origin);
  /// image += pooled where origin is `tap`.
  void (*add_where)(const Positions& positions, const std::int32_t* origin, std::int32_t tap,
                    const void* pooled, void* image);

  // For windows that share no elements: those of a window are `taps` from its position on.
  using Taps = std::span<const std::int64_t>;
  /// pooled = the maximum or the sum of the window.
  void (*reduce)(const Positions& positions, Taps taps, const void* image, void* pooled);
  /// image = pooled at the window's first maximum in x, and else 0. NaN is as for take_greater.
  void (*give_to_first)(const Positions& positions, Taps taps, const void* x, const void* pooled,
                        void* image);
  /// image = pooled.
  void (*give_to_all)(const Positions& positions, Taps taps, const void* pooled, void* image);
};

/// Kernels for f32 and f64.
WindowKernels window_kernels(ir::ReduceOp op, ir::DType dtype);

}  // namespace evergpu::adapters::host
