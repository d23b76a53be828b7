// 16-bit floats are computed in f32 where a formula has several steps: TensorFlow does so too.
#pragma once

#include "ir/build.h"

namespace evergpu::ops {

/// f32 for f16 and bf16, else the dtype itself.
constexpr ir::DType widened(ir::DType dtype) {
  return ir::is_float(dtype) && ir::size_of(dtype) == 2 ? ir::DType::f32 : dtype;
}
inline ir::Value widen(const ir::Value& x) { return ir::cast(x, widened(x.dtype())); }

}  // namespace evergpu::ops
