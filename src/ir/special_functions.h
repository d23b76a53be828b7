// Special functions that the C++ library lacks.
#pragma once

namespace evergpu::ir {

/// The logarithmic derivative of the gamma function. -infinity at 0, NaN at negative integers.
double digamma(double x);

/// The inverse of erf: ±infinity at ±1, NaN outside [-1, 1].
double erf_inverse(double x);

/// log |gamma(x)|; +infinity at 0 and negative integers.
double log_gamma(double x);

}  // namespace evergpu::ir
