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
/// The type of an element in memory.
constexpr Type storage_type(ir::DType dtype) {
  switch (ir::size_of(dtype)) {
    case 1:
      return Type::u8;
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
/// Its bits in memory's type.
Value stored(const Element& x);

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
