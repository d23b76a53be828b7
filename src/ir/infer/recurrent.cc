// Result types of recurrent layers.
#include "ir/infer/infer.h"

namespace evergpu::ir::infer_detail {

Status infer_recurrent(Operation& operation, OperandTypes operands) {
  const auto& [cell, reverse] = operation.get<Recurrent>();
  const bool forward = operation.kind == Kind::recurrent;
  for (const OperandType& operand : operands)
    if (operand.dtype != operands[0].dtype || !is_float(operand.dtype))
      return invalid("{} of a recurrent layer of {}", describe(operand),
                     name_of(operands[0].dtype));

  const OperandType& weights = operands[1];
  const OperandType& state = operands[forward ? 3 : 2];
  const OperandType& sequence = operands[forward ? 0 : 3];
  if (weights.rank() != 2 || state.rank() != 3 || sequence.rank() != 3)
    return invalid("weights {}, state {} and sequence {} of a recurrent layer", describe(weights),
                   describe(state), describe(sequence));
  const std::int64_t steps = (*sequence.shape)[0];
  const std::int64_t batch = (*sequence.shape)[1];
  const std::int64_t units = (*weights.shape)[1];
  const std::int64_t gates = gates_of(cell) * units;
  const Shape states{states_of(cell), batch, units};
  const Shape kept{kept_of(cell), steps, batch, units};
  const auto fits = [&](std::initializer_list<Shape> shapes) {
    std::size_t i = 0;
    for (const Shape& shape : shapes)
      if (*operands[i++].shape != shape) return false;
    return true;
  };
  const bool all_fit = forward
                           ? fits({{steps, batch, gates}, {gates, units}, {2, gates}, states})
                           : fits({kept, {gates, units}, states, {steps, batch, units}, states});
  if (!all_fit)
    return invalid("the operands of {} steps of {} cells, a batch of {} and {} units do not fit",
                   steps, name_of(cell), batch, units);
  operation.dtype = operands[0].dtype;
  operation.shape = forward ? kept : Shape{steps + 1, batch, 4 * units};
  return {};
}

}  // namespace evergpu::ir::infer_detail
