#include "ir/builder.h"

namespace evergpu::ir::builder {

Value make(Operation&& operation, Operands&& operands) {
  for (const Value& operand : operands)
    if (failed(operand)) return operand;
  InlineVector<OperandType, 3> types;
  for (const Value& operand : operands) types.push_back({operand.dtype(), &operand.shape()});
  if (Status status = infer(operation, types); !status.ok()) return Node::failed(std::move(status));
  return Node::make(std::move(operation), std::move(operands));
}

}  // namespace evergpu::ir::builder
