// The element type of a variant: STORED in buffers, computed with as VALUE (or moved as RAW), which
// load() and store() convert between. Arrays of elements are used through read_element() and
// write_element(). 16-bit floats are converted with integer arithmetic, rounded to nearest even:
// Vulkan leaves the rounding of its own conversions to the driver.
#include "common.glsl"

uint float_to_half(float value) {
  const uint bits = floatBitsToUint(value);
  const uint sign = (bits >> 16) & 0x8000u;
  const uint magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return sign | 0x7e00u;   // NaN
  if (magnitude >= 0x477ff000u) return sign | 0x7c00u;  // rounds to infinity
  if (magnitude < 0x38800000u) {
    // Subnormal: adding 0.5 makes the hardware round at the right bit.
    const float shifted = uintBitsToFloat(magnitude) + 0.5;
    return sign | (floatBitsToUint(shifted) - 0x3f000000u);
  }
  const uint rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
  return sign | ((rounded - 0x38000000u) >> 13);
}
float half_to_float(uint bits) {
  const uint sign = (bits & 0x8000u) << 16;
  const uint magnitude = bits & 0x7fffu;
  if (magnitude >= 0x7c00u) return uintBitsToFloat(sign | 0x7f800000u | ((magnitude & 0x3ffu) << 13));
  if (magnitude < 0x400u)
    return uintBitsToFloat(sign | floatBitsToUint(float(magnitude) * uintBitsToFloat(0x33800000u)));
  return uintBitsToFloat(sign | ((magnitude << 13) + 0x38000000u));
}
uint float_to_bfloat(float value) {
  const uint bits = floatBitsToUint(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (bits >> 16) | 0x40u;
  return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}

// Tested in bits: a driver may take it that no float is NaN.
bool is_nan(float x) { return (floatBitsToUint(x) & 0x7fffffffu) > 0x7f800000u; }
#define MINUS_INFINITY_32 uintBitsToFloat(0xff800000u)
#define INFINITY_32 uintBitsToFloat(0x7f800000u)

#if defined(TYPE_f32)
#define STORED float
#define VALUE float
#define LOWEST MINUS_INFINITY_32
#define HIGHEST INFINITY_32
#define load(x) (x)
#define store(x) (x)
#elif defined(TYPE_f16)
#define STORED uint16_t
#define VALUE float
#define LOWEST MINUS_INFINITY_32
#define HIGHEST INFINITY_32
#define load(x) half_to_float(uint(x))
#define store(x) uint16_t(float_to_half(x))
#elif defined(TYPE_bf16)
#define STORED uint16_t
#define VALUE float
#define LOWEST MINUS_INFINITY_32
#define HIGHEST INFINITY_32
#define load(x) uintBitsToFloat(uint(x) << 16)
#define store(x) uint16_t(float_to_bfloat(x))
#elif defined(TYPE_f64)
#define STORED double
#define VALUE double
#define LOWEST packDouble2x32(uvec2(0u, 0xfff00000u))
#define HIGHEST packDouble2x32(uvec2(0u, 0x7ff00000u))
#define load(x) (x)
#define store(x) (x)
bool is_nan(double x) {
  const uvec2 bits = unpackDouble2x32(x);
  const uint high = bits.y & 0x7fffffffu;
  return high > 0x7ff00000u || (high == 0x7ff00000u && bits.x != 0u);
}
#elif defined(TYPE_i8)
#define STORED int8_t
#define VALUE int
#define LOWEST -128
#define HIGHEST 127
#elif defined(TYPE_i16)
#define STORED int16_t
#define VALUE int
#define LOWEST -32768
#define HIGHEST 32767
#elif defined(TYPE_i32)
#define STORED int
#define VALUE int
#define LOWEST int(0x80000000u)
#define HIGHEST 0x7fffffff
#elif defined(TYPE_i64)
#define STORED int64_t
#define VALUE int64_t
#define LOWEST (-0x7fffffffffffffffl - 1l)
#define HIGHEST 0x7fffffffffffffffl
#elif defined(TYPE_u8)
#define STORED uint8_t
#define VALUE uint
#define LOWEST 0u
#define HIGHEST 255u
#elif defined(TYPE_u16)
#define STORED uint16_t
#define VALUE uint
#define LOWEST 0u
#define HIGHEST 65535u
#elif defined(TYPE_u32)
#define STORED uint
#define VALUE uint
#define LOWEST 0u
#define HIGHEST 0xffffffffu
#elif defined(TYPE_u64)
#define STORED uint64_t
#define VALUE uint64_t
#define LOWEST 0ul
#define HIGHEST 0xfffffffffffffffful
#elif defined(TYPE_b1)
#define STORED uint8_t
#define RAW uint
#elif defined(TYPE_b2)
#define STORED uint16_t
#define RAW uint
#elif defined(TYPE_b4)
#define STORED uint
#define RAW uint
#elif defined(TYPE_b8)
#define STORED uvec2  // needs no 64-bit integers
#define RAW uvec2
#endif
#ifdef RAW  // only moved: no arithmetic on small types is asked of the device
#define load(x) RAW(x)
#define store(x) STORED(x)
#endif
#ifndef load
#define load(x) VALUE(x)
#define store(x) STORED(x)
#endif

#ifdef TYPE_words
// Without 8-bit storage, bytes are parts of words. One is cleared, then set: neither changes the
// others, which other invocations may write meanwhile.
#undef STORED
#define STORED uint
#define writeonly  // atomics read
#ifdef TYPE_i8
#define byte_of(word, shift) bitfieldExtract(int(word), shift, 8)
#else
#define byte_of(word, shift) bitfieldExtract(word, shift, 8)
#endif
#define read_element(array, i) byte_of(array[(i) / 4], int((i) % 4) * 8)
#define write_element(array, i, value)                               \
  {                                                                  \
    const uint shift = ((i) % 4) * 8;                                \
    atomicAnd(array[(i) / 4], ~(0xffu << shift));                    \
    atomicOr(array[(i) / 4], (uint(value) & 0xffu) << shift);        \
  }
#else
#define read_element(array, i) load(array[i])
#define write_element(array, i, value) array[i] = store(value)
#endif

#if defined(TYPE_f16) || defined(TYPE_bf16) || defined(TYPE_f32) || defined(TYPE_f64)
#define IS_NAN(x) is_nan(x)
#else
#define IS_NAN(x) false
#endif

#if defined(TYPE_f16) || defined(TYPE_bf16) || defined(TYPE_f32) || defined(TYPE_f64)
#define MULTIPLY_ADD(x, y, sum) fma(x, y, sum)
#else
#define MULTIPLY_ADD(x, y, sum) ((x) * (y) + (sum))
#endif

#ifdef VALUE
// ir::ReduceOp, as specialization constants have it.
#define OP_SUM 0
#define OP_PRODUCT 1
#define OP_MAXIMUM 2
#define OP_MINIMUM 3
VALUE combine(uint op, VALUE x, VALUE y) {
  precise VALUE result = y;
  if (op == OP_SUM) result = x + y;
  if (op == OP_PRODUCT) result = x * y;
  if (op == OP_MAXIMUM) result = x > y || IS_NAN(x) ? x : y;
  if (op == OP_MINIMUM) result = x < y || IS_NAN(x) ? x : y;
  return result;
}
VALUE identity_of(uint op) {
  if (op == OP_PRODUCT) return VALUE(1);
  if (op == OP_MAXIMUM) return LOWEST;
  if (op == OP_MINIMUM) return HIGHEST;
  return VALUE(0);
}
#endif
