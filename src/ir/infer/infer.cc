#include "ir/infer/infer.h"

namespace evergpu::ir {
namespace {

using namespace infer_detail;  // NOLINT

bool attributes_fit(Kind kind, const Attributes& attributes) {
  const auto are = [&]<typename T>(TypeTag<T>) { return std::holds_alternative<T>(attributes); };
  switch (kind) {
    case Kind::constant:
      return are(TypeTag<Constant>());
    case Kind::iota:
    case Kind::concat:
      return are(TypeTag<Axis>());
    case Kind::load:
    case Kind::philox:
    case Kind::truncated_normal:
    case Kind::select:
    case Kind::cast:
    case Kind::bitcast:
    case Kind::broadcast:
    case Kind::reshape:
      return are(TypeTag<Empty>());
    case Kind::unary:
      return are(TypeTag<UnaryOp>());
    case Kind::binary:
      return are(TypeTag<BinaryOp>());
    case Kind::permute:
      return are(TypeTag<Axes>());
    case Kind::slice:
      return are(TypeTag<Slice>());
    case Kind::pad:
      return are(TypeTag<Pad>());
    case Kind::reduce:
      return are(TypeTag<Reduce>());
    case Kind::arg_reduce:
      return are(TypeTag<ArgReduce>());
    case Kind::window_reduce:
    case Kind::window_gradient:
      return are(TypeTag<Window>());
    case Kind::matmul:
      return are(TypeTag<MatMul>());
    case Kind::convolution:
    case Kind::convolution_input:
    case Kind::convolution_filter:
      return are(TypeTag<Convolution>());
    case Kind::gather:
      return are(TypeTag<Gather>());
    case Kind::scatter:
      return are(TypeTag<Scatter>());
    case Kind::argsort:
      return are(TypeTag<ArgSort>());
    case Kind::scan:
      return are(TypeTag<Scan>());
    case Kind::recurrent:
    case Kind::recurrent_gradient:
      return are(TypeTag<Recurrent>());
  }
  return false;
}

bool operand_count_fits(const Operation& operation, std::size_t count) {
  switch (operation.kind) {
    case Kind::constant:
    case Kind::iota:
    case Kind::load:
      return count == 0;
    case Kind::unary:
    case Kind::cast:
    case Kind::bitcast:
    case Kind::broadcast:
    case Kind::reshape:
    case Kind::permute:
    case Kind::slice:
    case Kind::reduce:
    case Kind::arg_reduce:
    case Kind::window_reduce:
    case Kind::argsort:
    case Kind::scan:
      return count == 1;
    case Kind::philox:
    case Kind::truncated_normal:
    case Kind::binary:
    case Kind::pad:
    case Kind::matmul:
    case Kind::convolution:
    case Kind::convolution_input:
    case Kind::convolution_filter:
    case Kind::gather:
      return count == 2;
    case Kind::select:
    case Kind::scatter:
      return count == 3;
    case Kind::concat:
      return count >= 1;
    case Kind::recurrent:
      return count == 4;
    case Kind::recurrent_gradient:
      return count == 5;
    case Kind::window_gradient:
      return count == (operation.get<Window>().op == ReduceOp::maximum ? 2 : 1);
  }
  return false;
}

Status infer_kind(Operation& operation, OperandTypes operands) {
  switch (operation.kind) {
    case Kind::constant:
    case Kind::iota:
    case Kind::load:
    case Kind::philox:
    case Kind::truncated_normal:
      return infer_source(operation, operands);
    case Kind::unary:
    case Kind::binary:
    case Kind::select:
    case Kind::cast:
    case Kind::bitcast:
      return infer_point(operation, operands);
    case Kind::broadcast:
    case Kind::reshape:
    case Kind::permute:
    case Kind::slice:
    case Kind::pad:
    case Kind::concat:
      return infer_movement(operation, operands);
    case Kind::reduce:
    case Kind::arg_reduce:
    case Kind::window_reduce:
    case Kind::window_gradient:
    case Kind::scan:
      return infer_reduction(operation, operands);
    case Kind::matmul:
    case Kind::convolution:
    case Kind::convolution_input:
    case Kind::convolution_filter:
      return infer_contraction(operation, operands);
    case Kind::gather:
    case Kind::scatter:
    case Kind::argsort:
      return infer_indexed(operation, operands);
    case Kind::recurrent:
    case Kind::recurrent_gradient:
      return infer_recurrent(operation, operands);
  }
  return internal_error("no such node kind");
}

}  // namespace

Status infer_detail::check_axis(std::int64_t axis, int rank) {
  if (axis >= 0 && axis < rank) return {};
  return invalid("axis {} is out of range for rank {}", axis, rank);
}

Status infer(Operation& operation, OperandTypes operands) {
  if (!attributes_fit(operation.kind, operation.attributes))
    return internal_error(fmt::format("{}: wrong attributes", name_of(operation.kind)));
  if (!operand_count_fits(operation, operands.size()))
    return internal_error(
        fmt::format("{}: {} operands do not fit", name_of(operation.kind), operands.size()));
  Status status = infer_kind(operation, operands);
  if (!status.ok()) return status.with_prefix(std::string(name_of(operation.kind)) + ": ");
  for (std::int64_t extent : operation.shape)
    if (extent < 0)
      return invalid("{}: negative extent in {}", name_of(operation.kind),
                     to_string(operation.shape));
  return {};
}

}  // namespace evergpu::ir
