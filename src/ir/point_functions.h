// What each unary and binary operation computes for one element of its compute type. Loops are
// written around `with_function`, so that the choice of the operation stays outside them.
#pragma once

#include <cmath>
#include <limits>
#include <type_traits>

#include "ir/operation.h"
#include "ir/special_functions.h"

namespace evergpu::ir {
namespace point {

/// The type in which integers are added and multiplied, so that they wrap.
template <typename T>
using Wrapping = std::conditional_t<sizeof(T) <= 4, std::uint32_t, std::uint64_t>;

/// What an integer division by zero gives.
template <typename T>
inline constexpr T all_bits = static_cast<T>(~Wrapping<T>{0});

template <typename T>
constexpr bool negative(T x) {
  if constexpr (std::is_signed_v<T>) return x < 0;
  return false;
}

template <typename T>
T add(T x, T y) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<Wrapping<T>>(x) + static_cast<Wrapping<T>>(y));
  else
    return x + y;
}
template <typename T>
T subtract(T x, T y) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<Wrapping<T>>(x) - static_cast<Wrapping<T>>(y));
  else
    return x - y;
}
template <typename T>
T multiply(T x, T y) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<Wrapping<T>>(x) * static_cast<Wrapping<T>>(y));
  else
    return x * y;
}
// Here and below, -1 is apart because the least integer divided by it traps.
template <typename T>
T divide(T x, T y) {
  if constexpr (std::is_integral_v<T>) {
    if (y == 0) return all_bits<T>;
    if (negative(y) && y == all_bits<T>) return subtract(T(0), x);
    return static_cast<T>(x / y);
  } else {
    return x / y;
  }
}
/// The remainder with the sign of x.
template <typename T>
T truncate_modulo(T x, T y) {
  if constexpr (std::is_integral_v<T>) {
    if (y == 0) return all_bits<T>;
    if (negative(y) && y == all_bits<T>) return 0;
    return static_cast<T>(x % y);
  } else {
    return std::fmod(x, y);
  }
}
template <typename T>
T floor_divide(T x, T y) {
  if constexpr (std::is_integral_v<T>) {
    const T quotient = divide(x, y);
    const bool inexact = y != 0 && multiply(quotient, y) != x;
    return inexact && negative(x) != negative(y) ? static_cast<T>(quotient - 1) : quotient;
  } else {
    return std::floor(x / y);
  }
}
/// The remainder with the sign of y.
template <typename T>
T floor_modulo(T x, T y) {
  const T remainder = truncate_modulo(x, y);
  if constexpr (std::is_integral_v<T>)
    if (y == 0) return remainder;
  return remainder != 0 && negative(y) != negative(remainder) ? add(remainder, y) : remainder;
}
template <typename T>
T power(T x, T y) {
  if constexpr (std::is_integral_v<T>) {
    if (negative(y)) {
      if (x == 1) return 1;
      if (negative(x) && x == all_bits<T>) return y % 2 == 0 ? T(1) : x;
      return 0;
    }
    T result = 1;
    for (auto exponent = static_cast<std::make_unsigned_t<T>>(y); exponent != 0; exponent >>= 1) {
      if (exponent & 1) result = multiply(result, x);
      x = multiply(x, x);
    }
    return result;
  } else {
    return std::pow(x, y);
  }
}
template <typename T>
T maximum(T x, T y) {
  return x > y || x != x ? x : y;
}
template <typename T>
T minimum(T x, T y) {
  return x < y || x != x ? x : y;
}
template <typename T>
int shift_count(T count) {
  constexpr int most = static_cast<int>(8 * sizeof(T)) - 1;
  if (negative(count)) return 0;
  return count > T(most) ? most : static_cast<int>(count);
}
template <typename T>
T shift_left(T x, T count) {
  return static_cast<T>(static_cast<Wrapping<T>>(x) << shift_count(count));
}
template <typename T>
T shift_right(T x, T count) {
  return static_cast<T>(x >> shift_count(count));
}

