// Numeric conversion between element types, as the node kind `cast` defines it.
#pragma once

#include <cstring>

#include "ir/dtype.h"

namespace evergpu::ir {

/// Float to integer truncates, saturates, and takes NaN to 0; integers wrap; to bool: x != 0;
/// to a 16-bit float: through float, rounded to nearest even each time.
template <typename To, typename From>
constexpr To convert(From from) {
  if constexpr (std::is_same_v<To, From>) {
    return from;
  } else if constexpr (!std::is_same_v<From, Compute<From>>) {
    return convert<To>(static_cast<float>(from));
  } else if constexpr (!std::is_same_v<To, Compute<To>>) {
    return To(static_cast<float>(from));
  } else if constexpr (std::is_same_v<To, bool>) {
    return from != From(0);
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // 2^digits is a power of two and so exact in From, unlike the greatest To.
    constexpr From above = From(std::uint64_t{1} << (std::numeric_limits<To>::digits - 1)) * 2;
    if (from != from) return To(0);
    if (from >= above) return std::numeric_limits<To>::max();
    if (from <= static_cast<From>(std::numeric_limits<To>::min()))
      return std::numeric_limits<To>::min();
    return static_cast<To>(from);
  } else {
    return static_cast<To>(from);
  }
}

/// The bytes of `value`, zero-extended: how a scalar constant is kept.
template <typename T>
std::uint64_t bits_of(T value) {
  std::uint64_t bits = 0;
  static_assert(std::endian::native == std::endian::little && sizeof(T) <= sizeof(bits));
  std::memcpy(&bits, &value, sizeof(T));
  return bits;
}

/// The inverse of bits_of.
template <typename T>
T from_bits(std::uint64_t bits) {
  T value;
  std::memcpy(static_cast<void*>(&value), &bits, sizeof(T));
  return value;
}

}  // namespace evergpu::ir
