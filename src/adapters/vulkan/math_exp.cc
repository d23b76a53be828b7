// Exponentials, logarithms and what is made of them, of f32 and f64.
#include "adapters/vulkan/math.h"

namespace evergpu::adapters::vulkan {
namespace {

constexpr double log2_of_e = 1.44269504088896341;
constexpr double ln2 = 0.69314718055994531;

// What differs between f32 and f64.
struct Format {
  int fraction_bits;
  int bias;                 // of the exponent
  std::uint64_t sqrt_half;  // bits of sqrt(1/2)
  double ln2_high;          // of so few bits that its product with a small integer is exact
  double ln2_low;
  double overflow;            // exp is infinite above
  double underflow;           // exp is 0 below
  double epsilon_reciprocal;  // 1 + x is x from here on
  double root_of_it;          // sqrt(1 + x^2) is x from here on
  double tanh_limit;          // tanh is 1 from here on
};
constexpr Format f32_format = {23,         127,  0x3f3504f3, 0.693359375, -2.12194440e-4,
                               88.7228394, -104, 0x1p24,     0x1p12,      10};
constexpr Format f64_format = {52,
                               1023,
                               0x3fe6a09e667f3bcd,
                               6.93147180369123816490e-1,
                               1.90821492927058770002e-10,
                               709.782712893383973096,
                               -746,
                               0x1p53,
                               0x1p28,
                               22};

const Format& format_of(const Value& x) { return x.type == Type::f64 ? f64_format : f32_format; }

// 2^n of an integer n (two's complement, of the width of `like`) between the least and the greatest
// exponent.
Value power_of_two(const Value& n, const Format& format) {
  return float_of((n + n.like(format.bias)) << format.fraction_bits);
}

// e^x = 2^n (1 + rest)
struct Reduced {
  Value n;  // integer, two's complement
  Value rest;
};

Reduced reduce(const Value& x) {
  const Format& format = format_of(x);
  const Value whole = floor(x * log2_of_e + 0.5);
  const Value n = small_integer(whole);
  const Value high = x - whole * format.ln2_high;
  const Value r = high - whole * format.ln2_low;
  if (x.type == Type::f32) {
    const Value p = polynomial({5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3,
                                1.3981999507e-3, 1.9875691500e-4},
                               r);
    return {n, r * r * p + r};
  }
  // A rational function, as in FDLIBM's e_exp.c (Sun Microsystems, 1993).
  const Value square = r * r;
  const Value c = r - polynomial({1.66666666666666019037e-1, -2.77777777770155933842e-3,
                                  6.61375632143793436117e-5, -1.65339022054652515390e-6,
                                  4.13813679705723846039e-8},
                                 square) *
                          square;
  const Value correction = (high - r) - whole * format.ln2_low;  // what rounding r lost
  return {n, (r * c / (2.0 - c) + correction) + r};
}

Value clamp(const Value& x, double low, double high) {
  return select(x < low, x.like(low), select(x > high, x.like(high), x));
}

// log of x > 0 that is finite and normal, where `scaled` of x 2^-scale: x = m 2^e with m in
// [sqrt(1/2), sqrt(2)).
Value log_of_normal(const Value& x, double scale, const Value& scaled) {
  const Format& format = format_of(x);
  const Value bits = bits_of(x);
  const Value shifted = bits - bits.like_bits(format.sqrt_half);
  const Value e = signed_shift_right(shifted, format.fraction_bits);
  const std::uint64_t fraction = (std::uint64_t{1} << format.fraction_bits) - 1;
  const Value f = float_of((shifted & fraction) + bits.like_bits(format.sqrt_half)) - 1.0;
  const Value exponent = convert(e, x.type, true) - select(scaled, x.like(scale), x.like(0));
  const Value square = f * f;
  if (x.type == Type::f32) {
    const Value p = polynomial(
        {3.3333331174e-1, -2.4999993993e-1, 2.0000714765e-1, -1.6668057665e-1, 1.4249322787e-1,
         -1.2420140846e-1, 1.1676998740e-1, -1.1514610310e-1, 7.0376836292e-2},
        f);
    const Value y = p * f * square + exponent * format.ln2_low - square * 0.5;
    return (f + y) + exponent * format.ln2_high;
  }
  // As in FDLIBM's e_log.c.
  const Value s = f / (f + 2.0);
  const Value z = s * s;
  const Value p =
      polynomial({6.666666666666735130e-1, 3.999999999940941908e-1, 2.857142874366239149e-1,
                  2.222219843214978396e-1, 1.818357216161805012e-1, 1.531383769920937332e-1,
                  1.479819860511658591e-1},
                 z) *
      z;
  const Value half = square * 0.5;
  return exponent * format.ln2_high - ((half - (s * (half + p) + exponent * format.ln2_low)) - f);
}

// Where an argument is outside log's domain or at its edge.
Value within_domain(const Value& x, double lowest, Value y) {
  y = select(x == lowest, -infinity(x), y);
  y = select(x < lowest, not_a_number(x), y);
  return select(is_nan(x) | (x == infinity(x)), x, y);
}

}  // namespace

Value scale_by_power_of_two(const Value& x, const Value& n) {
  // In three steps, each within the exponents of the type, so that only the last one rounds.
  const Format& format = format_of(x);
  const Value third = signed_divide(n, n.like(3));
  return x * power_of_two(third, format) * power_of_two(third, format) *
         power_of_two(n - third - third, format);
}

Value exp(const Value& x) {
  const Format& format = format_of(x);
  const Reduced r = reduce(clamp(x, format.underflow, format.overflow + 1));
  const Value half = signed_shift_right(r.n, 1);
  const Value scaled =
      (r.rest + 1.0) * power_of_two(half, format) * power_of_two(r.n - half, format);
  return keep_nan(x, select(x > format.overflow, infinity(x), scaled));
}

Value expm1(const Value& x) {
  // 2^n (1 + t) - 1 = 2 ((2^(n-1) - 1/2) + 2^(n-1) t)
  const Format& format = format_of(x);
  const Reduced r = reduce(clamp(x, -50, format.overflow + 0.25));
  const Value half_power = power_of_two(r.n - r.n.like(1), format);
  const Value y = ((half_power - 0.5) + half_power * r.rest) * 2.0;
  const Value with_zero = select(r.n == 0.0, r.rest, y);
  const Value result = select(x > format.overflow, infinity(x), with_zero);
  return select(is_nan(x) | (x == 0.0), x, result);
}

Value log(const Value& x) {
  const bool is_f64 = x.type == Type::f64;
  const Value tiny = x < (is_f64 ? 0x1p-1022 : 0x1p-126);
  const double scale = is_f64 ? 54 : 25;
  const Value normal = select(tiny, x * (is_f64 ? 0x1p54 : 0x1p25), x);
  return within_domain(x, 0, log_of_normal(normal, scale, tiny));
}

Value log1p(const Value& x) {
  const Value u = x + 1.0;
  const Value d = u - 1.0;
  const Value near_zero = d == 0.0;
  // What rounding 1 + x loses is put back to first order.
  const Value never = {x.module, x.module->constant(Type::boolean, 0), Type::boolean};
  const Value whole = log_of_normal(select(u > 0.0, u, x.like(1)), 0, never);
  const Value large = x > format_of(x).epsilon_reciprocal;
  const Value y = select(large, whole, whole * (x / select(near_zero | large, x.like(1), d)));
  return within_domain(x, -1, select(near_zero, x, y));
}

Value sigmoid(const Value& x) {
  const Value e = exp(-absolute(x));
  return keep_nan(x, select(x < 0.0, e, x.like(1)) / (e + 1.0));
}

Value softplus(const Value& x) {
  const Value positive = select(x > 0.0, x, x.like(0));
  return keep_nan(x, positive + log1p(exp(-absolute(x))));
}

Value tanh(const Value& x) {
  const Value a = absolute(x);
  const double limit = format_of(x).tanh_limit;
  const Value e = expm1(select(a > limit, x.like(limit), a) * 2.0);
  return select(is_nan(x) | (x == 0.0), x, with_sign_of(e / (e + 2.0), x));
}

Value sinh(const Value& x) {
  const Value a = absolute(x);
  const Value e = expm1(select(a > 20.0, x.like(20), a));
  const Value small = (e + e / (e + 1.0)) * 0.5;
  const Value half = exp(a * 0.5);
  const Value y = select(a > 20.0, half * 0.5 * half, small);
  return select(is_nan(x) | (x == 0.0), x, with_sign_of(y, x));
}

Value cosh(const Value& x) {
  const Value a = absolute(x);
  const Value e = exp(select(a > 20.0, x.like(20), a));
  const Value small = (e + 1.0 / e) * 0.5;
  const Value half = exp(a * 0.5);
  return keep_nan(x, select(a > 20.0, half * 0.5 * half, small));
}

Value asinh(const Value& x) {
  const Value a = absolute(x);
  const Value large = a > format_of(x).root_of_it;
  const Value bounded = select(large, x.like(1), a);
  const Value square = bounded * bounded;
  const Value small = log1p(bounded + square / (square_root(square + 1.0) + 1.0));
  const Value y = select(large, log(a) + ln2, small);
  return select(is_nan(x) | (x == 0.0), x, with_sign_of(y, x));
}

Value acosh(const Value& x) {
  const Value large = x > format_of(x).root_of_it;
  const Value t = select(large, x.like(1), x) - 1.0;
  const Value small = log1p(t + square_root(t * 2.0 + t * t));
  const Value y = select(large, log(x) + ln2, small);
  return keep_nan(x, select(x < 1.0, not_a_number(x), y));
}

Value atanh(const Value& x) {
  const Value a = absolute(x);
  const Value inside = a < 1.0;
  const Value bounded = select(inside, a, x.like(0));
  const Value y = log1p(bounded * 2.0 / (1.0 - bounded)) * 0.5;
  const Value outside = select(a == 1.0, infinity(x), not_a_number(x));
  const Value result = with_sign_of(select(inside, y, outside), x);
  return select(is_nan(x) | (x == 0.0), x, result);
}

}  // namespace evergpu::adapters::vulkan
