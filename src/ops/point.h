// Element-wise functions that are more than one IR operation. Operands broadcast by NumPy's rule
// unless a function says otherwise.
#pragma once

#include <span>

#include "ir/build.h"

namespace evergpu::ops {

/// The common shape of x and y, or an error in TensorFlow's words.
Result<ir::Shape> broadcast_shape(const ir::Value& x, const ir::Value& y);
/// A binary IR operation with the shape check in TensorFlow's words.
ir::Value binary(ir::BinaryOp op, const ir::Value& x, const ir::Value& y);

/// x / y, and 0 where y is 0, even for an infinite or NaN x.
ir::Value divide_no_nan(const ir::Value& x, const ir::Value& y);
/// x * y, and 0 where y is 0, even for an infinite or NaN x.
ir::Value multiply_no_nan(const ir::Value& x, const ir::Value& y);
/// x / y, and 0 where x is 0, even for a y of 0.
ir::Value xdivy(const ir::Value& x, const ir::Value& y);
/// x * log(y), and 0 where x is 0.
ir::Value xlogy(const ir::Value& x, const ir::Value& y);
/// x * log(1 + y), and 0 where x is 0.
ir::Value xlog1py(const ir::Value& x, const ir::Value& y);
/// (x - y)².
ir::Value squared_difference(const ir::Value& x, const ir::Value& y);
/// x / y of floats, rounded towards zero.
ir::Value truncate_divide(const ir::Value& x, const ir::Value& y);
/// Whether |x - y| <= tolerance, as TensorFlow computes (and does not document).
ir::Value approximately_equal(const ir::Value& x, const ir::Value& y, double tolerance);
/// The float next to x in the direction of y; f32 or f64.
ir::Value next_after(const ir::Value& x, const ir::Value& y);

/// Rounded to nearest even; integers are themselves.
ir::Value round(const ir::Value& x);
/// 1 / x; of integers: 1, -1 or 0, and undefined for 0.
ir::Value reciprocal(const ir::Value& x);
/// The quantile function of the standard normal distribution. Computed in f64, so that f32 results
/// are right in the lower tail too.
ir::Value normal_quantile(const ir::Value& x);
/// How many bits of an integer are set, as u8.
ir::Value population_count(const ir::Value& x);

/// min(max(x, low), high) in x's shape; low and high are scalars or have x's shape.
ir::Value clip(const ir::Value& x, const ir::Value& low, const ir::Value& high);
/// x0 + x1 + … of values that all have one shape.
ir::Value add_all(std::span<const ir::Value> values);
/// condition ? x : y where x and y have one shape, and the condition has that shape, is a scalar,
/// or is a vector along the first axis.
ir::Value select_rows(const ir::Value& condition, const ir::Value& x, const ir::Value& y);

// Gradients of functions with respect to their operand, in terms of the result `y`.
ir::Value sqrt_gradient(const ir::Value& y, const ir::Value& gradient);
ir::Value rsqrt_gradient(const ir::Value& y, const ir::Value& gradient);
ir::Value reciprocal_gradient(const ir::Value& y, const ir::Value& gradient);

}  // namespace evergpu::ops
