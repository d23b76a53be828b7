// Values of code that is being generated, with C++'s operators, so that a formula reads as one.
// Each operator appends an instruction to the module; operations on floats round, and stay apart.
#pragma once

#include <bit>
#include <functional>
#include <vector>

#include "adapters/vulkan/spirv_module.h"

namespace evergpu::adapters::vulkan {

/// A result and the module that it is computed in.
struct Value {
  SpirvModule* module = nullptr;
  Id id = 0;
  Type type = Type::u32;

  /// A constant of the same type. For integers `x` is whole.
  Value like(double x) const;
  /// A constant of the same type by its bits.
  Value like_bits(std::uint64_t bits) const { return {module, module->constant(type, bits), type}; }
};

Value constant_u32(SpirvModule& module, std::uint32_t value);

// Numbers: floats and (wrapping) integers of one type.
Value operator+(const Value& a, const Value& b);
Value operator-(const Value& a, const Value& b);
Value operator*(const Value& a, const Value& b);
/// Of floats, or of integers without sign.
Value operator/(const Value& a, const Value& b);
Value operator-(const Value& a);
inline Value operator+(const Value& a, double b) { return a + a.like(b); }
inline Value operator-(const Value& a, double b) { return a - a.like(b); }
inline Value operator*(const Value& a, double b) { return a * a.like(b); }
inline Value operator/(const Value& a, double b) { return a / a.like(b); }
inline Value operator+(double a, const Value& b) { return b.like(a) + b; }
inline Value operator-(double a, const Value& b) { return b.like(a) - b; }
inline Value operator*(double a, const Value& b) { return b.like(a) * b; }
inline Value operator/(double a, const Value& b) { return b.like(a) / b; }

/// The remainder of integers without sign.
Value operator%(const Value& a, const Value& b);
Value signed_divide(const Value& a, const Value& b);
Value signed_remainder(const Value& a, const Value& b);

// Comparisons: of floats, false when one is NaN but for !=; of integers without sign; of truths ==
// and
// !=.
Value operator==(const Value& a, const Value& b);
Value operator!=(const Value& a, const Value& b);
Value operator<(const Value& a, const Value& b);
Value operator<=(const Value& a, const Value& b);
Value operator>(const Value& a, const Value& b);
Value operator>=(const Value& a, const Value& b);
inline Value operator==(const Value& a, double b) { return a == a.like(b); }
inline Value operator!=(const Value& a, double b) { return a != a.like(b); }
inline Value operator<(const Value& a, double b) { return a < a.like(b); }
inline Value operator<=(const Value& a, double b) { return a <= a.like(b); }
inline Value operator>(const Value& a, double b) { return a > a.like(b); }
inline Value operator>=(const Value& a, double b) { return a >= a.like(b); }
Value signed_less(const Value& a, const Value& b);
Value signed_less_equal(const Value& a, const Value& b);

// Bits of integers, or truths (both operands are computed).
Value operator&(const Value& a, const Value& b);
Value operator|(const Value& a, const Value& b);
Value operator^(const Value& a, const Value& b);
Value operator~(const Value& a);
Value operator!(const Value& a);
inline Value operator&(const Value& a, std::uint64_t b) { return a & a.like_bits(b); }
inline Value operator|(const Value& a, std::uint64_t b) { return a | a.like_bits(b); }
inline Value operator^(const Value& a, std::uint64_t b) { return a ^ a.like_bits(b); }
Value operator<<(const Value& a, const Value& count);
/// Zeros come in; signed_shift_right brings in the sign.
Value operator>>(const Value& a, const Value& count);
Value signed_shift_right(const Value& a, const Value& count);
inline Value operator<<(const Value& a, int b) { return a << a.like(b); }
inline Value operator>>(const Value& a, int b) { return a >> a.like(b); }
inline Value signed_shift_right(const Value& a, int b) { return signed_shift_right(a, a.like(b)); }

/// `condition` ? a : b; both are computed.
Value select(const Value& condition, const Value& a, const Value& b);

Value floor(const Value& x);
Value ceil(const Value& x);
Value truncate(const Value& x);
Value square_root(const Value& x);
/// The number of the highest bit that is 1, of u32; all bits set for 0.
Value highest_bit(const Value& x);

/// The bits of a float as an integer of its width, and the inverse.
Value bits_of(const Value& x);
Value float_of(const Value& bits);
/// Between types: integers are extended or cut, floats rounded. `is_signed` is about the integer.
Value convert(const Value& x, Type to, bool is_signed = false);
/// A whole float of a magnitude below 2^22 (f32) or 2^51 (f64) as an integer of its width, two's
/// complement; of others, some integer. By an addition: what a conversion does with numbers that
/// are too large costs Mesa's software driver some fifty instructions.
Value small_integer(const Value& x);

Value absolute(const Value& x);                         // of a float
Value with_sign_of(const Value& x, const Value& sign);  // of floats
Value is_nan(const Value& x);                           // by its bits: no driver folds it away
Value is_infinite(const Value& x);                      // by its bits
Value round_even(const Value& x);                       // a float to a whole one
Value not_a_number(const Value& like);
Value infinity(const Value& like);
/// x where x is NaN, else y.
inline Value keep_nan(const Value& x, const Value& y) { return select(is_nan(x), x, y); }

/// c[0] + c[1] x + …
Value polynomial(std::initializer_list<double> c, const Value& x);

/// Runs `body` for i = 0 … count - 1 (u32) over `state`, which it returns changed.
std::vector<Value> repeat(
    const Value& count, std::vector<Value> state,
    const std::function<std::vector<Value>(const Value& i, const std::vector<Value>& state)>& body);

/// Runs `body`, which stores something, where `condition` holds.
void when(const Value& condition, const std::function<void()>& body);

}  // namespace evergpu::adapters::vulkan
