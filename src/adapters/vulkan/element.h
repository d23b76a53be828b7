// Elements of the IR's dtypes as values of generated code: how they are kept, what each operation
// computes, and how they are converted.
#pragma once

#include "adapters/vulkan/instance.h"
#include "adapters/vulkan/value.h"
#include "base/status.h"
#include "compiler/kernel.h"

namespace evergpu::adapters::vulkan {

/// One element by its bits, so that moving it does not change one: u32, or u64 for 8-byte dtypes.
/// Smaller signed integers are extended by their sign, everything else by zeros.
struct Element {
  ir::DType dtype = ir::DType::f32;
  Value bits;
};

/// The type of an element's bits.
constexpr Type register_type(ir::DType dtype) {
  return ir::size_of(dtype) == 8 ? Type::u64 : Type::u32;
}
/// What an array of `dtype` is made of in memory. Without 8-bit storage, 1-byte elements are parts
/// of 32-bit words.
constexpr Type storage_type(ir::DType dtype, const Capabilities& capabilities) {
  switch (ir::size_of(dtype)) {
    case 1:
      return capabilities.storage_8bit ? Type::u8 : Type::u32;
    case 2:
      return Type::u16;
    case 4:
      return Type::u32;
    default:
      return Type::u64;
  }
}

/// An element from the lowest bits of `bits`, in memory's type or a register's.
Element element_of_bits(ir::DType dtype, const Value& bits);
/// The element at `position` of an array whose type is storage_type's.
Element load_element(const Array& array, const Value& position, ir::DType dtype);
/// Other invocations may store other elements meanwhile, those of the same word too.
void store_element(const Array& array, const Value& position, const Element& x);

/// What is computed with: f32 for 16-bit floats, a truth for bool, the bits of an integer.
Value number(const Element& x);
/// A number rounded to `dtype`; integers wrap.
Element rounded(ir::DType dtype, const Value& number);

Element unary(ir::UnaryOp op, const Element& x, ir::DType result);
Element binary(ir::BinaryOp op, const Element& x, const Element& y, ir::DType result);
Element cast(const Element& x, ir::DType to);

/// unimplemented, in words, when code for the device cannot hold elements of `dtype`.
Status check_dtype(ir::DType dtype, const Capabilities& capabilities);

}  // namespace evergpu::adapters::vulkan
