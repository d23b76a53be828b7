// The inner loops of pooling gradients, compiled for each instruction set. All over `n` channels.
#pragma once

#include <cstdint>

namespace evergpu::adapters::host {

struct WindowKernels {
  /// Where x is greater than best: best takes it, and origin becomes `tap`. NaN takes over from
  /// nobody and yields to nobody.
  void (*take_greater)(const void* x, std::int32_t tap, void* best, std::int32_t* origin,
                       std::int64_t n);
  /// result += gradient where origin is `tap`.
  void (*add_where)(const std::int32_t* origin, std::int32_t tap, const void* gradient,
                    void* result, std::int64_t n);
};

WindowKernels window_kernels_f32();
WindowKernels window_kernels_f64();

}  // namespace evergpu::adapters::host
