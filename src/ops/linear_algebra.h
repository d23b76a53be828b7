// Factorisations of small matrices, computed in host memory: what initializers need, once.
#pragma once

#include "base/status.h"
#include "ir/tensor.h"

namespace evergpu::ops {

struct Qr {
  ir::Tensor q;
  ir::Tensor r;
};

/// Each matrix of a [..., m, n], f32 or f64, as Q with orthonormal columns times an upper triangle
/// R. Q is [m, min(m, n)], or [m, m] where `full`.
Result<Qr> qr(const ir::TensorView& a, bool full);

}  // namespace evergpu::ops
