// Functions of f32 and f64 values as code: range reduction and polynomials of our own, since Vulkan
// allows its built-in functions errors that training notices. Within a few units in the last place,
// special values as IEEE 754 wants them, and the same bits on every device that rounds as IEEE 754
// says.
//
// The methods are those of Cephes (S. L. Moshier) and SLEEF (N. Shibata), without fused
// multiplication; where f64 needs others, they are named beside the code.
#pragma once

#include "adapters/vulkan/value.h"

namespace evergpu::adapters::vulkan {

// math_exp.cc
Value exp(const Value& x);
Value expm1(const Value& x);
Value log(const Value& x);
Value log1p(const Value& x);
Value sigmoid(const Value& x);
Value softplus(const Value& x);
Value tanh(const Value& x);
Value sinh(const Value& x);
Value cosh(const Value& x);
Value asinh(const Value& x);
Value acosh(const Value& x);
Value atanh(const Value& x);
/// x 2^n for an integer n (two's complement, of x's width), |n| at most twice the greatest
/// exponent.
Value scale_by_power_of_two(const Value& x, const Value& n);

// math_trigonometric.cc and math_trigonometric_f64.cc
Value sin(const Value& x);
Value cos(const Value& x);
Value tan(const Value& x);
Value asin(const Value& x);
Value acos(const Value& x);
Value atan(const Value& x);
Value atan2(const Value& y, const Value& x);

// math_special.cc and math_special_f64.cc
Value erf(const Value& x);
Value erfc(const Value& x);
Value erf_inverse(const Value& x);
Value log_gamma(const Value& x);
Value digamma(const Value& x);

// math_power.cc
Value power(const Value& x, const Value& y);
/// The remainder with the sign of x, exactly.
Value remainder(const Value& x, const Value& y);

}  // namespace evergpu::adapters::vulkan
