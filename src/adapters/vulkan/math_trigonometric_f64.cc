// Sine, cosine, tangent and their inverses, of f64. Polynomials that are no Taylor series are what
// interpolates the function at the Chebyshev nodes of the interval, computed with 60 digits.
#include <array>
#include <vector>

#include "adapters/vulkan/math_f64.h"
#include "adapters/vulkan/pair.h"

namespace evergpu::adapters::vulkan::f64 {
namespace {

// pi / 2, and what is missing.
constexpr double half_pi_high = 1.5707963267948966;
constexpr double half_pi_low = 6.123233995736766e-17;

Value one_if(const Value& condition, const Value& like) {
  return select(condition, like.like(1), like.like(0));
}

Value negated_if(const Value& condition, const Value& x) { return select(condition, -x, x); }

Value is_negative(const Value& x) { return (bits_of(x) >> 63) != 0.0; }

// An angle as quadrant pi/2 + rest, |rest| <= pi/4.
struct Angle {
  Value quadrant;  // u64, modulo 4
  Pair rest;
};

// The upper half of the product of two u64.
Value product_high(const Value& a, const Value& b) {
  const Value a_low = a & 0xffffffff;
  const Value a_high = a >> 32;
  const Value b_low = b & 0xffffffff;
  const Value b_high = b >> 32;
  const Value middle = a_high * b_low + ((a_low * b_low) >> 32);
  const Value other = a_low * b_high + (middle & 0xffffffff);
  return a_high * b_high + (middle >> 32) + (other >> 32);
}

// 192 bits of 2/pi, in three words, from bit `position` on. Bit 0 is the first of 64 zeros that
// stand before the fraction.
std::array<Value, 3> bits_of_two_over_pi(const Value& position) {
  constexpr std::uint64_t two_over_pi[] = {
      0,
      0xa2f9836e4e441529,
      0xfc2757d1f534ddc0,
      0xdb6295993c439041,
      0xfe5163abdebbc561,
      0xb7246e3a424dd2e0,
      0x06492eea09d1921c,
      0xfe1deb1cb129a73e,
      0xe88235f52ebb4484,
      0xe99c7026b45f7e41,
      0x3991d639835339f4,
      0x9c845f8bbdf9283b,
      0x1ff897ffde05980f,
      0xef2f118b5a0a6d1f,
      0x6d367ecf27cb09b7,
      0x4f463f669e5fea2d,
      0x7527bac7ebe5f17b,
      0x3d0739f78a5292ea,
      0x6bfb5fb11f8d5d08,
      0x56033046fc7b6bab,
  };
  std::vector<Value> words;
  for (const std::uint64_t word : two_over_pi) words.push_back(position.like_bits(word));
  // Moved by the bits of the number of the first word, the highest first; four are left.
  const Value first = position >> 6;
  for (const std::size_t step : {16U, 8U, 4U, 2U, 1U}) {
    const Value moves = (first & step) != 0.0;
    for (std::size_t i = 0; i < step + 3 && i + step < words.size(); ++i)
      words[i] = select(moves, words[i + step], words[i]);
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(step) + 3, words.end());
  }
  const Value shift = position & 63;
  const auto aligned = [&](std::size_t i) {
    return (words[i] << shift) | ((words[i + 1] >> 1) >> (shift ^ 63));  // by 64 - shift
  };
  return {aligned(0), aligned(1), aligned(2)};
}

// A fraction of 128 bits.
Pair fraction_of(const Value& high, const Value& low) {
  const auto part = [](const Value& bits, double unit) { return convert(bits, Type::f64) * unit; };
  const Pair lower = quick_sum(part(high & 0xffffffff, 0x1p-64),
                               part(low >> 32, 0x1p-96) + part(low & 0xffffffff, 0x1p-128));
  const Pair sum = quick_sum(part(high >> 32, 0x1p-32), lower.high);
  return {sum.high, sum.low + lower.low};
}

// The reduction of M. Payne and R. Hanek ("Radian reduction for trigonometric functions", SIGNUM
// Newsletter 18, 1983): x is an integer of 53 bits times a power of two, and of 2/pi only the bits
// count that make up the quadrant and the fraction. No f64 is nearer to a multiple of pi/2 than
// 2^-61 (J.-M. Muller, "Elementary Functions", 2006), so 126 bits of fraction leave 65.
Angle reduce(const Value& x) {
  const Value small = absolute(x) <= half_pi_high / 2;
  const Value bits = bits_of(select(small, x.like(1), absolute(x)));
  const Value mantissa = (bits & 0xfffffffffffff) | bits.like_bits(0x10000000000000);
  // x = mantissa 2^(exponent - 1075). Bits of 2/pi before this position only add whole turns.
  const Value position = (bits >> 52) - bits.like(1013);
  const auto [upper, middle, lower] = bits_of_two_over_pi(position);
  const Value low_part = mantissa * middle;
  const Value low_word = low_part + product_high(mantissa, lower);
  const Value high_word =
      mantissa * upper + product_high(mantissa, middle) + one_if(low_word < low_part, bits);
  // Two bits of quadrant, then the fraction, which is taken nearest to zero.
  Value high = (high_word << 2) | (low_word >> 62);
  Value low = low_word << 2;
  const Value over_half = (high >> 63) != 0.0;
  const Value turned = (high_word >> 62) + one_if(over_half, bits);
  high = select(over_half, ~high + one_if(low == 0.0, bits), high);
  low = select(over_half, -low, low);
  const Pair rest = fraction_of(high, low) * Pair{x.like(half_pi_high), x.like(half_pi_low)};
  const Value negative = is_negative(x);
  const Value opposed = over_half != negative;
  const Value quadrant = select(negative, -turned, turned) & 3;
  return {select(small, bits.like(0), quadrant),
          {select(small, x, negated_if(opposed, rest.high)),
           select(small, x.like(0), negated_if(opposed, rest.low))}};
}

// Taylor's series; what follows changes nothing for |x| <= pi/4.
Value sine_of_rest(const Pair& x) {
  const Value s = x.high * x.high;
  const Value p = polynomial({-1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800,
                              1.0 / 6227020800, -1.0 / 1307674368000, 1.0 / 355687428096000},
                             s);
  return x.high + (x.high * s * p + x.low * (1.0 - s * 0.5));
}

Value cosine_of_rest(const Pair& x) {
  const Value s = x.high * x.high;
  const Value p = polynomial({1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800, 1.0 / 479001600,
                              -1.0 / 87178291200, 1.0 / 20922789888000},
                             s);
  const Pair start = quick_sum(x.high.like(1), s * -0.5);
  return start.high + (start.low + (s * s * p - x.high * x.low));
}

Value is_odd(const Value& quadrant) { return (quadrant & 1) != 0.0; }

Value sine_of(const Angle& angle) {
  const Value y =
      select(is_odd(angle.quadrant), cosine_of_rest(angle.rest), sine_of_rest(angle.rest));
  return negated_if((angle.quadrant & 2) != 0.0, y);
}

Value tangent_of(const Angle& angle) {
  const Value sine = sine_of_rest(angle.rest);
  const Value cosine = cosine_of_rest(angle.rest);
  const Value odd = is_odd(angle.quadrant);
  return select(odd, -cosine, sine) / select(odd, sine, cosine);
}

// pi x for x in [0, 1].
Angle half_turns(const Value& x) {
  const Value twice = x + x;
  const Value quadrant = round_even(twice);
  const Pair half_pi = {x.like(half_pi_high), x.like(half_pi_low)};
  return {small_integer(quadrant), half_pi * (twice - quadrant)};
}

Value finite_only(const Value& x, const Value& y) {
  return keep_nan(x, select(is_infinite(x), not_a_number(x), y));
}

// atan of x >= 0: atan c + atan((x - c) / (1 + c x)) with c of 0, 1/2, 1, 3/2 or infinity, so that
// the second is of at most 7/16. A sum of two, not yet rounded.
Pair atan_of_positive(const Value& x) {
  struct Step {
    double from, c, high, low;  // atan c in two parts
  };
  constexpr Step steps[] = {{7.0 / 16, 0.5, 0.4636476090008061, 2.2698777452961687e-17},
                            {11.0 / 16, 1, 0.7853981633974483, 3.061616997868383e-17},
                            {19.0 / 16, 1.5, 0.982793723247329, 1.3903311031230998e-17}};
  Value c = x.like(0);
  Value high = x.like(0);
  Value low = x.like(0);
  for (const Step& step : steps) {
    const Value beyond = x >= step.from;
    c = select(beyond, x.like(step.c), c);
    high = select(beyond, x.like(step.high), high);
    low = select(beyond, x.like(step.low), low);
  }
  const Value large = x >= 39.0 / 16;
  high = select(large, x.like(half_pi_high), high);
  low = select(large, x.like(half_pi_low), low);
  const Value t = select(large, x.like(-1), x - c) / select(large, x, c * x + 1.0);
  const Value s = t * t;
  const Value p = polynomial(
      {-0.3333333333333333, 0.19999999999999407, -0.14285714285566106, 0.11111111096583941,
       -0.09090908352879208, 0.0769228548435096, -0.06666240788370212, 0.05876934765284898,
       -0.052166025928240795, 0.044919440048116197, -0.03312086925384603, 0.014765970807038169},
      s);
  return {high, (t * s * p + low) + t};
}

// asin of |x|, and above 1/2 of sqrt((1 - |x|) / 2), half the angle that is missing: high + low.
struct Arc {
  Value large;
  Value high;
  Value low;
};

Arc arc_of(const Value& x) {
  const Value a = absolute(x);
  const Value large = a > 0.5;
  const Value s = select(large, (1.0 - a) * 0.5, a * a);
  const Value root = square_root(s);
  const Pair back = exact_product(root, root);
  // What rounding the root loses.
  const Value lost = ((s - back.high) - back.low) / select(s == 0.0, s.like(1), root + root);
  const Value p = polynomial(
      {0.16666666666666666, 0.07500000000000118, 0.044642857142551895, 0.03038194447553234,
       0.02237215744350722, 0.017352816540325496, 0.01396378001220357, 0.011566459612121669,
       0.009621842970100282, 0.009319560794767446, 0.0030448799094556773, 0.019554513336123378,
       -0.01924167174674304, 0.02961201126495512},
      s);
  const Value high = select(large, root, a);
  return {large, high, high * s * p + select(large, lost, s.like(0))};
}

// whole - part, where whole is in two parts.
Value difference(double whole_high, double whole_low, const Value& part_high,
                 const Value& part_low) {
  const Pair sum = exact_sum(part_high.like(whole_high), -part_high);
  return sum.high + (sum.low + (whole_low - part_low));
}

}  // namespace

