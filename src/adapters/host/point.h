// Element-wise kernels over short contiguous arrays: what a Loop's instructions are run with. Each
// result element depends on its operand elements alone, never on where it stands in the array, so
// that bits do not depend on how a loop is cut into tiles.
#pragma once

#include <cstdint>

#include "ir/operation.h"

namespace evergpu::adapters::host {

/// One call: result[i] = f(a[i], b[i], c[i]) for i < n. A uniform operand is one element for all i.
/// The result may be exactly an operand's bytes when their elements are equally large.
struct PointCall {
  const void* a = nullptr;
  const void* b = nullptr;
  const void* c = nullptr;
  void* result = nullptr;
  std::int64_t n = 0;
  bool a_uniform = false;
  bool b_uniform = false;
  bool c_uniform = false;
};
using PointKernel = void (*)(const PointCall& call);

// Kernels by operation and operand dtype. 16-bit floats have no kernels of their own: registers
// hold them as f32 (see round_kernel). Null when the operation does not exist for the dtype.
PointKernel unary_kernel(ir::UnaryOp op, ir::DType dtype);
PointKernel binary_kernel(ir::BinaryOp op, ir::DType dtype);
/// a is bool; b and c are elements of `dtype`.
PointKernel select_kernel(ir::DType dtype);
/// Neither dtype is a 16-bit float.
PointKernel cast_kernel(ir::DType from, ir::DType to);

/// Equally large elements, as registers hold them.
PointKernel bitcast_kernel(ir::DType from, ir::DType to);

/// f16 and bf16: computed in f32.
constexpr bool is_small_float(ir::DType dtype) {
  return dtype == ir::DType::f16 || dtype == ir::DType::bf16;
}
/// Rounds f32 elements to the nearest value of a 16-bit float dtype; they stay f32.
PointKernel round_kernel(ir::DType dtype);
/// binary_kernel of f32, then round_kernel; null where there is nothing faster than the two.
PointKernel rounded_binary_kernel(ir::BinaryOp op, ir::DType dtype);
/// 16-bit floats in memory, as f32 elements.
PointKernel widen_kernel(ir::DType dtype);
/// f32 elements that are values of the 16-bit float dtype, as 16-bit floats in memory.
PointKernel narrow_kernel(ir::DType dtype);
/// Writes `n` f32 elements to memory as 16-bit floats of `dtype`, rounded; they are rounded in
/// place.
void store_rounded(ir::DType dtype, void* elements, std::int64_t n, void* to);

// The same operations with vector instructions; null where there is nothing better than the
// portable kernel.
PointKernel vector_unary_kernel(ir::UnaryOp op, ir::DType dtype);
PointKernel vector_binary_kernel(ir::BinaryOp op, ir::DType dtype);
PointKernel math_kernel(ir::UnaryOp op, ir::DType dtype);
PointKernel vector_cast_kernel(ir::DType from, ir::DType to);
PointKernel vector_round_kernel(ir::DType dtype);
PointKernel vector_widen_kernel(ir::DType dtype);
PointKernel vector_narrow_kernel(ir::DType dtype);

}  // namespace evergpu::adapters::host
