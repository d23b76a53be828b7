// The error function and its kin, and the gamma function's logarithm and its derivative, of f32;
// erf_inverse of f64 too.
#include "adapters/vulkan/math.h"
#include "adapters/vulkan/math_f64.h"

namespace evergpu::adapters::vulkan {
namespace {

constexpr double pi = 3.14159265358979323846;
constexpr double log_of_pi = 1.14472988584940017414;

// What rounding a^2 to `square` loses. With a in two halves every product is exact (Dekker, "A
// floating-point technique for extending the available precision", 1971).
Value lost_in_square(const Value& a, const Value& square) {
  const Value high = float_of(bits_of(a) & 0xfffff000);
  const Value low = a - high;
  const Value mixed = (high + high) * low;
  return ((high * high - square) + mixed) + low * low;
}

// sin(pi x), for x >= 0, by x modulo 2, which is exact.
Value sin_of_pi_times(const Value& x) {
  const Value reduced = x - floor(x * 0.5) * 2.0;
  const Value over = reduced >= 1.0;
  const Value inside = select(over, reduced - 1.0, reduced);
  const Value nearest = select(inside > 0.5, 1.0 - inside, inside);
  const Value y = sin(nearest * pi);
  return select(over, -y, y);
}

}  // namespace

// Two minimax polynomials, meeting at 475/512: x + x P(x^2), and 1 - exp(Q(|x|)).
Value erf(const Value& x) {
  if (x.type == Type::f64) return f64::erf(x);
  const Value t = absolute(x);
  const Value s = x * x;
  const Value inner = polynomial({1.28379166e-1, -3.76125336e-1, 1.12819925e-1, -2.67681349e-2,
                                  4.99119423e-3, -5.96761703e-4},
                                 s) *
                          x +
                      x;
  const Value bounded = select(t > 4.0, x.like(4), t);
  const Value outer = polynomial({-1.28717512e-1, -6.34846687e-1, -1.06777877e-1, 2.42546219e-2,
                                  -3.88396438e-3, 3.83197126e-4, -1.72853470e-5},
                                 bounded);
  const Value far = select(t > 4.0, x.like(1), 1.0 - exp(outer * bounded - bounded));
  return keep_nan(x, select(t > 475.0 / 512, with_sign_of(far, x), inner));
}

// exp(-x^2) t P(t) with t = 1 / (1 + |x| / 2). What rounding x^2 loses is put back, since exp would
// blow it up.
Value erfc(const Value& x) {
  if (x.type == Type::f64) return f64::erfc(x);
  const Value magnitude = absolute(x);
  const Value a = select(magnitude < 10.5, magnitude, x.like(10.5));  // beyond, it is 0 or 2
  const Value t = 1.0 / (a * 0.5 + 1.0);
  const Value sum = polynomial({0.282065898, 0.282827854, 0.238904178, 0.224259421, -0.0944197923,
                                0.413700014, -0.66058296, 0.421630204, -0.120068789, 0.01168394},
                               t);
  const Value square = a * a;
  Value y = exp(-square) * (t * sum);
  y = y - y * lost_in_square(a, square);
  return keep_nan(x, select(x < 0.0, 2.0 - y, y));
}

// The quantile of the normal distribution (algorithm AS 241, M. J. Wichura, Applied Statistics 37,
// 1988), as in ir/special_functions.cc.
Value erf_inverse(const Value& x) {
  const Value distance = 1.0 - absolute(x);
  const Value q = x * 0.5;
  const Value central = absolute(q) <= 0.425;
  const Value s = 0.180625 - q * q;
  const Value middle =
      q *
      polynomial({3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                  1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                  3.3430575583588128105e4, 2.5090809287301226727e3},
                 s) /
      polynomial({1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
                  2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
                  5.2264952788528545610e3},
                 s);
  const Value r = square_root(-log(select(central, x.like(0.25), distance * 0.5)));
  const Value t = r - 1.6;
  Value tail =
      polynomial({1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
                  3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
                  2.27238449892691845833e-2, 7.74545014278341407640e-4},
                 t) /
      polynomial({1.0, 2.05319162663775882187e0, 1.67638483018380384940e0,
                  6.89767334985100004550e-1, 1.48103976427480074590e-1, 1.51986665636164571966e-2,
                  5.47593808499534494600e-4, 1.05075007164441684324e-9},
                 t);
  if (x.type == Type::f64) {  // f32 has no numbers so near to 1
    const Value u = r - 5.0;
    const Value far =
        polynomial({6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
                    2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                    2.71155556874348757815e-5, 2.01033439929228813265e-7},
                   u) /
        polynomial({1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1,
                    1.48753612908506148525e-2, 7.86869131145613259100e-4, 1.84631831751005468180e-5,
                    1.42151175831644588870e-7, 2.04426310338993978564e-15},
                   u);
    tail = select(r <= 5.0, tail, far);
  }
  const Value quantile = select(central, middle, with_sign_of(tail, x));
  const Value inside =
      select(distance > 0.0, quantile * 0.70710678118654752440, with_sign_of(infinity(x), x));
  return keep_nan(x, select(distance < 0.0, not_a_number(x), inside));
}

// Stirling's series from 8 on, recurrence below, near 1 and 2, where the result is near 0, Taylor's
// series about them, and reflection below 1/2 (Abramowitz and Stegun, 6.1.33, 6.1.41 and 6.1.17).
Value log_gamma(const Value& x) {
  if (x.type == Type::f64) return f64::log_gamma(x);
  const Value magnitude = absolute(x);
  const Value reflects = x < 0.5;
  const Value z = select(reflects, 1.0 - x, x);
  // Large z: Stirling.
  const auto stirling = [&](const Value& v) {
    const Value inverse = 1.0 / v;
    const Value series =
        polynomial({8.33333333333333e-2, -2.77777777777778e-3, 7.93650793650794e-4},
                   inverse * inverse) *
        inverse;
    return (v - 0.5) * (log(v) - 1.0) + (0.41893853320467274178 + series);
  };
  // z in [2.5, 8): log of the product of what the recurrence multiplies.
  Value product = z.like(1);
  Value shifted = z;
  for (int i = 0; i < 8; ++i) {
    const Value down = shifted >= 2.5;
    const Value next = select(down, shifted - 1.0, shifted);
    product = product * select(down, next, z.like(1));
    shifted = next;
  }
  const Value up = shifted < 1.5;
  // log gamma(2 + t), t in [-1/2, 1/2]: zeta's values, alternating, over their index.
  const Value t = select(up, shifted - 1.0, shifted - 2.0);
  const Value about_two =
      polynomial({4.22784335098467139e-1, 3.22467033424113218e-1, -6.73523010531980952e-2,
                  2.05808084277845479e-2, -7.38555102867398527e-3, 2.89051033074152328e-3,
                  -1.19275391170326098e-3, 5.09669524743042450e-4, -2.23154758453579380e-4,
                  9.94575127818085338e-5, -4.49262367381331405e-5, 2.05072127756706579e-5},
                 t) *
      t;
  const Value moderate = select(up, about_two - log1p(t), about_two) + log(product);
  const Value of_z = select(z < 8.0, moderate, stirling(select(z < 8.0, z.like(8), z)));
  const Value sine = absolute(sin_of_pi_times(magnitude));
  // log gamma(x) = log pi - log |sin(pi x)| - log gamma(1 - x)
  const Value reflected = log_of_pi - log(sine) - of_z;
  const Value whole = floor(x) == x;
  const Value pole = reflects & whole;
  const Value result = select(pole, infinity(x), select(reflects, reflected, of_z));
  return keep_nan(x, select(is_infinite(x), infinity(x), result));
}

// Reflection for x <= 0, recurrence up to 10, then the asymptotic series (Abramowitz and Stegun,
// 6.3.7, 6.3.5 and 6.3.18); near the zero at 1.46, Taylor's series about it.
Value digamma(const Value& x) {
  if (x.type == Type::f64) return f64::digamma(x);
  const Value negative = x <= 0.0;
  const Value nearest = x - round_even(x);
  const Value half = absolute(nearest) == 0.5;
  const Value cotangent = -pi / tan(select(negative, nearest, x.like(0.25)) * pi);
  Value z = select(negative, 1.0 - x, x);
  const Value start = select(negative & (!half), cotangent, x.like(0));
  Value sum = x.like(0);
  for (int i = 0; i < 10; ++i) {
    const Value small = z < 10.0;
    sum = sum - select(small, 1.0 / z, x.like(0));
    z = select(small, z + 1.0, z);
  }
  const Value square = 1.0 / (z * z);
  const Value series = polynomial({1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240}, square) * square;
  const Value general = start + (sum + ((log(z) - 0.5 / z) - series));
  const Value t = (x - 1.4616321325302124) - 1.2438066e-8;
  const Value near_zero =
      polynomial({9.67672245447621170e-1, -4.42763168983592106e-1, 2.58499760955651010e-1,
                  -1.63942705442406527e-1, 1.07824050691262365e-1, -7.21995612564547109e-2},
                 t) *
      t;
  const Value y = select(absolute(t) < 0.1, near_zero, general);
  const Value whole = negative & (floor(x) == x);
  const Value special = select(x == 0.0, -infinity(x), not_a_number(x));
  return keep_nan(x, select(whole, special, select(x == infinity(x), x, y)));
}

}  // namespace evergpu::adapters::vulkan
