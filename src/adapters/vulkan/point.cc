// What each unary and binary operation computes: the generated counterpart of ir/point_functions.h.
#include "adapters/vulkan/element.h"
#include "adapters/vulkan/math.h"

namespace evergpu::adapters::vulkan {
namespace {

using ir::BinaryOp;
using ir::DType;
using ir::UnaryOp;

Value sign_of_float(const Value& x) {
  const Value one = with_sign_of(x.like(1), x);
  return select(is_nan(x) | (x == 0.0), x, one);
}

Value float_unary(UnaryOp op, const Value& x) {
  switch (op) {
    case UnaryOp::negate:
      return -x;
    case UnaryOp::absolute:
      return absolute(x);
    case UnaryOp::sign:
      return sign_of_float(x);
    case UnaryOp::square:
      return x * x;
    case UnaryOp::floor:
      return floor(x);
    case UnaryOp::ceil:
      return ceil(x);
    case UnaryOp::round_even:
      return round_even(x);
    case UnaryOp::truncate:
      return truncate(x);
    case UnaryOp::sqrt:
      return square_root(x);
    case UnaryOp::rsqrt:
      return 1.0 / square_root(x);
    case UnaryOp::reciprocal:
      return 1.0 / x;
    case UnaryOp::is_nan:
      return is_nan(x);
    case UnaryOp::is_infinite:
      return is_infinite(x);
    case UnaryOp::is_finite:
      return !(is_nan(x) | is_infinite(x));
    case UnaryOp::exp:
      return exp(x);
    case UnaryOp::expm1:
      return expm1(x);
    case UnaryOp::log:
      return log(x);
    case UnaryOp::log1p:
      return log1p(x);
    case UnaryOp::sin:
      return sin(x);
    case UnaryOp::cos:
      return cos(x);
    case UnaryOp::tan:
      return tan(x);
    case UnaryOp::asin:
      return asin(x);
    case UnaryOp::acos:
      return acos(x);
    case UnaryOp::atan:
      return atan(x);
    case UnaryOp::sinh:
      return sinh(x);
    case UnaryOp::cosh:
      return cosh(x);
    case UnaryOp::tanh:
      return tanh(x);
    case UnaryOp::asinh:
      return asinh(x);
    case UnaryOp::acosh:
      return acosh(x);
    case UnaryOp::atanh:
      return atanh(x);
    case UnaryOp::sigmoid:
      return sigmoid(x);
    case UnaryOp::softplus:
      return softplus(x);
    case UnaryOp::erf:
      return erf(x);
    case UnaryOp::erfc:
      return erfc(x);
    case UnaryOp::erf_inverse:
      return erf_inverse(x);
    case UnaryOp::log_gamma:
      return log_gamma(x);
    case UnaryOp::digamma:
      return digamma(x);
    case UnaryOp::logical_not:
    case UnaryOp::bitwise_not:
      break;
  }
  return x;
}

Value is_negative(const Value& x) { return signed_less(x, x.like(0)); }

Value integer_unary(UnaryOp op, const Value& x, bool is_signed) {
  switch (op) {
    case UnaryOp::negate:
      return -x;
    case UnaryOp::absolute:
      return is_signed ? select(is_negative(x), -x, x) : x;
    case UnaryOp::sign: {
      const Value positive = select(x == 0.0, x, x.like(1));
      return is_signed ? select(is_negative(x), x.like(-1), positive) : positive;
    }
    case UnaryOp::square:
      return x * x;
    default:
      return ~x;
  }
}

Value maximum(const Value& x, const Value& y) { return select((x > y) | is_nan(x), x, y); }
Value minimum(const Value& x, const Value& y) { return select((x < y) | is_nan(x), x, y); }

Value float_binary(BinaryOp op, const Value& x, const Value& y) {
  switch (op) {
    case BinaryOp::add:
      return x + y;
    case BinaryOp::subtract:
      return x - y;
    case BinaryOp::multiply:
      return x * y;
    case BinaryOp::divide:
      return x / y;
    case BinaryOp::floor_divide:
      return floor(x / y);
    case BinaryOp::truncate_modulo:
      return remainder(x, y);
    case BinaryOp::floor_modulo: {
      const Value rest = remainder(x, y);
      return select((rest != 0.0) & ((y < 0.0) != (rest < 0.0)), rest + y, rest);
    }
    case BinaryOp::power:
      return power(x, y);
    case BinaryOp::atan2:
      return atan2(x, y);
    case BinaryOp::maximum:
      return maximum(x, y);
    case BinaryOp::minimum:
      return minimum(x, y);
    case BinaryOp::equal:
      return x == y;
    case BinaryOp::not_equal:
      return x != y;
    case BinaryOp::less:
      return x < y;
    case BinaryOp::less_equal:
      return x <= y;
    case BinaryOp::greater:
      return x > y;
    case BinaryOp::greater_equal:
      return x >= y;
    default:
      return x;
  }
}

// Integers of one dtype.
class Integers {
 public:
  explicit Integers(DType dtype)
      : is_signed_(ir::is_signed_integer(dtype)), bits_(static_cast<int>(8 * ir::size_of(dtype))) {}

  Value less(const Value& x, const Value& y) const {
    return is_signed_ ? signed_less(x, y) : x < y;
  }
  Value less_equal(const Value& x, const Value& y) const {
    return is_signed_ ? signed_less_equal(x, y) : x <= y;
  }
  Value negative(const Value& x) const {
    return is_signed_ ? is_negative(x)
                      : Value{x.module, x.module->constant(Type::boolean, 0), Type::boolean};
  }

