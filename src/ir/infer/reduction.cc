// Result types of reductions, windows and scans.
#include "ir/infer/infer.h"

namespace evergpu::ir {

bool supports(ReduceOp op, DType dtype) {
  return (op == ReduceOp::any || op == ReduceOp::all) == (dtype == DType::boolean);
}

Result<Shape> window_shape(const Window& window, const Shape& operand) {
  using infer_detail::invalid;
  const auto rank = static_cast<std::size_t>(operand.rank());
  if (window.extents.size() != rank || window.strides.size() != rank ||
      window.pad_low.size() != rank || window.pad_high.size() != rank)
    return invalid("the window does not have the rank of {}", to_string(operand));
  Dims extents(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    if (window.extents[i] < 1 || window.strides[i] < 1)
      return invalid("extent {} and stride {} along axis {}", window.extents[i], window.strides[i],
                     i);
    if (window.pad_low[i] < 0 || window.pad_high[i] < 0)
      return invalid("negative padding of axis {}", i);
    const std::int64_t room =
        operand.extents()[i] + window.pad_low[i] + window.pad_high[i] - window.extents[i];
    extents[i] = room < 0 ? 0 : room / window.strides[i] + 1;
  }
  return Shape(std::move(extents));
}

namespace infer_detail {
namespace {

Status infer_reduce(Operation& operation, const OperandType& x) {
  const auto& [op, axes] = operation.get<Reduce>();
  if (!supports(op, x.dtype)) return invalid("no {} of {}", name_of(op), name_of(x.dtype));
  Dims extents;
  std::size_t next = 0;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (next < axes.size() && axes[next] == axis)
      ++next;
    else
      extents.push_back((*x.shape)[axis]);
  }
  if (next != axes.size())
    return invalid("axes {} of {} are not ascending or out of range", to_string(Shape(axes)),
                   describe(x));
  operation.dtype = x.dtype;
  operation.shape = Shape(std::move(extents));
  return {};
}

Status infer_arg_reduce(Operation& operation, const OperandType& x) {
  const auto& [op, axis] = operation.get<ArgReduce>();
  if (op != ReduceOp::maximum && op != ReduceOp::minimum)
    return invalid("no index of a {}", name_of(op));
  if (operation.dtype != DType::i32 && operation.dtype != DType::i64)
    return invalid("no {} indices", name_of(operation.dtype));
  EVERGPU_RETURN_IF_ERROR(check_axis(axis, x.rank()));
  if ((*x.shape)[axis] == 0) return invalid("axis {} of {} is empty", axis, describe(x));
  Dims extents = x.shape->extents();
  extents.erase(static_cast<std::size_t>(axis));
  operation.shape = Shape(std::move(extents));
  return {};
}

Status infer_window(Operation& operation, const OperandType& x) {
  const Window& window = operation.get<Window>();
  Result<Shape> shape = window_shape(window, *x.shape);
  if (!shape.ok()) return shape.status();
  operation.dtype = x.dtype;
  operation.shape = *shape;
  return {};
}

Status infer_window_gradient(Operation& operation, OperandTypes operands) {
  const OperandType& gradient = operands.back();
  if (operands.size() == 2 &&
      (operands[0].dtype != gradient.dtype || *operands[0].shape != operation.shape))
    return invalid("operand {} for gradient {}", describe(operands[0]), describe(gradient));
  const Result<Shape> pooled = window_shape(operation.get<Window>(), operation.shape);
  if (!pooled.ok()) return pooled.status();
  if (*gradient.shape != *pooled)
    return invalid("the gradient must be {}, not {}", to_string(*pooled), describe(gradient));
  operation.dtype = gradient.dtype;
  return {};
}

Status infer_scan(Operation& operation, const OperandType& x) {
  const Scan& scan = operation.get<Scan>();
  if (x.dtype == DType::boolean || !supports(scan.op, x.dtype))
    return invalid("no {} of {}", name_of(scan.op), name_of(x.dtype));
  EVERGPU_RETURN_IF_ERROR(check_axis(scan.axis, x.rank()));
  operation.dtype = x.dtype;
  operation.shape = *x.shape;
  return {};
}

}  // namespace

Status infer_reduction(Operation& operation, OperandTypes operands) {
  const OperandType& x = operands[0];
  if (const Window* window = std::get_if<Window>(&operation.attributes)) {
    if (window->op != ReduceOp::maximum && window->op != ReduceOp::sum)
      return invalid("no {} over windows", name_of(window->op));
    if (x.dtype == DType::boolean) return invalid("no windows over bool");
  }
  switch (operation.kind) {
    case Kind::reduce:
      return infer_reduce(operation, x);
    case Kind::arg_reduce:
      return infer_arg_reduce(operation, x);
    case Kind::window_reduce:
      return infer_window(operation, x);
    case Kind::window_gradient:
      return infer_window_gradient(operation, operands);
    default:
      return infer_scan(operation, x);
  }
}

}  // namespace infer_detail
}  // namespace evergpu::ir
