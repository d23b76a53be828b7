// The error function, and the gamma function's logarithm and its derivative, of f64. Polynomials
// are what interpolates the function at the Chebyshev nodes of the interval, computed with 60
// digits.
#include "adapters/vulkan/math.h"
#include "adapters/vulkan/math_f64.h"
#include "adapters/vulkan/pair.h"

namespace evergpu::adapters::vulkan::f64 {
namespace {

constexpr double pi = 3.14159265358979323846;
constexpr double log_of_pi = 1.14472988584940017414;

// erf(x) - x for |x| <= 1/2, over x.
Value erf_beyond_linear(const Value& x) {
  return polynomial({0.1283791670955126, -0.37612638903183754, 0.11283791670955123,
                     -0.026866170645130034, 0.005223977625403192, -0.0008548327016159163,
                     0.00012055332131175981, -1.4925586560096415e-05, 1.6459034327218912e-06,
                     -1.6273138761686977e-07, 1.3214378238338438e-08},
                    x * x);
}

// erfc(x) for x >= 1/2: (1 + 2x) exp(x^2) erfc(x) is nearly constant, and smooth in
// (x - 4) / (x + 4) (M. M. Shepherd, J. G. Laframboise, "Chebyshev approximation of
// (1 + 2x) exp(x^2) erfc x in 0 <= x < inf", Mathematics of Computation 36, 1981).
Value erfc_of_large(const Value& x) {
  const Value a = select(x < 28.0, x, x.like(28));  // beyond, it is 0
  const Value p =
      polynomial({1.2329951186255526,     -0.1396211168405625,     0.015379652102619901,
                  0.06809705425468844,    -0.1010390660363143,     0.09373283499853434,
                  -0.06633036581196795,   0.03716751553379472,     -0.016197734061059108,
                  0.00503197001856426,    -0.0007577732634973155,  -0.00019925696553927866,
                  0.00015062155590137163, -2.4398057333996413e-05, -1.1221668942295945e-05,
                  5.706494720146254e-06,  2.9313186423696087e-07,  -8.195085083459565e-07,
                  7.540467350144586e-08,  1.03256669073015e-07,    -1.8406671051403966e-08,
                  -9.652213521087604e-09, 1.9717656765049794e-09},
                 (a - 4.0) / (a + 4.0));
  // What rounding x^2 loses is put back, since exp would blow it up.
  const Pair square = exact_product(a, a);
  const Value y = vulkan::exp(-square.high) * (p / (a + a + 1.0));
  return y - y * square.low;
}

// log gamma(2 + t) / t, |t| <= 1/2.
Value log_gamma_about_two(const Value& t) {
  return polynomial(
      {0.42278433509846713, 0.32246703342411326, -0.0673523010531981, 0.02058080842778038,
       -0.0073855510286719986, 0.002890510331034267, -0.0011927539118428156, 0.0005096695154115458,
       -0.00022315475400520507, 9.945767355819498e-05, -4.49263133791557e-05,
       2.0505590755833454e-05, -9.438715099211532e-06, 4.38470440459836e-06,
       -2.0439048107029907e-06, 9.200527894968101e-07, -4.3252393445604814e-07,
       2.78740805211359e-07, -1.3219945666117874e-07},
      t);
}

// Of x > 0. From 8 on Stirling's series, below recurrence to where the polynomial is (Abramowitz
// and Stegun, 6.1.41 and 6.1.15).
Value log_gamma_of_positive(const Value& x) {
  const Value large = x >= 8.0;
  const Value below_half = x < 0.5;
  const Value below_two = x < 1.5;
  // x = t + 2 + steps, and the result is that of 2 + t and the logarithm of `product`, or less it.
  Value shifted = select(large, x.like(2), x);
  Value product = x.like(1);
  for (int i = 0; i < 6; ++i) {
    const Value down = shifted >= 2.5;
    shifted = select(down, shifted - 1.0, shifted);
    product = select(down, product * shifted, product);
  }
  const Value t = select(below_half, x, select(below_two, x - 1.0, shifted - 2.0));
  product = select(below_half, x + x * x, select(below_two, x, product));
  const Value log = vulkan::log(select(large, x, product));
  const Value about_two = log_gamma_about_two(t) * t;
  const Value moderate = select(below_two, about_two - log, about_two + log);
  const Value inverse = 1.0 / select(large, x, x.like(8));
  const Value series = polynomial({1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188,
                                   -691.0 / 360360, 1.0 / 156, -3617.0 / 122400},
                                  inverse * inverse) *
                       inverse;
  // Half the logarithm of 2 pi, less 1/2.
  const Value stirling = (x - 0.5) * (log - 1.0) + (0.4189385332046727 + series);
  return select(large, stirling, moderate);
}

// digamma(1 + y), y >= 0. Below 1 a polynomial that knows the zero at 1.46, below 9 recurrence to
// there, then the asymptotic series (Abramowitz and Stegun, 6.3.5 and 6.3.18).
Value digamma_after_one(const Value& y) {
  const Value large = y >= 9.0;
  Value v = select(large, y.like(0.5), y);
  Value sum = y.like(0);
  for (int i = 0; i < 8; ++i) {
    const Value down = v >= 1.0;
    sum = sum + select(down, 1.0 / v, y.like(0));
    v = select(down, v - 1.0, v);
  }
  const Value p =
      polynomial({0.9510558760318328,     -0.4236274212814606,     0.24054248424078697,
                  -0.14840492305388092,   0.09498872445289039,     -0.06192213327548831,
                  0.040760833940846085,   -0.026975796659787055,   0.017907248317313294,
                  -0.011908220105959716,  0.007927021796868154,    -0.005279937255532708,
                  0.003518106563802472,   -0.0023454947397380833,  0.0015633696313653504,
                  -0.0010364584817312839, 0.0006909255761282986,   -0.00048595039220036254,
                  0.00032395945401345196, -0.00014480643368061614, 9.653646261410062e-05,
                  -0.0001782188548855923, 0.00011881232908510335},
                 v - 0.5);
  const Value small = sum + ((v - 0.46163214496836236) + 1.5522348162858677e-17) * p;
  const Value z = select(large, y, y.like(9)) + 1.0;
  const Value square = 1.0 / (z * z);
  const Value series =
      polynomial({1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760, 1.0 / 12},
                 square) *
      square;
  return select(large, (vulkan::log(z) - 0.5 / z) - series, small);
}

// x - floor(x): no rounding for x >= 0.
Value fraction_of_positive(const Value& x) { return x - floor(x); }

}  // namespace

Value erf(const Value& x) {
  const Value a = absolute(x);
  const Value small = a < 0.5;
  const Value inner = x + x * erf_beyond_linear(select(small, x, x.like(0)));
  const Value outer = 1.0 - erfc_of_large(select(small, x.like(0.5), a));
  return keep_nan(x, select(small, inner, with_sign_of(outer, x)));
}

Value erfc(const Value& x) {
  const Value a = absolute(x);
  const Value small = a < 0.5;
  const Value inner = 1.0 - (x + x * erf_beyond_linear(select(small, x, x.like(0))));
  const Value outer = erfc_of_large(select(small, x.like(0.5), a));
  return keep_nan(x, select(small, inner, select(x < 0.0, 2.0 - outer, outer)));
}

// Reflection below 0 (Abramowitz and Stegun, 6.1.17): gamma(x) gamma(-x) = -pi / (x sin(pi x)).
Value log_gamma(const Value& x) {
  const Value a = absolute(x);
  const Value of_a = log_gamma_of_positive(a);
  // Nearer to 0 it is -log |x| on both sides, and the product below would become 0.
  const Value reflects = x < -0x1p-60;
  const Value sine = sine_of_half_turns(select(reflects, fraction_of_positive(a), x.like(0.5)));
  const Value reflected = log_of_pi - vulkan::log(select(reflects, a * sine, x.like(1))) - of_a;
  const Value pole = (x <= 0.0) & (floor(x) == x);
  const Value result = select(pole, infinity(x), select(reflects, reflected, of_a));
  return keep_nan(x, select(is_infinite(x), infinity(x), result));
}

// Reflection below 0: digamma(x) = digamma(1 - x) - pi cot(pi x) (Abramowitz and Stegun, 6.3.7).
Value digamma(const Value& x) {
  const Value a = absolute(x);
  const Value negative = x < 0.0;
  const Value below_one = x < 1.0;
  // Every argument of it is exact.
  const Value base = digamma_after_one(select(below_one, a, x - 1.0));
  const Value cotangent = cotangent_of_half_turns(
      select(negative, fraction_of_positive(select(is_infinite(a), x.like(0), a)), x.like(0.5)));
  const Value positive = base - select(below_one, 1.0 / x, x.like(0));
  const Value y = select(negative, base + cotangent * pi, positive);
  const Value pole = negative & (floor(x) == x);
  const Value special = select(x == 0.0, -infinity(x), not_a_number(x));
  return keep_nan(x, select(pole | (x == 0.0), special, select(x == infinity(x), x, y)));
}

}  // namespace evergpu::adapters::vulkan::f64
