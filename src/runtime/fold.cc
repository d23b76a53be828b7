#include "runtime/fold.h"

#include <cstring>
#include <utility>
#include <vector>

#include "ir/evaluate.h"

namespace evergpu::runtime {

namespace {

constexpr int most_operations = 8;

std::optional<ir::Tensor> fold(const ir::Value& value, int& operations) {
  const ir::Operation& operation = value->operation();
  if (value->state() != ir::Node::State::pending || operation.shape.elements() != 1) return {};
  if (++operations > most_operations) return {};
  std::vector<ir::Tensor> operands;
  for (const ir::Value& operand : value->operands()) {
    auto folded = fold(operand, operations);
    if (!folded) return {};
    operands.push_back(std::move(*folded));
  }
  std::vector<ir::TensorView> views;
  views.reserve(operands.size());
  for (const ir::Tensor& operand : operands) views.push_back(operand.view());
  ir::Tensor result(operation.dtype, operation.shape);
  ir::evaluate(operation, views, result.mutable_view());
  return result;
}

}  // namespace

std::optional<ir::Tensor> fold(const ir::Value& value) {
  int operations = 0;
  return fold(value, operations);
}

}  // namespace evergpu::runtime
