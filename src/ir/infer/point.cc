// Result types of point operations, and which dtypes each exists for.
#include "ir/infer/infer.h"

namespace evergpu::ir {

bool supports(UnaryOp op, DType dtype) {
  switch (op) {
    case UnaryOp::negate:
    case UnaryOp::absolute:
    case UnaryOp::sign:
    case UnaryOp::square:
      return dtype != DType::boolean;
    case UnaryOp::logical_not:
      return dtype == DType::boolean;
    case UnaryOp::bitwise_not:
      return is_integer(dtype);
    default:
      return is_float(dtype);
  }
}

bool supports(BinaryOp op, DType dtype) {
  switch (op) {
    case BinaryOp::atan2:
      return is_float(dtype);
    case BinaryOp::bit_and:
    case BinaryOp::bit_or:
    case BinaryOp::bit_xor:
      return !is_float(dtype);
    case BinaryOp::shift_left:
    case BinaryOp::shift_right:
      return is_integer(dtype);
    case BinaryOp::equal:
    case BinaryOp::not_equal:
      return true;
    default:
      return dtype != DType::boolean;
  }
}

namespace infer_detail {
namespace {

Status infer_unary(Operation& operation, const OperandType& x) {
  const UnaryOp op = operation.get<UnaryOp>();
  if (!supports(op, x.dtype)) return invalid("no {} of {}", name_of(op), name_of(x.dtype));
  operation.dtype = is_classification(op) ? DType::boolean : x.dtype;
  operation.shape = *x.shape;
  return {};
}

Status infer_binary(Operation& operation, const OperandType& x, const OperandType& y) {
  const BinaryOp op = operation.get<BinaryOp>();
  if (x.dtype != y.dtype || *x.shape != *y.shape)
    return invalid("{} of {} and {}", name_of(op), describe(x), describe(y));
  if (!supports(op, x.dtype)) return invalid("no {} of {}", name_of(op), name_of(x.dtype));
  operation.dtype = is_comparison(op) ? DType::boolean : x.dtype;
  operation.shape = *x.shape;
  return {};
}

Status infer_select(Operation& operation, OperandTypes operands) {
  const auto& [condition, x, y] = std::tie(operands[0], operands[1], operands[2]);
  if (condition.dtype != DType::boolean)
    return invalid("the condition must be bool, not {}", name_of(condition.dtype));
  if (x.dtype != y.dtype || *x.shape != *y.shape || *condition.shape != *x.shape)
    return invalid("operands {}, {} and {}", describe(condition), describe(x), describe(y));
  operation.dtype = x.dtype;
  operation.shape = *x.shape;
  return {};
}

Status infer_bitcast(Operation& operation, const OperandType& x) {
  const std::size_t from = size_of(x.dtype);
  const std::size_t to = size_of(operation.dtype);
  Dims extents = x.shape->extents();
  if (from > to) {
    extents.push_back(static_cast<std::int64_t>(from / to));
  } else if (from < to) {
    const auto ratio = static_cast<std::int64_t>(to / from);
    if (extents.empty() || extents.back() != ratio)
      return invalid("{} to {} needs a last axis of {}", describe(x), name_of(operation.dtype),
                     ratio);
    extents.pop_back();
  }
  operation.shape = Shape(std::move(extents));
  return {};
}

}  // namespace

Status infer_point(Operation& operation, OperandTypes operands) {
  switch (operation.kind) {
    case Kind::unary:
      return infer_unary(operation, operands[0]);
    case Kind::binary:
      return infer_binary(operation, operands[0], operands[1]);
    case Kind::select:
      return infer_select(operation, operands);
    case Kind::bitcast:
      return infer_bitcast(operation, operands[0]);
    default:  // cast: between any dtypes
      operation.shape = *operands[0].shape;
      return {};
  }
}

}  // namespace infer_detail
}  // namespace evergpu::ir
