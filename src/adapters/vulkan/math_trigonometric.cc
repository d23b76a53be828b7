// Sine, cosine, tangent and their inverses, of f32.
#include <algorithm>

#include "adapters/vulkan/math.h"
#include "adapters/vulkan/math_f64.h"

namespace evergpu::adapters::vulkan {
namespace {

constexpr double pi = 3.14159265358979323846;
constexpr double half_pi_high = 1.57079637050628662109;  // pi / 2 in f32
constexpr double half_pi_low = -4.37113882867379e-8;     // and what is missing
constexpr double cody_waite_limit = 8192;

// x = quadrant pi/2 + (rest + tail), |rest| <= pi/4.
struct Quadrant {
  Value quadrant;  // modulo 4
  Value rest;
};

// For |x| < 8192: pi/2 in four parts, of so few bits that the products are exact.
Quadrant reduce_small(const Value& x) {
  const Value n = round_even(x * (2 / pi));
  Value rest = x - n * 1.5703125;
  rest = rest - n * 4.8351287841796875e-4;
  rest = rest - n * 3.13855707645416259765625e-7;
  rest = rest - n * 6.0771005065061922e-11;
  return {small_integer(n) & 3, rest};
}

// For large x (M. Payne, R. Hanek, "Radian reduction for trigonometric functions", 1983): x is an
// integer of 24 bits times a power of two, and of 2/pi only the bits count that make up the
// quadrant and the fraction.
Quadrant reduce_large(const Value& x) {
  // 2/pi in words of 32 bits, after one word of zeros.
  constexpr std::uint32_t two_over_pi[] = {0,          0xa2f9836e, 0x4e441529, 0xfc2757d1,
                                           0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab};
  const Value bits = bits_of(x);
  const Value exponent = (bits >> 23) & 255;
  const Value mantissa = (bits & 0x007fffff) | bits.like_bits(0x00800000);
  // x = mantissa 2^(exponent - 150). Bits of 2/pi before position `skip` only add whole turns.
  const Value position = exponent - exponent.like(120);
  const Value first = position >> 5;
  const Value shift = position & 31;
  const auto word = [&](std::uint32_t ahead) {
    Value w = bits.like_bits(two_over_pi[ahead]);
    for (std::uint32_t i = 1; i < 5; ++i)
      w = select(first == static_cast<double>(i),
                 bits.like_bits(two_over_pi[std::min(i + ahead, 7U)]), w);
    return w;
  };
  const Value words[] = {word(0), word(1), word(2), word(3)};
  const auto aligned = [&](int i) {
    const Value carried = (words[i + 1] >> 1) >> (shift ^ 31);  // by 32 - shift
    return (words[i] << shift) | carried;
  };
  const Value high = aligned(0);
  const Value middle = aligned(1);
  const Value low = aligned(2);
  // The product modulo 2^64 of its upper part: 2 bits of quadrant, 62 of fraction.
  SpirvModule& module = *x.module;
  const auto product = [&](const Value& a, const Value& b) {
    const auto [less, more] = module.multiply_extended(a.id, b.id);
    return std::pair<Value, Value>({&module, less, Type::u32}, {&module, more, Type::u32});
  };
  const Value low_high = product(mantissa, low).second;
  const auto [middle_low, middle_high] = product(mantissa, middle);
  const Value sum_low = middle_low + low_high;
  const Value carry = select(sum_low < middle_low, bits.like(1), bits.like(0));
  const Value sum_high = mantissa * high + middle_high + carry;
  Value quadrant = sum_high >> 30;
  // The fraction as a signed number of 2^-64 quarter turns, nearest to zero.
  Value fraction_high = (sum_high << 2) | (sum_low >> 30);
  Value fraction_low = sum_low << 2;
  const Value over_half = (fraction_high >> 31) != 0.0;
  quadrant = quadrant + select(over_half, bits.like(1), bits.like(0));
  const Value negated_low = fraction_low.like(0) - fraction_low;
  const Value borrow = select(fraction_low == 0.0, bits.like(1), bits.like(0));
  fraction_high = select(over_half, ~fraction_high + borrow, fraction_high);
  fraction_low = select(over_half, negated_low, fraction_low);
  // Normalised, so that no bit is lost when it becomes a float.
  const Value top = select(fraction_high == 0.0, bits.like(0), highest_bit(fraction_high | 1));
  const Value up = 31.0 - top;
  const Value normal = (fraction_high << up) | ((fraction_low >> 1) >> (up ^ 31));
  const Value scale = float_of((127.0 - up) << 23);
  const Value upper = convert(normal & 0xffffff00, Type::f32) * 0x1p-32;
  const Value lower = convert(normal & 0xff, Type::f32) * 0x1p-32;
  const Value fraction =
      (upper * half_pi_high + (upper * half_pi_low + lower * half_pi_high)) * scale;
  Value rest = select(over_half, -fraction, fraction);
  const Value negative = (bits >> 31) != 0.0;
  rest = select(negative, -rest, rest);
  quadrant = select(negative, bits.like(0) - quadrant, quadrant);
  return {quadrant & 3, rest};
}

Quadrant reduce(const Value& x) {
  const Value small = absolute(x) < cody_waite_limit;
  const Quadrant a = reduce_small(select(small, x, x.like(0)));
  const Quadrant b = reduce_large(select(small, x.like(cody_waite_limit), x));
  return {select(small, a.quadrant, b.quadrant), select(small, a.rest, b.rest)};
}

Value sin_of_rest(const Value& x) {
  const Value s = x * x;
  return polynomial({-1.6666654611e-1, 8.3321608736e-3, -1.9515295891e-4}, s) * s * x + x;
}

Value cos_of_rest(const Value& x) {
  const Value s = x * x;
  return (polynomial({4.166664568298827e-2, -1.388731625493765e-3, 2.443315711809948e-5}, s) * s *
              s -
          s * 0.5) +
         1.0;
}

Value finite_only(const Value& x, const Value& y) {
  return keep_nan(x, select(is_infinite(x), not_a_number(x), y));
}

Value odd(const Value& n) { return (n & 1) != 0.0; }

// The sine of quadrant + rest.
Value sine(const Value& quadrant, const Value& rest) {
  const Value y = select(odd(quadrant), cos_of_rest(rest), sin_of_rest(rest));
  return select((quadrant & 2) != 0.0, -y, y);
}

// atan of x >= 0.
Value atan_of_positive(const Value& x) {
  const Value large = x > 2.414213562373095;
  const Value medium = x > 0.4142135623730950;
  const Value reduced =
      select(large, -1.0 / select(large, x, x.like(1)), select(medium, (x - 1.0) / (x + 1.0), x));
  const Value base = select(large, x.like(pi / 2), select(medium, x.like(pi / 4), x.like(0)));
  const Value s = reduced * reduced;
  const Value p =
      polynomial({-3.33329491539e-1, 1.99777106478e-1, -1.38776856032e-1, 8.05374449538e-2}, s);
  return base + (p * s * reduced + reduced);
}

// asin of x in [0, 1/2], from x and its square.
Value asin_of_small(const Value& x, const Value& s) {
  const Value p = polynomial(
      {1.6666752422e-1, 7.4953002686e-2, 4.5470025998e-2, 2.4181311049e-2, 4.2163199048e-2}, s);
  return p * s * x + x;
}

}  // namespace

Value sin(const Value& x) {
  if (x.type == Type::f64) return f64::sin(x);
  const Quadrant r = reduce(x);
  return finite_only(x, select(x == 0.0, x, sine(r.quadrant, r.rest)));
}

Value cos(const Value& x) {
  if (x.type == Type::f64) return f64::cos(x);
  const Quadrant r = reduce(x);
  return finite_only(x, sine(r.quadrant + r.quadrant.like(1), r.rest));
}

Value tan(const Value& x) {
  if (x.type == Type::f64) return f64::tan(x);
  const Quadrant r = reduce(x);
  const Value s = r.rest * r.rest;
  const Value p = polynomial({3.33331568548e-1, 1.33387994085e-1, 5.34112807005e-2,
                              2.44301354525e-2, 3.11992232697e-3, 9.38540185543e-3},
                             s);
  const Value y = p * s * r.rest + r.rest;
  const Value result = select(odd(r.quadrant), -1.0 / y, y);
  return finite_only(x, select(x == 0.0, x, result));
}

Value asin(const Value& x) {
  if (x.type == Type::f64) return f64::asin(x);
  const Value a = absolute(x);
  const Value large = a > 0.5;
  const Value s = select(large, (1.0 - a) * 0.5, a * a);
  const Value y = asin_of_small(select(large, square_root(s), a), s);
  const Value result = select(large, x.like(pi / 2) - (y + y), y);
  return keep_nan(x, select(a > 1.0, not_a_number(x), with_sign_of(result, x)));
}

Value acos(const Value& x) {
  if (x.type == Type::f64) return f64::acos(x);
  const Value a = absolute(x);
  const Value large = a > 0.5;
  const Value s = select(large, (1.0 - a) * 0.5, a * a);
  const Value y = asin_of_small(select(large, square_root(s), a), s);
  const Value twice = y + y;
  const Value of_large =
      select(x < 0.0, x.like(half_pi_high * 2) - (twice - x.like(half_pi_low * 2)), twice);
  const Value of_small = x.like(half_pi_high) - (with_sign_of(y, x) - x.like(half_pi_low));
  return keep_nan(x, select(a > 1.0, not_a_number(x), select(large, of_large, of_small)));
}

Value atan(const Value& x) {
  if (x.type == Type::f64) return f64::atan(x);
  return keep_nan(x, with_sign_of(atan_of_positive(absolute(x)), x));
}

Value atan2(const Value& y, const Value& x) {
  if (x.type == Type::f64) return f64::atan2(y, x);
  const Value ax = absolute(x);
  const Value ay = absolute(y);
  const Value both_infinite = is_infinite(x) & is_infinite(y);
  const Value both_zero = (x == 0.0) & (y == 0.0);
  // The quotient, with what would be NaN replaced: inf/inf is 1, 0/0 is 0.
  const Value quotient =
      select(both_infinite, x.like(1),
             select(both_zero, x.like(0), ay / select(both_zero, x.like(1), ax)));
  const Value angle = atan_of_positive(quotient);
  const Value left = (bits_of(x) >> 31) != 0.0;
  const Value turned = x.like(half_pi_high * 2) - (angle - x.like(half_pi_low * 2));
  const Value result = with_sign_of(select(left, turned, angle), y);
  return keep_nan(x, keep_nan(y, result));
}

}  // namespace evergpu::adapters::vulkan
