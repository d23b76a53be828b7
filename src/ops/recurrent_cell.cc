#include "ops/recurrent_cell.h"

#include "ops/activation.h"

namespace evergpu::ops {
namespace {

using ir::UnaryOp;
using ir::Value;

Value sigmoid(const Value& x) { return ir::unary(UnaryOp::sigmoid, x); }
Value tanh(const Value& x) { return ir::unary(UnaryOp::tanh, x); }

// Gate `index`, for a state of [batch, units].
Value gate(const GateSums& gates, std::int64_t index, const Value& state) {
  const std::int64_t units = state.shape()[1];
  const Value product = ir::slice(gates.product, {0, index * units}, state.shape().extents());
  return gates.bias ? product + ir::slice(gates.bias, {index * units}, {units}) : product;
}

// What a gate's activation is taken of.
Value sum(const GateSums& x, const GateSums& h, std::int64_t index, const CellState& previous) {
  return gate(x, index, previous.h) + gate(h, index, previous.h);
}

Value side_by_side(std::initializer_list<Value> gates) {
  return ir::concat({gates.begin(), gates.size()}, 1);
}

CellStep lstm_step(const GateSums& x, const GateSums& h, const CellState& previous) {
  const Value input = sigmoid(sum(x, h, 0, previous));
  const Value forget = sigmoid(sum(x, h, 1, previous));
  const Value fresh = tanh(sum(x, h, 2, previous));
  const Value output = sigmoid(sum(x, h, 3, previous));
  const Value c = forget * previous.c + input * fresh;
  return {{output * tanh(c), c}, {input, forget, fresh, output}};
}

CellGradients lstm_gradients(const CellStep& step, const CellState& previous,
                             const CellState& gradient) {
  const Value& input = step.saved[0];
  const Value& forget = step.saved[1];
  const Value& fresh = step.saved[2];
  const Value& output = step.saved[3];
  const Value squashed = tanh(step.state.c);
  const Value c = gradient.c + tanh_gradient(squashed, gradient.h * output);
  const Value gates = side_by_side(
      {sigmoid_gradient(input, c * fresh), sigmoid_gradient(forget, c * previous.c),
       tanh_gradient(fresh, c * input), sigmoid_gradient(output, gradient.h * squashed)});
  return {gates, gates, {{}, c * forget}};
}

CellStep gru_step(const GateSums& x, const GateSums& h, const CellState& previous) {
  const Value reset = sigmoid(sum(x, h, 0, previous));
  const Value update = sigmoid(sum(x, h, 1, previous));
  const Value product = gate(h, 2, previous.h);
  const Value fresh = tanh(gate(x, 2, previous.h) + reset * product);
  return {{(1 - update) * fresh + update * previous.h, {}}, {reset, update, fresh, product}};
}

CellGradients gru_gradients(const CellStep& step, const CellState& previous,
                            const CellState& gradient) {
  const Value& reset = step.saved[0];
  const Value& update = step.saved[1];
  const Value& fresh = step.saved[2];
  const Value& product = step.saved[3];
  const Value to_fresh = tanh_gradient(fresh, gradient.h * (1 - update));
  const Value to_update = sigmoid_gradient(update, gradient.h * (previous.h - fresh));
  const Value to_reset = sigmoid_gradient(reset, to_fresh * product);
  return {side_by_side({to_reset, to_update, to_fresh}),
          side_by_side({to_reset, to_update, to_fresh * reset}),
          {gradient.h * update, {}}};
}

}  // namespace

std::int64_t gates_of(RecurrentCell cell) {
  switch (cell) {
    case RecurrentCell::lstm:
      return 4;
    case RecurrentCell::gru:
      return 3;
    case RecurrentCell::relu:
    case RecurrentCell::tanh:
      break;
  }
  return 1;
}

std::int64_t saved_of(RecurrentCell cell) {
  return cell == RecurrentCell::lstm || cell == RecurrentCell::gru ? 4 : 0;
}

CellStep cell_step(RecurrentCell cell, const GateSums& from_input, const GateSums& from_state,
                   const CellState& previous) {
  switch (cell) {
    case RecurrentCell::lstm:
      return lstm_step(from_input, from_state, previous);
    case RecurrentCell::gru:
      return gru_step(from_input, from_state, previous);
    case RecurrentCell::relu:
      return {{relu(sum(from_input, from_state, 0, previous)), {}}, {}};
    case RecurrentCell::tanh:
      break;
  }
  return {{tanh(sum(from_input, from_state, 0, previous)), {}}, {}};
}

CellGradients cell_step_gradients(RecurrentCell cell, const CellStep& step,
                                  const CellState& previous, const CellState& gradient) {
  switch (cell) {
    case RecurrentCell::lstm:
      return lstm_gradients(step, previous, gradient);
    case RecurrentCell::gru:
      return gru_gradients(step, previous, gradient);
    case RecurrentCell::relu:
    case RecurrentCell::tanh:
      break;
  }
  const Value gates = cell == RecurrentCell::relu ? relu_gradient(gradient.h, step.state.h)
                                                  : tanh_gradient(step.state.h, gradient.h);
  return {gates, gates, {}};
}

}  // namespace evergpu::ops
