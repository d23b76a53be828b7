// Exponentials, logarithms and what is made of them.
#include "adapters/vulkan/math.h"

namespace evergpu::adapters::vulkan {
namespace {

constexpr double log2_of_e = 1.44269504088896341;
// ln 2 in two parts, the first of so few bits that its product with a small integer is exact.
constexpr double ln2_high = 0.693359375;
constexpr double ln2_low = -2.12194440e-4;
constexpr double ln2 = 0.69314718055994531;

// x = n ln 2 + rest; e^rest = 1 + rest + rest^2 p.
struct Reduced {
  Value n;  // integer, two's complement
  Value rest;
  Value p;
};

Reduced reduce(const Value& x) {
  const Value whole = floor(x * log2_of_e + 0.5);
  const Value rest = (x - whole * ln2_high) - whole * ln2_low;
  const Value p = polynomial({5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3,
                              1.3981999507e-3, 1.9875691500e-4},
                             rest);
  return {convert(whole, Type::u32, true), rest, p};
}

// 2^n for n in [-126, 127].
Value power_of_two(const Value& n) { return float_of((n + n.like(127)) << 23); }

Value clamp(const Value& x, double low, double high) {
  return select(x < low, x.like(low), select(x > high, x.like(high), x));
}

// log of x > 0 that is finite and normal: x = m 2^e with m in [sqrt(1/2), sqrt(2)).
Value log_of_normal(const Value& x, double scale_exponent, const Value& scaled) {
  const Value bits = bits_of(x);
  // The exponent of m 2^e, m in [sqrt(1/2), sqrt(2)), by what its bits begin with.
  const Value shifted = bits - bits.like_bits(0x3f3504f3);
  const Value e = signed_shift_right(shifted, 23);
  const Value m = float_of((shifted & 0x007fffff) + bits.like_bits(0x3f3504f3)) - 1.0;
  const Value exponent =
      convert(e, Type::f32, true) - select(scaled, x.like(scale_exponent), x.like(0));
  const Value square = m * m;
  const Value p = polynomial(
      {3.3333331174e-1, -2.4999993993e-1, 2.0000714765e-1, -1.6668057665e-1, 1.4249322787e-1,
       -1.2420140846e-1, 1.1676998740e-1, -1.1514610310e-1, 7.0376836292e-2},
      m);
  Value y = p * m * square;
  y = y + exponent * ln2_low;
  y = y - square * 0.5;
  return (m + y) + exponent * ln2_high;
}

// Where an argument is outside log's domain or at its edge.
Value within_domain(const Value& x, double lowest, Value y) {
  y = select(x == lowest, -infinity(x), y);
  y = select(x < lowest, not_a_number(x), y);
  return select(is_nan(x) | (x == infinity(x)), x, y);
}

}  // namespace

Value scale_by_power_of_two(const Value& x, const Value& n) {
  // In three steps, each within the exponents of f32, so that only the last one rounds.
  const Value third = signed_divide(n, n.like(3));
  return x * power_of_two(third) * power_of_two(third) * power_of_two(n - third - third);
}

Value exp(const Value& x) {
  const Reduced r = reduce(clamp(x, -104, 89));
  const Value y = (r.rest * r.rest * r.p + r.rest) + 1.0;
  const Value half = signed_shift_right(r.n, 1);
  const Value scaled = y * power_of_two(half) * power_of_two(r.n - half);
  return keep_nan(x, select(x > 88.7228394, infinity(x), scaled));
}

Value expm1(const Value& x) {
  // 2^n (1 + t) - 1 = 2 ((2^(n-1) - 1/2) + 2^(n-1) t)
  const Reduced r = reduce(clamp(x, -50, 89));
  const Value t = r.rest * r.rest * r.p + r.rest;
  const Value half_power = power_of_two(r.n - r.n.like(1));
  const Value y = ((half_power - 0.5) + half_power * t) * 2.0;
  const Value with_zero = select(r.n == 0.0, t, y);
  const Value result = select(x > 88.7228394, infinity(x), with_zero);
  return select(is_nan(x) | (x == 0.0), x, result);
}

Value log(const Value& x) {
  const Value tiny = x < 0x1p-126;
  return within_domain(x, 0, log_of_normal(select(tiny, x * 0x1p25, x), 25, tiny));
}

Value log1p(const Value& x) {
  const Value u = x + 1.0;
  const Value d = u - 1.0;
  const Value near_zero = d == 0.0;
  // What rounding 1 + x loses is put back to first order.
  const Value tiny = x != x;  // of no use for u >= 2^-24, so never scaled
  const Value whole = log_of_normal(select(u > 0.0, u, x.like(1)), 0, tiny);
  const Value large = x > 0x1p24;
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
  const Value e = expm1(select(a > 10.0, x.like(10), a) * 2.0);
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
  const Value large = a > 0x1p12;
  const Value bounded = select(large, x.like(1), a);
  const Value square = bounded * bounded;
  const Value small = log1p(bounded + square / (square_root(square + 1.0) + 1.0));
  const Value y = select(large, log(a) + ln2, small);
  return select(is_nan(x) | (x == 0.0), x, with_sign_of(y, x));
}

Value acosh(const Value& x) {
  const Value large = x > 0x1p12;
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
