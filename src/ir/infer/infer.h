// What each node kind demands of its operands and attributes, and the dtype and shape of its
// result: the one place that both the builders and the verifier ask.
#pragma once

#include <fmt/core.h>

#include <span>

#include "base/status.h"
#include "ir/operation.h"

namespace evergpu::ir {

/// dtype and shape of an operand.
struct OperandType {
  DType dtype;
  const Shape* shape;

  int rank() const { return shape->rank(); }
};
using OperandTypes = std::span<const OperandType>;

/// Checks `operation` against its operands and sets its dtype and shape. Where these do not follow
/// from the operands (sources, cast, bitcast's dtype, broadcast, reshape, slice's sizes, the index
/// dtype of arg_reduce, the shape of gradients) they are taken as asked for, and checked.
/// invalid_argument says what does not fit.
Status infer(Operation& operation, OperandTypes operands);

/// Whether the operation exists for operands of a dtype.
bool supports(UnaryOp op, DType dtype);
bool supports(BinaryOp op, DType dtype);
bool supports(ReduceOp op, DType dtype);
bool supports(ScatterOp op, DType dtype);
/// equal … greater_equal: the result is boolean.
constexpr bool is_comparison(BinaryOp op) { return op >= BinaryOp::equal; }
/// is_nan, is_infinite, is_finite: the result is boolean.
constexpr bool is_classification(UnaryOp op) {
  return op >= UnaryOp::is_nan && op <= UnaryOp::is_finite;
}

/// The shape that a convolution of `input` with `filter` has.
Result<Shape> convolution_shape(const Convolution& attributes, const Shape& input,
                                const Shape& filter);
/// The shape that `window` makes of `operand`.
Result<Shape> window_shape(const Window& window, const Shape& operand);

namespace infer_detail {

/// invalid_argument with a formatted message.
template <typename... Arguments>
Status invalid(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  return invalid_argument(fmt::format(text, std::forward<Arguments>(arguments)...));
}
/// "f32[2,3]"
inline std::string describe(const OperandType& operand) {
  return fmt::format("{}{}", name_of(operand.dtype), to_string(*operand.shape));
}

/// An error unless 0 <= axis < rank.
Status check_axis(std::int64_t axis, int rank);

Status infer_source(Operation& operation, OperandTypes operands);
Status infer_point(Operation& operation, OperandTypes operands);
Status infer_movement(Operation& operation, OperandTypes operands);
Status infer_reduction(Operation& operation, OperandTypes operands);
Status infer_contraction(Operation& operation, OperandTypes operands);
Status infer_indexed(Operation& operation, OperandTypes operands);
Status infer_recurrent(Operation& operation, OperandTypes operands);

}  // namespace infer_detail
}  // namespace evergpu::ir
