// The inner loops of reductions, compiled for each instruction set.
#pragma once

#include <cstdint>

#include "ir/operation.h"

namespace evergpu::adapters::host {

/// Loops of one operation over one element type. The order of operations follows from the counts
/// alone.
struct ReduceKernels {
  /// *result = f over x[0 … n), in 64 interleaved chains that are then folded. n > 0.
  void (*row)(const void* x, std::int64_t n, void* result);
  /// sums[j] = f over rows r < count of x[r * stride + j], one after the other, for j < width;
  /// starts from what `sums` holds if `go_on`. count > 0.
  void (*rows)(const void* x, std::int64_t stride, std::int64_t count, std::int64_t width,
               void* sums, bool go_on);
};

/// Kernels for f32, f64, i32, u32, i64, u64 and (any, all) bool; nulls for other dtypes.
ReduceKernels reduce_kernels(ir::ReduceOp op, ir::DType dtype);

}  // namespace evergpu::adapters::host