template <typename T>
T sign(T x) {
  return x > 0 ? T(1) : negative(x) ? T(-1) : x;  // x: zero or NaN
}
/// Rounds to the nearest integer, halves to even; independent of the rounding mode of the thread.
template <typename T>
T round_even(T x) {
  constexpr T whole = T(1) / std::numeric_limits<T>::epsilon();  // from here on all are integers
  if (!(std::abs(x) < whole)) return x;
  T rounded = std::floor(x);
  const T fraction = x - rounded;
  if (fraction > T(0.5) || (fraction == T(0.5) && rounded / 2 != std::floor(rounded / 2)))
    rounded += 1;
  return std::copysign(rounded, x);
}
template <typename T>
T sigmoid(T x) {
  if (x >= 0) return 1 / (1 + std::exp(-x));
  const T e = std::exp(x);
  return e / (1 + e);
}
template <typename T>
T softplus(T x) {
  return (x > 0 ? x : 0) + std::log1p(std::exp(-std::abs(x)));
}

}  // namespace point

/// Calls `run(f)`, f being the function C -> C (or bool) of an operation that exists for compute
/// type C.
template <typename C, typename Run>
void with_function(UnaryOp op, Run&& run) {
  switch (op) {
    case UnaryOp::logical_not:
      if constexpr (std::is_same_v<C, bool>) run([](bool x) { return !x; });
      return;
    case UnaryOp::bitwise_not:
      if constexpr (std::is_integral_v<C> && !std::is_same_v<C, bool>)
        run([](C x) { return static_cast<C>(~x); });
      return;
    default:
      break;
  }
  if constexpr (!std::is_same_v<C, bool>) {
    switch (op) {
      case UnaryOp::negate:
        if constexpr (std::is_integral_v<C>)
          return run([](C x) { return point::subtract(C(0), x); });
        else
          return run([](C x) { return -x; });
      case UnaryOp::absolute:
        if constexpr (std::is_integral_v<C>)
          return run([](C x) { return point::negative(x) ? point::subtract(C(0), x) : x; });
        else
          return run([](C x) { return std::abs(x); });
      case UnaryOp::sign:
        return run([](C x) { return point::sign(x); });
      case UnaryOp::square:
        return run([](C x) { return point::multiply(x, x); });
      default:
        break;
    }
  }
  if constexpr (std::is_floating_point_v<C>) {
    switch (op) {
      case UnaryOp::floor:
        return run([](C x) { return std::floor(x); });
      case UnaryOp::ceil:
        return run([](C x) { return std::ceil(x); });
      case UnaryOp::round_even:
        return run([](C x) { return point::round_even(x); });
      case UnaryOp::truncate:
        return run([](C x) { return std::trunc(x); });
      case UnaryOp::exp:
        return run([](C x) { return std::exp(x); });
      case UnaryOp::expm1:
        return run([](C x) { return std::expm1(x); });
      case UnaryOp::log:
        return run([](C x) { return std::log(x); });
      case UnaryOp::log1p:
        return run([](C x) { return std::log1p(x); });
      case UnaryOp::sqrt:
        return run([](C x) { return std::sqrt(x); });
      case UnaryOp::rsqrt:
        return run([](C x) { return 1 / std::sqrt(x); });
      case UnaryOp::reciprocal:
        return run([](C x) { return 1 / x; });
      case UnaryOp::sin:
        return run([](C x) { return std::sin(x); });
      case UnaryOp::cos:
        return run([](C x) { return std::cos(x); });
      case UnaryOp::tan:
        return run([](C x) { return std::tan(x); });
      case UnaryOp::asin:
        return run([](C x) { return std::asin(x); });
      case UnaryOp::acos:
        return run([](C x) { return std::acos(x); });
      case UnaryOp::atan:
        return run([](C x) { return std::atan(x); });
      case UnaryOp::sinh:
        return run([](C x) { return std::sinh(x); });
      case UnaryOp::cosh:
        return run([](C x) { return std::cosh(x); });
      case UnaryOp::tanh:
        return run([](C x) { return std::tanh(x); });
      case UnaryOp::asinh:
        return run([](C x) { return std::asinh(x); });
      case UnaryOp::acosh:
        return run([](C x) { return std::acosh(x); });
      case UnaryOp::atanh:
        return run([](C x) { return std::atanh(x); });
      case UnaryOp::sigmoid:
        return run([](C x) { return point::sigmoid(x); });
      case UnaryOp::softplus:
        return run([](C x) { return point::softplus(x); });
      case UnaryOp::erf:
        return run([](C x) { return std::erf(x); });
      case UnaryOp::erfc:
        // In f64: the f32 function of the Windows C library is off by six units in the last place.
        return run([](C x) { return static_cast<C>(std::erfc(static_cast<double>(x))); });
      case UnaryOp::erf_inverse:
        return run([](C x) { return static_cast<C>(erf_inverse(x)); });
      case UnaryOp::log_gamma:
        return run([](C x) { return static_cast<C>(log_gamma(x)); });
      case UnaryOp::digamma:
        return run([](C x) { return static_cast<C>(digamma(x)); });
      case UnaryOp::is_nan:
        return run([](C x) { return std::isnan(x); });
      case UnaryOp::is_infinite:
        return run([](C x) { return std::isinf(x); });
      case UnaryOp::is_finite:
        return run([](C x) { return std::isfinite(x); });
      default:
        break;
    }
  }
}

