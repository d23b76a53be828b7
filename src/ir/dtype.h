// Element types, their storage types in C++, and a visitor from the one to the other.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

namespace evergpu::ir {

/// The element type of a value.
enum class DType : std::uint8_t {
  f16,
  bf16,
  f32,
  f64,
  i8,
  i16,
  i32,
  i64,
  u8,
  u16,
  u32,
  u64,
  boolean
};

inline constexpr DType all_dtypes[] = {
    DType::f16, DType::bf16, DType::f32, DType::f64, DType::i8,  DType::i16,    DType::i32,
    DType::i64, DType::u8,   DType::u16, DType::u32, DType::u64, DType::boolean};

/// Bytes of one element.
constexpr std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::i8:
    case DType::u8:
    case DType::boolean:
      return 1;
    case DType::f16:
    case DType::bf16:
    case DType::i16:
    case DType::u16:
      return 2;
    case DType::f32:
    case DType::i32:
    case DType::u32:
      return 4;
    case DType::f64:
    case DType::i64:
    case DType::u64:
      return 8;
  }
  return 0;
}

constexpr bool is_float(DType dtype) { return dtype <= DType::f64; }
constexpr bool is_signed_integer(DType dtype) { return dtype >= DType::i8 && dtype <= DType::i64; }
constexpr bool is_unsigned_integer(DType dtype) {
  return dtype >= DType::u8 && dtype <= DType::u64;
}
constexpr bool is_integer(DType dtype) { return dtype >= DType::i8 && dtype <= DType::u64; }

/// The name used in printed IR: "f32", "i64", "bool" …
constexpr std::string_view name_of(DType dtype) {
  constexpr std::string_view names[] = {"f16", "bf16", "f32", "f64", "i8",  "i16", "i32",
                                        "i64", "u8",   "u16", "u32", "u64", "bool"};
  return names[static_cast<std::size_t>(dtype)];
}

/// IEEE 754 binary16, for storage. Arithmetic is done in float and rounded to nearest even.
class Half {
 public:
  Half() = default;
  explicit Half(float value) : bits_(from_float(value)) {}
  explicit operator float() const { return to_float(bits_); }

 private:
  static std::uint16_t from_float(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return sign | 0x7e00u;   // NaN
    if (magnitude >= 0x477ff000u) return sign | 0x7c00u;  // rounds to infinity
    if (magnitude < 0x38800000u) {
      // Subnormal: adding 0.5 makes the hardware round at the right bit.
      const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
      return static_cast<std::uint16_t>(sign |
                                        (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
    }
    const std::uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
    return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
  }
  static float to_float(std::uint16_t bits) {
    const std::uint32_t sign = (bits & 0x8000u) << 16;
    const std::uint32_t magnitude = bits & 0x7fffu;
    if (magnitude >= 0x7c00u)
      return std::bit_cast<float>(sign | 0x7f800000u | ((magnitude & 0x3ffu) << 13));
    if (magnitude < 0x400u) {
      const float value = static_cast<float>(magnitude) * 0x1p-24f;
      return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(value));
    }
    return std::bit_cast<float>(sign | ((magnitude << 13) + 0x38000000u));
  }

  std::uint16_t bits_ = 0;
};

/// bfloat16, for storage. Arithmetic is done in float and rounded to nearest even.
class BFloat16 {
 public:
  BFloat16() = default;
  explicit BFloat16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
    bits_ = nan ? static_cast<std::uint16_t>((bits >> 16) | 0x40u)
                : static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
  }
  explicit operator float() const { return std::bit_cast<float>(std::uint32_t{bits_} << 16); }

 private:
  std::uint16_t bits_ = 0;
};

/// The type in which one operation on T is computed before it is rounded to T.
template <typename T>
using Compute =
    std::conditional_t<std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>, float, T>;

template <typename T>
inline constexpr bool is_floating = std::is_floating_point_v<Compute<T>>;

/// A type as a function argument.
template <typename T>
struct TypeTag {
  using type = T;
};

/// Calls `function(TypeTag<T>())` with the storage type T of `dtype`; bool is stored as one byte.
template <typename Function>
decltype(auto) visit(DType dtype, Function&& function) {
  switch (dtype) {
    case DType::f16:
      return function(TypeTag<Half>());
    case DType::bf16:
      return function(TypeTag<BFloat16>());
    case DType::f32:
      return function(TypeTag<float>());
    case DType::f64:
      return function(TypeTag<double>());
    case DType::i8:
      return function(TypeTag<std::int8_t>());
    case DType::i16:
      return function(TypeTag<std::int16_t>());
    case DType::i32:
      return function(TypeTag<std::int32_t>());
    case DType::i64:
      return function(TypeTag<std::int64_t>());
    case DType::u8:
      return function(TypeTag<std::uint8_t>());
    case DType::u16:
      return function(TypeTag<std::uint16_t>());
    case DType::u32:
      return function(TypeTag<std::uint32_t>());
    case DType::u64:
      return function(TypeTag<std::uint64_t>());
    case DType::boolean:
      break;
  }
  return function(TypeTag<bool>());
}

/// The dtype whose storage type is T.
template <typename T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, Half>)
    return DType::f16;
  else if constexpr (std::is_same_v<T, BFloat16>)
    return DType::bf16;
  else if constexpr (std::is_same_v<T, float>)
    return DType::f32;
  else if constexpr (std::is_same_v<T, double>)
    return DType::f64;
  else if constexpr (std::is_same_v<T, bool>)
    return DType::boolean;
  else {
    static_assert(std::is_integral_v<T>);
    constexpr int log2 = std::countr_zero(sizeof(T));
    return static_cast<DType>(static_cast<int>(std::is_signed_v<T> ? DType::i8 : DType::u8) + log2);
  }
}

}  // namespace evergpu::ir
