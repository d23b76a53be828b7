// The reference interpreter: plain loops that say what each node kind means. It is the oracle for
// the compiler and every adapter, and what the host adapter runs where it has nothing faster.
#pragma once

#include <span>
#include <vector>

#include "base/status.h"
#include "ir/graph.h"
#include "ir/tensor.h"

namespace evergpu::ir {

/// Computes one operation (not `load`) into `result`, which has the operation's dtype and shape.
/// Operand and result bytes do not overlap. Each result element is computed in Compute<T> (sums of
/// 16-bit floats in float) and rounded once.
void evaluate(const Operation& operation, std::span<const TensorView> operands,
              const MutableTensorView& result);

/// Computes a whole graph; `leaves[i]` are the bytes of the i-th leaf. Returns the wanted values in
/// order.
std::vector<Tensor> evaluate(const Graph& graph, std::span<const TensorView> leaves);

}  // namespace evergpu::ir
