// Result types of sources.
#include "ir/infer/infer.h"

namespace evergpu::ir::infer_detail {
namespace {

Status check_random(const Operation& operation, OperandTypes operands) {
  if (operands[0].dtype != DType::u64 || *operands[0].shape != Shape{1})
    return invalid("the key must be u64[1], not {}", describe(operands[0]));
  if (operands[1].dtype != DType::u64 || *operands[1].shape != Shape{2})
    return invalid("the counter must be u64[2], not {}", describe(operands[1]));
  if (operation.shape.rank() != 1) return invalid("the result must have rank 1");
  const bool dtype_fits = operation.kind == Kind::philox
                              ? operation.dtype == DType::u32
                              : operation.dtype == DType::f32 || operation.dtype == DType::f64;
  if (!dtype_fits) return invalid("no {} results", name_of(operation.dtype));
  return {};
}

Status check_constant(const Operation& operation) {
  if (operation.shape.rank() != 0) return invalid("a constant is a scalar");
  const std::uint64_t bits = operation.get<Constant>().bits;
  const auto width = static_cast<int>(8 * size_of(operation.dtype));
  const int used = 64 - std::countl_zero(bits);
  if (used > (operation.dtype == DType::boolean ? 1 : width))
    return invalid("{:#x} is no {}", bits, name_of(operation.dtype));
  return {};
}

}  // namespace

Status infer_source(Operation& operation, OperandTypes operands) {
  switch (operation.kind) {
    case Kind::constant:
      return check_constant(operation);
    case Kind::iota:
      if (operation.dtype == DType::boolean) return invalid("no bool results");
      return check_axis(operation.get<Axis>().axis, operation.shape.rank());
    case Kind::philox:
    case Kind::truncated_normal:
      return check_random(operation, operands);
    default:  // load: any dtype and shape
      return {};
  }
}

}  // namespace evergpu::ir::infer_detail
