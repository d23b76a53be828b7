// Result types of movements.
#include "ir/infer/infer.h"

namespace evergpu::ir::infer_detail {
namespace {

Status infer_permute(Operation& operation, const OperandType& x) {
  const Dims& axes = operation.get<Axes>().axes;
  if (static_cast<int>(axes.size()) != x.rank())
    return invalid("{} axes for {}", axes.size(), describe(x));
  Dims extents(axes.size());
  InlineVector<char, 16> seen(axes.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    EVERGPU_RETURN_IF_ERROR(check_axis(axes[i], x.rank()));
    if (seen[static_cast<std::size_t>(axes[i])]++) return invalid("axis {} twice", axes[i]);
    extents[i] = (*x.shape)[static_cast<int>(axes[i])];
  }
  operation.shape = Shape(std::move(extents));
  return {};
}

Status check_slice(const Operation& operation, const OperandType& x) {
  const auto& [starts, strides] = operation.get<Slice>();
  const auto rank = static_cast<std::size_t>(x.rank());
  if (starts.size() != rank || strides.size() != rank || operation.shape.rank() != x.rank())
    return invalid("{} starts, {} sizes and {} strides for {}", starts.size(),
                   operation.shape.rank(), strides.size(), describe(x));
  for (int axis = 0; axis < x.rank(); ++axis) {
    const auto i = static_cast<std::size_t>(axis);
    const std::int64_t extent = (*x.shape)[axis];
    const std::int64_t size = operation.shape[axis];
    if (strides[i] == 0) return invalid("stride 0 of axis {}", axis);
    if (size <= 0) continue;
    const std::int64_t last = starts[i] + (size - 1) * strides[i];
    if (starts[i] < 0 || starts[i] >= extent || last < 0 || last >= extent)
      return invalid("elements {} to {} of axis {} of {}", starts[i], last, axis, describe(x));
  }
  return {};
}

Status infer_pad(Operation& operation, const OperandType& x, const OperandType& value) {
  const auto& [low, high, interior] = operation.get<Pad>();
  const auto rank = static_cast<std::size_t>(x.rank());
  if (value.dtype != x.dtype || value.rank() != 0)
    return invalid("the value must be {}[], not {}", name_of(x.dtype), describe(value));
  if (low.size() != rank || high.size() != rank || interior.size() != rank)
    return invalid("{} low, {} high and {} interior paddings for {}", low.size(), high.size(),
                   interior.size(), describe(x));
  Dims extents = x.shape->extents();
  for (std::size_t i = 0; i < rank; ++i) {
    if (low[i] < 0 || high[i] < 0 || interior[i] < 0)
      return invalid("negative padding of axis {}", i);
    const std::int64_t gaps = extents[i] > 0 ? extents[i] - 1 : 0;
    extents[i] += low[i] + high[i] + gaps * interior[i];
  }
  operation.shape = Shape(std::move(extents));
  return {};
}

Status infer_concat(Operation& operation, OperandTypes operands) {
  const OperandType& first = operands[0];
  const int axis = operation.get<Axis>().axis;
  EVERGPU_RETURN_IF_ERROR(check_axis(axis, first.rank()));
  Dims extents = first.shape->extents();
  for (const OperandType& operand : operands.subspan(1)) {
    bool fits = operand.dtype == first.dtype && operand.rank() == first.rank();
    for (int i = 0; fits && i < first.rank(); ++i)
      fits = i == axis || (*operand.shape)[i] == (*first.shape)[i];
    if (!fits) return invalid("{} and {} along axis {}", describe(first), describe(operand), axis);
    extents[static_cast<std::size_t>(axis)] += (*operand.shape)[axis];
  }
  operation.shape = Shape(std::move(extents));
  return {};
}

}  // namespace

Status infer_movement(Operation& operation, OperandTypes operands) {
  const OperandType& x = operands[0];
  operation.dtype = x.dtype;
  switch (operation.kind) {
    case Kind::broadcast:
      if (!broadcasts_to(*x.shape, operation.shape))
        return invalid("{} to {}", describe(x), to_string(operation.shape));
      return {};
    case Kind::reshape:
      if (x.shape->elements() != operation.shape.elements())
        return invalid("{} to {}", describe(x), to_string(operation.shape));
      return {};
    case Kind::permute:
      return infer_permute(operation, x);
    case Kind::slice:
      return check_slice(operation, x);
    case Kind::pad:
      return infer_pad(operation, x, operands[1]);
    default:
      return infer_concat(operation, operands);
  }
}

}  // namespace evergpu::ir::infer_detail