Value sin(const Value& x) { return finite_only(x, select(x == 0.0, x, sine_of(reduce(x)))); }

Value cos(const Value& x) {
  const Angle angle = reduce(x);
  return finite_only(x, sine_of({angle.quadrant + angle.quadrant.like(1), angle.rest}));
}

Value tan(const Value& x) { return finite_only(x, select(x == 0.0, x, tangent_of(reduce(x)))); }

Value asin(const Value& x) {
  const Arc arc = arc_of(x);
  const Value of_large =
      difference(half_pi_high, half_pi_low, arc.high + arc.high, arc.low + arc.low);
  const Value y = select(arc.large, of_large, arc.high + arc.low);
  return keep_nan(x, select(absolute(x) > 1.0, not_a_number(x), with_sign_of(y, x)));
}

Value acos(const Value& x) {
  const Arc arc = arc_of(x);
  const Value high = arc.high + arc.high;
  const Value low = arc.low + arc.low;
  const Value of_large =
      select(x < 0.0, difference(2 * half_pi_high, 2 * half_pi_low, high, low), high + low);
  const Value negative = is_negative(x);
  const Value of_small = difference(half_pi_high, half_pi_low, negated_if(negative, arc.high),
                                    negated_if(negative, arc.low));
  const Value y = select(arc.large, of_large, of_small);
  return keep_nan(x, select(absolute(x) > 1.0, not_a_number(x), y));
}

