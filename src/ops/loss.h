// Softmax and the losses that end in one. 16-bit floats are computed in f32.
#pragma once

#include "ir/build.h"

namespace evergpu::ops {

/// exp(x) / sum(exp(x)) along the last axis.
ir::Value softmax(const ir::Value& x);
/// log(softmax(x)), computed without taking the logarithm of a small number.
ir::Value log_softmax(const ir::Value& x);

/// A loss per row, and its gradient with respect to the logits.
struct LossAndGradient {
  ir::Value loss;      // [rows]
  ir::Value gradient;  // [rows, classes]
};

/// The cross entropy between distributions `labels` and softmax(logits), both [rows, classes] or
/// broadcast to that.
LossAndGradient softmax_cross_entropy(const ir::Value& logits, const ir::Value& labels);

/// The same with one right class per row: labels is i32 or i64 [rows]. A label that is no class
/// gives NaN in its row.
LossAndGradient sparse_softmax_cross_entropy(const ir::Value& logits, const ir::Value& labels);

}  // namespace evergpu::ops
