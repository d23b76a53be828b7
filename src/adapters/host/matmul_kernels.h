// The inner loop of our own matrix multiplication, compiled for each instruction set.
#pragma once

#include <cstdint>

namespace evergpu::adapters::host {

/// Multiplies panels: `rows` rows of a and `columns` columns of b, stored so that what belongs to
/// one k lies together.
struct MatMulKernels {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  /// result[i * columns + j] = sum over p < k of a[p * rows + i] * b[p * columns + j].
  void (*multiply)(const void* a, const void* b, std::int64_t k, void* result);
};

/// The most elements of one product of panels.
inline constexpr std::int64_t max_panel_product = 6 * 64;

MatMulKernels matmul_kernels_f32();
MatMulKernels matmul_kernels_f64();

}  // namespace evergpu::adapters::host