Value atan(const Value& x) {
  const Pair y = atan_of_positive(absolute(x));
  return keep_nan(x, with_sign_of(y.high + y.low, x));
}

Value atan2(const Value& y, const Value& x) {
  const Value both_infinite = is_infinite(x) & is_infinite(y);
  const Value both_zero = (x == 0.0) & (y == 0.0);
  // The quotient, with what would be NaN replaced: inf/inf is 1, 0/0 is 0.
  const Value quotient =
      select(both_infinite, x.like(1),
             select(both_zero, x.like(0), absolute(y) / select(both_zero, x.like(1), absolute(x))));
  const Pair angle = atan_of_positive(quotient);
  const Value turned = difference(2 * half_pi_high, 2 * half_pi_low, angle.high, angle.low);
  const Value result = with_sign_of(select(is_negative(x), turned, angle.high + angle.low), y);
  return keep_nan(x, keep_nan(y, result));
}

Value sine_of_half_turns(const Value& x) { return sine_of(half_turns(x)); }

Value cotangent_of_half_turns(const Value& x) {
  // cot a = -tan(a + pi/2)
  const Angle angle = half_turns(x);
  return -tangent_of({angle.quadrant + angle.quadrant.like(1), angle.rest});
}

}  // namespace evergpu::adapters::vulkan::f64
