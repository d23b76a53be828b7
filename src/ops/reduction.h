// Reductions over axes. Axes may be negative; with `keep` reduced axes stay with extent 1.
#pragma once

#include "ir/build.h"

namespace evergpu::ops {

/// `axes`, each within [0, rank) and once; an error in TensorFlow's words otherwise.
Result<ir::Dims> normalized_axes(const ir::Dims& axes, int rank);

/// Sums and products of 16-bit floats are rounded once, at the end.
ir::Value reduce(ir::ReduceOp op, const ir::Value& x, const ir::Dims& axes, bool keep);
/// 16-bit floats are added in f32. Of integers: rounded towards zero. Of nothing: NaN.
ir::Value mean(const ir::Value& x, const ir::Dims& axes, bool keep);
/// The square root of the sum of squares.
ir::Value euclidean_norm(const ir::Value& x, const ir::Dims& axes, bool keep);
/// Half the sum of squares of all elements.
ir::Value half_sum_of_squares(const ir::Value& x);

}  // namespace evergpu::ops
