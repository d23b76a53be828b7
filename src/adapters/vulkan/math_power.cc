// Powers and remainders, of f32 and f64.
#include "adapters/vulkan/math.h"
#include "adapters/vulkan/pair.h"

namespace evergpu::adapters::vulkan {
namespace {

// log of x > 0, finite, in two floats.
Pair precise_log(const Value& x) {
  const bool is_f64 = x.type == Type::f64;
  const int fraction_bits = is_f64 ? 52 : 23;
  const std::uint64_t sqrt_half = is_f64 ? 0x3fe6a09e667f3bcd : 0x3f3504f3;
  const double scale = is_f64 ? 54 : 25;
  const Value tiny = x < (is_f64 ? 0x1p-1022 : 0x1p-126);
  const Value bits = bits_of(select(tiny, x * (is_f64 ? 0x1p54 : 0x1p25), x));
  const Value shifted = bits - bits.like_bits(sqrt_half);
  const Value e = signed_shift_right(shifted, fraction_bits);
  const Value exponent = convert(e, x.type, true) - select(tiny, x.like(scale), x.like(0));
  const std::uint64_t fraction = (std::uint64_t{1} << fraction_bits) - 1;
  const Value m = float_of((shifted & fraction) + bits.like_bits(sqrt_half));
  // log m = 2 atanh(z), z = (m - 1) / (m + 1)
  const Pair z = exact_sum(m, x.like(-1)) / exact_sum(m, x.like(1));
  const Pair square = z * z;
  const Value tail =
      is_f64 ? polynomial({2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17,
                           2.0 / 19, 2.0 / 21, 2.0 / 23, 2.0 / 25},
                          square.high)
             : polynomial({0.400007992982864, 0.285112679004669, 0.240320354700088}, square.high);
  const Pair two_thirds = is_f64 ? Pair{x.like(0.66666666666666663), x.like(3.7007434154171883e-17)}
                                 : Pair{x.like(0.66666668653488159), x.like(-1.9868215517249e-8)};
  const Pair p = two_thirds + square * tail;
  const Pair log2 =
      is_f64 ? Pair{x.like(0.693147180559945286226764), x.like(2.319046813846299558417771e-17)}
             : Pair{x.like(0.69314718246459960938), x.like(-1.904654323148236017e-9)};
  const Pair twice = {z.high * 2.0, z.low * 2.0};
  return (log2 * exponent + twice) + (square * z) * p;
}

// e to a number in two floats.
Value precise_exp(const Pair& x) {
  const bool is_f64 = x.high.type == Type::f64;
  const double most = is_f64 ? 710 : 89;
  const double least = is_f64 ? -746 : -104;
  const Value bounded =
      select(x.high > most, x.high.like(most), select(x.high < least, x.high.like(least), x.high));
  const Value low = select(bounded == x.high, x.low, x.high.like(0));
  const Value n = floor(bounded * 1.44269504088896341 + 0.5);
  // Exact: the first part of ln 2 has few bits.
  const double ln2_high = is_f64 ? 6.93147180369123816490e-1 : 0.693359375;
  const double ln2_low = is_f64 ? 1.90821492927058770002e-10 : -2.12194440e-4;
  const Pair rest = exact_sum(bounded - n * ln2_high, low - n * ln2_low);
  const Value& r = rest.high;
  const Value square = r * r;
  const auto beyond_linear = [&] {
    if (!is_f64) {
      return square * polynomial({0.49999999, 0.166665524244308, 0.0416710823774338,
                                  0.00836596917361021, 0.00136324646882713},
                                 r);
    }
    const Value c = r - polynomial({1.66666666666666019037e-1, -2.77777777770155933842e-3,
                                    6.61375632143793436117e-5, -1.65339022054652515390e-6,
                                    4.13813679705723846039e-8},
                                   square) *
                            square;
    return r * c / (2.0 - c);
  };
  const Value y = (beyond_linear() + rest.low) + r + 1.0;
  return scale_by_power_of_two(y, small_integer(n));
}

}  // namespace

Value power(const Value& x, const Value& y) {
  const Value a = absolute(x);
  const Value usual = (a > 0.0) & (a < infinity(a));
  const Value y_finite = absolute(y) < infinity(y);
  const double huge = x.type == Type::f64 ? 0x1p70 : 0x1p40;
  // A huge exponent gives 0, 1 or infinity all the same, and its product must stay finite.
  const Value bounded =
      select(y_finite, select(absolute(y) > huge, with_sign_of(y.like(huge), y), y), y.like(0));
  const Pair log = precise_log(select(usual, a, x.like(1)));
  const Value magnitude = precise_exp(log * bounded);
  const Value whole = floor(y) == y;
  const Value half = y * 0.5;
  const Value odd = whole & (floor(half) != half) & y_finite;
  const Value negative = (bits_of(x) >> (x.type == Type::f64 ? 63 : 31)) != 0.0;
  Value result = magnitude;
  // |x| is 0 or infinite: the result is 0 or infinity.
  const Value grows = select(a == 0.0, y<0.0, y> 0.0);
  result = select(usual, result, select(grows, infinity(x), x.like(0)));
  // y is infinite.
  const Value expands = select(a > 1.0, y > 0.0, y < 0.0);
  const Value limit = select(a == 1.0, x.like(1), select(expands, infinity(x), x.like(0)));
  result = select(is_infinite(y), limit, result);
  result = select(negative & odd, -result, result);
  const Value undefined = (x < 0.0) & (a < infinity(a)) & (!whole) & y_finite;
  result = select(undefined, not_a_number(x), result);
  result = select(is_nan(x) | is_nan(y), not_a_number(x), result);
  return select((y == 0.0) | (x == 1.0), x.like(1), result);
}

// Long division, one bit of the quotient for each by which the exponents differ.
Value remainder(const Value& x, const Value& y) {
  const bool is_f64 = x.type == Type::f64;
  const int fraction_bits = is_f64 ? 52 : 23;
  const Value ax = bits_of(absolute(x));
  const Value ay = bits_of(absolute(y));
  const Value hidden = ax.like_bits(std::uint64_t{1} << fraction_bits);
  const auto exponent = [&](const Value& bits) {
    const Value e = bits >> fraction_bits;
    return select(e == 0.0, e.like(1), e);
  };
  const auto mantissa = [&](const Value& bits) {
    const Value fraction = bits & ((std::uint64_t{1} << fraction_bits) - 1);
    return select((bits >> fraction_bits) == 0.0, fraction, fraction | hidden);
  };
  const Value finite = (absolute(x) < infinity(x)) & (!is_nan(y)) & (y != 0.0);
  const Value runs = finite & (ax >= ay) & (absolute(y) < infinity(y));
  const Value my = select(runs, mantissa(ay), hidden);
  const Value ey = exponent(ay);
  const Value difference = select(runs, exponent(ax) - ey, ax.like(0));
  const auto step = [&](const Value& m) { return m % my; };
  const Value count = convert(difference, Type::u32);
  const std::vector<Value> rest = repeat(count, {step(select(runs, mantissa(ax), hidden))},
                                         [&](const Value&, const std::vector<Value>& state) {
                                           return std::vector<Value>{step(state[0] << 1)};
                                         });
  // rest is below 2^(fraction_bits + 1): convert it back, scaled by y's exponent. Both factors and
  // the product are exact.
  const Value m = rest[0];
  const Value less = is_f64 ? (m >> 32) : m;
  const Value upper_zero = less == 0.0;
  const Value narrow = is_f64 ? select(upper_zero, m, m >> 32) : m;
  Value top = highest_bit(convert(narrow, Type::u32) | constant_u32(*x.module, 1));
  if (is_f64) top = top + select(upper_zero, top.like(0), top.like(32));
  const Value top_wide = convert(top, m.type);
  const Value shift_wanted = m.like(fraction_bits) - top_wide;  // makes m normal
  const Value room = ey - ey.like(1);
  const Value shift = select(shift_wanted < room, shift_wanted, room);
  const Value normal = m << shift;
  const Value has_hidden = (normal & hidden) != 0.0;
  const Value e = select(has_hidden, ey - shift, ey.like(0));
  const Value bits = (e << fraction_bits) | (normal & ((std::uint64_t{1} << fraction_bits) - 1));
  const Value magnitude = float_of(select(runs, bits, ax));
  const Value result = with_sign_of(magnitude, x);
  return keep_nan(x, keep_nan(y, select(finite, result, not_a_number(x))));
}

}  // namespace evergpu::adapters::vulkan