/// Calls `run(f)`, f being the function (C, C) -> C (or bool) of an operation that exists for
/// compute type C.
template <typename C, typename Run>
void with_function(BinaryOp op, Run&& run) {
  switch (op) {
    case BinaryOp::equal:
      return run([](C x, C y) { return x == y; });
    case BinaryOp::not_equal:
      return run([](C x, C y) { return x != y; });
    default:
      break;
  }
  if constexpr (std::is_integral_v<C>) {
    switch (op) {
      case BinaryOp::bit_and:
        return run([](C x, C y) { return static_cast<C>(x & y); });
      case BinaryOp::bit_or:
        return run([](C x, C y) { return static_cast<C>(x | y); });
      case BinaryOp::bit_xor:
        return run([](C x, C y) { return static_cast<C>(x ^ y); });
      default:
        break;
    }
  }
  if constexpr (!std::is_same_v<C, bool>) {
    switch (op) {
      case BinaryOp::add:
        return run([](C x, C y) { return point::add(x, y); });
      case BinaryOp::subtract:
        return run([](C x, C y) { return point::subtract(x, y); });
      case BinaryOp::multiply:
        return run([](C x, C y) { return point::multiply(x, y); });
      case BinaryOp::divide:
        return run([](C x, C y) { return point::divide(x, y); });
      case BinaryOp::floor_divide:
        return run([](C x, C y) { return point::floor_divide(x, y); });
      case BinaryOp::floor_modulo:
        return run([](C x, C y) { return point::floor_modulo(x, y); });
      case BinaryOp::truncate_modulo:
        return run([](C x, C y) { return point::truncate_modulo(x, y); });
      case BinaryOp::power:
        return run([](C x, C y) { return point::power(x, y); });
      case BinaryOp::maximum:
        return run([](C x, C y) { return point::maximum(x, y); });
      case BinaryOp::minimum:
        return run([](C x, C y) { return point::minimum(x, y); });
      case BinaryOp::less:
        return run([](C x, C y) { return x < y; });
      case BinaryOp::less_equal:
        return run([](C x, C y) { return x <= y; });
      case BinaryOp::greater:
        return run([](C x, C y) { return x > y; });
      case BinaryOp::greater_equal:
        return run([](C x, C y) { return x >= y; });
      default:
        break;
    }
    if constexpr (std::is_integral_v<C>) {
      if (op == BinaryOp::shift_left) run([](C x, C y) { return point::shift_left(x, y); });
      if (op == BinaryOp::shift_right) run([](C x, C y) { return point::shift_right(x, y); });
    } else {
      if (op == BinaryOp::atan2) run([](C x, C y) { return std::atan2(x, y); });
    }
  }
}

}  // namespace evergpu::ir
