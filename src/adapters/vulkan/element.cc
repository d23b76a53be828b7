#include "adapters/vulkan/element.h"

#include <fmt/format.h>

#include <cmath>

namespace evergpu::adapters::vulkan {
namespace {

using ir::DType;

int bits_in(DType dtype) { return static_cast<int>(8 * ir::size_of(dtype)); }

Value widened_half(const Value& bits) {
  const Value sign = (bits & 0x8000) << 16;
  const Value magnitude = bits & 0x7fff;
  const Value special = bits.like_bits(0x7f800000) | ((magnitude & 0x3ff) << 13);
  const Value subnormal = bits_of(convert(magnitude, Type::f32) * 0x1p-24);
  const Value normal = (magnitude << 13) + bits.like_bits(0x38000000);
  const Value value = select(magnitude >= bits.like_bits(0x7c00), special,
                             select(magnitude < bits.like_bits(0x400), subnormal, normal));
  return float_of(sign | value);
}

// As ir::Half does it.
Value narrowed_half(const Value& x) {
  const Value bits = bits_of(x);
  const Value sign = (bits >> 16) & 0x8000;
  const Value magnitude = bits & 0x7fffffff;
  // Adding 0.5 makes the hardware round a subnormal at the right bit.
  const Value tiny = magnitude < bits.like_bits(0x38800000);
  const Value shifted = float_of(select(tiny, magnitude, bits.like(0))) + 0.5;
  const Value subnormal = bits_of(shifted) - bits.like_bits(0x3f000000);
  const Value carried = magnitude + bits.like_bits(0xfff) + ((magnitude >> 13) & 1);
  const Value normal = (carried - bits.like_bits(0x38000000)) >> 13;
  Value value = select(tiny, subnormal, normal);
  value = select(magnitude >= bits.like_bits(0x477ff000), bits.like_bits(0x7c00), value);
  value = select(magnitude > bits.like_bits(0x7f800000), bits.like_bits(0x7e00), value);
  return sign | value;
}

Value narrowed_bfloat(const Value& x) {
  const Value bits = bits_of(x);
  const Value carried = (bits + bits.like_bits(0x7fff) + ((bits >> 16) & 1)) >> 16;
  return select(is_nan(x), (bits >> 16) | 0x40, carried);
}

// `bits` of an integer or 16-bit float, extended as Element says.
Value extended(DType dtype, const Value& bits) {
  const int size = bits_in(dtype);
  if (size >= 32) return bits;
  if (ir::is_signed_integer(dtype)) return signed_shift_right(bits << (32 - size), 32 - size);
  return bits & ((std::uint64_t{1} << size) - 1);
}

// A float to an integer: truncated, saturated, NaN to 0.
Element integer_of_float(const Value& x, DType to) {
  const bool is_signed = ir::is_signed_integer(to);
  const int digits = bits_in(to) - (is_signed ? 1 : 0);
  const double above = std::ldexp(1.0, digits);
  const double lowest = is_signed ? -above : 0;
  const Type type = register_type(to);
  const Value like = {x.module, x.module->constant(type, 0), type};
  const Value high = x >= above;
  const Value low = x <= lowest;
  const Value inside = select(high | low | is_nan(x), x.like(0), x);
  const Value truncated = convert(inside, type, is_signed);
  const std::uint64_t most = (std::uint64_t{1} << (digits - 1)) * 2 - 1;
  const std::uint64_t mask = type == Type::u64 ? ~std::uint64_t{0} : 0xffffffffU;
  const Value least = like.like_bits(is_signed ? ~most & mask : 0);
  return {to, select(high, like.like_bits(most), select(low, least, truncated))};
}

// The word that holds a byte, and how far the byte is from the word's lowest bit: Vulkan's memory
// is little-endian.
struct BytePlace {
  Value word;
  Value shift;
};
BytePlace place_of_byte(const Value& position) { return {position >> 2, (position & 3) << 3}; }

bool is_byte_of_word(DType dtype, const Array& array) {
  return ir::size_of(dtype) == 1 && array.element == Type::u32;
}

}  // namespace

Element element_of_bits(DType dtype, const Value& bits) {
  const Type type = register_type(dtype);
  return {dtype, extended(dtype, convert(bits, type))};
}

Element load_element(const Array& array, const Value& position, DType dtype) {
  SpirvModule& module = *position.module;
  if (is_byte_of_word(dtype, array)) {
    const BytePlace place = place_of_byte(position);
    const Value word = {&module, module.load(array, place.word.id), Type::u32};
    return element_of_bits(dtype, word >> place.shift);
  }
  return element_of_bits(dtype, {&module, module.load(array, position.id), array.element});
}

// A byte of a word is cleared, then set. Both leave the others as they are, so that whoever stores
// those, and when, does not matter.
void store_element(const Array& array, const Value& position, const Element& x) {
  SpirvModule& module = *position.module;
  if (is_byte_of_word(x.dtype, array)) {
    const BytePlace place = place_of_byte(position);
    const Value mask = x.bits.like_bits(0xff) << place.shift;
    const Value byte = (x.bits & 0xff) << place.shift;
    module.update_atomically(spv::Op::atomic_and, array, place.word.id, (~mask).id);
    module.update_atomically(spv::Op::atomic_or, array, place.word.id, byte.id);
    return;
  }
  module.store(array, position.id, convert(x.bits, array.element).id);
}

Value number(const Element& x) {
  switch (x.dtype) {
    case DType::f16:
      return widened_half(x.bits);
    case DType::bf16:
      return float_of(x.bits << 16);
    case DType::f32:
    case DType::f64:
      return float_of(x.bits);
    case DType::boolean:
      return x.bits != 0.0;
    default:
      return x.bits;
  }
}

Element rounded(DType dtype, const Value& number) {
  switch (dtype) {
    case DType::f16:
      return {dtype, narrowed_half(number)};
    case DType::bf16:
      return {dtype, narrowed_bfloat(number)};
    case DType::f32:
    case DType::f64:
      return {dtype, bits_of(number)};
    case DType::boolean: {
      const Value one = constant_u32(*number.module, 1);
      return {dtype, select(number, one, one.like(0))};
    }
    default:
      return {dtype, extended(dtype, number)};
  }
}

Element cast(const Element& x, DType to) {
  if (x.dtype == to) return x;
  const Value from = number(x);
  if (to == DType::boolean) return rounded(to, from != 0.0);
  if (x.dtype == DType::boolean) {
    const Value one = rounded(x.dtype, from).bits;
    return cast({DType::u32, one}, to);
  }
  if (ir::is_float(to)) {
    const Type type = to == DType::f64 ? Type::f64 : Type::f32;
    return rounded(to, convert(from, type, ir::is_signed_integer(x.dtype)));
  }
  if (ir::is_float(x.dtype)) return integer_of_float(from, to);
  return {to, extended(to, convert(from, register_type(to), ir::is_signed_integer(x.dtype)))};
}

Status check_dtype(DType dtype, const Capabilities& can) {
  const auto refuse = [&](const char* feature) {
    return unimplemented(fmt::format("this GPU's Vulkan driver cannot compute with {}: it lacks {}",
                                     name_of(dtype), feature));
  };
  if (ir::size_of(dtype) == 2 && !can.storage_16bit) return refuse("16-bit storage");
  if (ir::size_of(dtype) == 8 && !can.int64) return refuse("64-bit integers");
  if (dtype == DType::f64 && !can.float64) return refuse("64-bit floats");
  return {};
}

}  // namespace evergpu::adapters::vulkan
