// Those functions of math.h that f64 computes by other methods than f32, which needs fewer digits.
// Within a few units in the last place, also where arguments are huge.
#pragma once

#include "adapters/vulkan/value.h"

namespace evergpu::adapters::vulkan::f64 {

// math_trigonometric_f64.cc
Value sin(const Value& x);
Value cos(const Value& x);
Value tan(const Value& x);
Value asin(const Value& x);
Value acos(const Value& x);
Value atan(const Value& x);
Value atan2(const Value& y, const Value& x);
/// sin(pi x) and cot(pi x), for x in [0, 1].
Value sine_of_half_turns(const Value& x);
Value cotangent_of_half_turns(const Value& x);

// math_special_f64.cc
Value erf(const Value& x);
Value erfc(const Value& x);
Value log_gamma(const Value& x);
Value digamma(const Value& x);

}  // namespace evergpu::adapters::vulkan::f64
