// Matrix products.
#pragma once

#include "ir/build.h"

namespace evergpu::ops {

struct MatMulParameters {
  bool transpose_a = false;
  bool transpose_b = false;
};

/// a [m, k] times b [k, n], either stored transposed.
ir::Value matmul(const ir::Value& a, const ir::Value& b, const MatMulParameters& parameters);
/// Matrices in the last two axes; the axes before them broadcast by NumPy's rule.
ir::Value batch_matmul(const ir::Value& a, const ir::Value& b, const MatMulParameters& parameters);

}  // namespace evergpu::ops