  // A quotient of no meaning would be undefined behaviour, so such a divisor is replaced.
  Value divide(const Value& x, const Value& y) const {
    const Value zero = y == 0.0;
    if (!is_signed_) return select(zero, all_bits(x), x / select(zero, y.like(1), y));
    const Value minus_one = y == -1.0;
    const Value quotient = signed_divide(x, select(zero | minus_one, y.like(1), y));
    return select(zero, all_bits(x), select(minus_one, -x, quotient));
  }
  Value truncate_modulo(const Value& x, const Value& y) const {
    const Value zero = y == 0.0;
    if (!is_signed_) return select(zero, all_bits(x), x % select(zero, y.like(1), y));
    const Value safe = select(zero | (y == -1.0), y.like(1), y);
    // By the quotient: Vulkan leaves the remainder of negative numbers undefined.
    return select(zero, all_bits(x), x - signed_divide(x, safe) * safe);
  }
  Value floor_divide(const Value& x, const Value& y) const {
    const Value quotient = divide(x, y);
    if (!is_signed_) return quotient;
    const Value inexact = (y != 0.0) & (quotient * y != x);
    const Value opposed = negative(x) != negative(y);
    return select(inexact & opposed, quotient - quotient.like(1), quotient);
  }
  Value floor_modulo(const Value& x, const Value& y) const {
    const Value rest = truncate_modulo(x, y);
    if (!is_signed_) return rest;
    const Value opposed = negative(y) != negative(rest);
    return select((y != 0.0) & (rest != 0.0) & opposed, rest + y, rest);
  }
  Value power(const Value& x, const Value& y) const {
    const Value rounds = constant_u32(*x.module, static_cast<std::uint32_t>(bits_));
    const Value mask =
        y.like_bits(bits_ == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits_) - 1);
    const std::vector<Value> state =
        repeat(rounds, {x.like(1), x, y & mask}, [](const Value&, const std::vector<Value>& s) {
          const Value odd = (s[2] & 1) != 0.0;
          return std::vector<Value>{select(odd, s[0] * s[1], s[0]), s[1] * s[1], s[2] >> 1};
        });
    if (!is_signed_) return state[0];
    const Value of_minus_one = select((y & 1) == 0.0, x.like(1), x);
    const Value below = select(x == 1.0, x.like(1), select(x == -1.0, of_minus_one, x.like(0)));
    return select(negative(y), below, state[0]);
  }
  Value shift_count(const Value& count) const {
    // By bits: with Mesa 22.3, whether a widened 8-bit integer is greater than a literal came out
    // wrong.
    const std::uint64_t most = static_cast<std::uint64_t>(bits_) - 1;
    const Value small = (count & ~most) == 0.0;
    const Value bounded = select(small, count, count.like_bits(most));
    return select(negative(count), count.like(0), bounded);
  }
  Value shift_right(const Value& x, const Value& count) const {
    return is_signed_ ? signed_shift_right(x, shift_count(count)) : x >> shift_count(count);
  }

  Value compute(BinaryOp op, const Value& x, const Value& y) const {
    switch (op) {
      case BinaryOp::add:
        return x + y;
      case BinaryOp::subtract:
        return x - y;
      case BinaryOp::multiply:
        return x * y;
      case BinaryOp::divide:
        return divide(x, y);
      case BinaryOp::floor_divide:
        return floor_divide(x, y);
      case BinaryOp::floor_modulo:
        return floor_modulo(x, y);
      case BinaryOp::truncate_modulo:
        return truncate_modulo(x, y);
      case BinaryOp::power:
        return power(x, y);
      case BinaryOp::maximum:
        return select(less(y, x), x, y);
      case BinaryOp::minimum:
        return select(less(x, y), x, y);
      case BinaryOp::bit_and:
        return x & y;
      case BinaryOp::bit_or:
        return x | y;
      case BinaryOp::bit_xor:
        return x ^ y;
      case BinaryOp::shift_left:
        return x << shift_count(y);
      case BinaryOp::shift_right:
        return shift_right(x, y);
      case BinaryOp::equal:
        return x == y;
      case BinaryOp::not_equal:
        return x != y;
      case BinaryOp::less:
        return less(x, y);
      case BinaryOp::less_equal:
        return less_equal(x, y);
      case BinaryOp::greater:
        return less(y, x);
      case BinaryOp::greater_equal:
        return less_equal(y, x);
      case BinaryOp::atan2:
        break;
    }
    return x;
  }

 private:
  static Value all_bits(const Value& x) { return x.like(-1); }

  bool is_signed_;
  int bits_;
};

Value truth_binary(BinaryOp op, const Value& x, const Value& y) {
  switch (op) {
    case BinaryOp::bit_and:
      return x & y;
    case BinaryOp::bit_or:
      return x | y;
    case BinaryOp::equal:
      return x == y;
    default:  // bit_xor and not_equal
      return x != y;
  }
}

}  // namespace

Element unary(UnaryOp op, const Element& x, DType result) {
  const Value value = number(x);
  if (x.dtype == DType::boolean) return rounded(result, !value);
  return rounded(result, ir::is_float(x.dtype)
                             ? float_unary(op, value)
                             : integer_unary(op, value, ir::is_signed_integer(x.dtype)));
}

Element binary(BinaryOp op, const Element& x, const Element& y, DType result) {
  const Value a = number(x);
  const Value b = number(y);
  if (x.dtype == DType::boolean) return rounded(result, truth_binary(op, a, b));
  return rounded(
      result, ir::is_float(x.dtype) ? float_binary(op, a, b) : Integers(x.dtype).compute(op, a, b));
}

}  // namespace evergpu::adapters::vulkan
