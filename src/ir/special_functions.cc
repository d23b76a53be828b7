#include "ir/special_functions.h"

#include <cmath>
#include <limits>

namespace evergpu::ir {
namespace {

constexpr double pi = 3.14159265358979323846;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// c[0] + c[1] x + …
template <int Count>
double polynomial(const double (&c)[Count], double x) {
  double sum = c[Count - 1];
  for (int i = Count - 2; i >= 0; --i) sum = sum * x + c[i];
  return sum;
}

/// The quantile of the normal distribution for p = q + 1/2, given also r = min(p, 1 - p).
/// Algorithm AS 241 (PPND16), M. J. Wichura, Applied Statistics 37 (1988), 477–484: relative error
/// about 1e-16.
double normal_quantile(double q, double r) {
  static constexpr double a[] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                 1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                 3.3430575583588128105e+4, 2.5090809287301226727e+3};
  static constexpr double b[] = {1.0,
                                 4.2313330701600911252e+1,
                                 6.8718700749205790830e+2,
                                 5.3941960214247511077e+3,
                                 2.1213794301586595867e+4,
                                 3.9307895800092710610e+4,
                                 2.8729085735721942674e+4,
                                 5.2264952788528545610e+3};
  static constexpr double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                 5.76949722146069140550e0,  3.64784832476320460504e0,
                                 1.27045825245236838258e0,  2.41780725177450611770e-1,
                                 2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static constexpr double d[] = {1.0,
                                 2.05319162663775882187e0,
                                 1.67638483018380384940e0,
                                 6.89767334985100004550e-1,
                                 1.48103976427480074590e-1,
                                 1.51986665636164571966e-2,
                                 5.47593808499534494600e-4,
                                 1.05075007164441684324e-9};
  static constexpr double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                 1.78482653991729133580e0,  2.96560571828504891230e-1,
                                 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                 2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static constexpr double f[] = {1.0,
                                 5.99832206555887937690e-1,
                                 1.36929880922735805310e-1,
                                 1.48753612908506148525e-2,
                                 7.86869131145613259100e-4,
                                 1.84631831751005468180e-5,
                                 1.42151175831644588870e-7,
                                 2.04426310338993978564e-15};
  if (std::abs(q) <= 0.425) {
    const double s = 0.180625 - q * q;
    return q * polynomial(a, s) / polynomial(b, s);
  }
  const double s = std::sqrt(-std::log(r));
  const double magnitude = s <= 5 ? polynomial(c, s - 1.6) / polynomial(d, s - 1.6)
                                  : polynomial(e, s - 5) / polynomial(f, s - 5);
  return q < 0 ? -magnitude : magnitude;
}

}  // namespace

double erf_inverse(double x) {
  const double distance = 1 - std::abs(x);
  if (!(distance >= 0)) return std::numeric_limits<double>::quiet_NaN();
  if (distance == 0) return x * infinity;
  return normal_quantile(x / 2, distance / 2) * 0.70710678118654752440;
}

// Reflection for x <= 0, recurrence up to 10, then the asymptotic series (Abramowitz and Stegun,
// Handbook of Mathematical Functions, 6.3.7, 6.3.5 and 6.3.18).
double digamma(double x) {
  if (x == 0) return -infinity;
  double sum = 0;
  if (x < 0) {
    if (std::floor(x) == x) return std::numeric_limits<double>::quiet_NaN();
    // cot(pi x) of the fraction, nearest to a pole, where it is accurate. No rounding, even near 0.
    const double fraction = x - std::round(x);
    sum = fraction == 0.5 ? 0 : -pi / std::tan(pi * fraction);
    x = 1 - x;
  }
  for (; x < 10; x += 1) sum -= 1 / x;
  if (x == infinity) return infinity;
  static constexpr double series[] = {1.0 / 12,  -1.0 / 120,     1.0 / 252, -1.0 / 240,
                                      1.0 / 132, -691.0 / 32760, 1.0 / 12};
  const double square = 1 / (x * x);
  return sum + std::log(x) - 0.5 / x - square * polynomial(series, square);
}

double log_gamma(double x) { return x == -infinity ? infinity : std::lgamma(x); }

}  // namespace evergpu::ir
