#include "ops/recurrent.h"

#include <utility>

#include "ops/failure.h"
#include "ops/invalid.h"
#include "ops/precision.h"

namespace evergpu::ops {
namespace {

using ir::BinaryOp;
using ir::DType;
using ir::ReduceOp;
using ir::Value;

// The extents of all arrays. Layer and direction together count as a `level`, in cuDNN's order.
struct Extents {
  RecurrentCell cell;
  std::int64_t steps, batch, size, units, layers, directions;

  std::int64_t gates() const { return gates_of(cell) * units; }
  std::int64_t levels() const { return layers * directions; }
  std::int64_t input_size(std::int64_t level) const {
    return level < directions ? size : directions * units;
  }
  bool backwards(std::int64_t level) const { return level % directions == 1; }
  // The step that the level takes as its `count`-th.
  std::int64_t step(std::int64_t level, std::int64_t count) const {
    return backwards(level) ? steps - 1 - count : count;
  }
  // Arrays [steps, batch, units] that a level keeps: what its cell saves, h, and c.
  std::int64_t kept() const { return saved_of(cell) + (cell == RecurrentCell::lstm ? 2 : 1); }
  std::int64_t weights() const {
    std::int64_t sum = 0;
    for (std::int64_t level = 0; level < levels(); ++level)
      sum += gates() * (input_size(level) + units + 2);
    return sum;
  }
};

Result<Extents> extents_of(RecurrentCell cell, bool bidirectional, const RecurrentInputs& inputs) {
  EVERGPU_RETURN_IF_ERROR(first_error(inputs.x, inputs.h, inputs.weights));
  const ir::Shape& x = inputs.x.shape();
  const ir::Shape& h = inputs.h.shape();
  if (x.rank() != 3)
    return invalid("the input must be [steps, batch, size], but has shape {}", to_string(x));
  const std::int64_t directions = bidirectional ? 2 : 1;
  if (h.rank() != 3 || h[0] == 0 || h[0] % directions != 0 || h[1] != x[1])
    return invalid("the state must be [layers * {}, {}, units], but has shape {}", directions, x[1],
                   to_string(h));
  const Extents e{cell, x[0], x[1], x[2], h[2], h[0] / directions, directions};
  if (cell == RecurrentCell::lstm) {
    EVERGPU_RETURN_IF_ERROR(inputs.c.status());
    if (inputs.c.shape() != h)
      return invalid("the cell's state must have the shape {} of the hidden state, not {}",
                     to_string(h), to_string(inputs.c.shape()));
  }
  if (inputs.weights.shape() != ir::Shape{e.weights()})
    return invalid("{} layers of {} units over an input of size {} have [{}] weights, not {}",
                   e.layers, e.units, e.size, e.weights(), to_string(inputs.weights.shape()));
  if (inputs.lengths) {
    EVERGPU_RETURN_IF_ERROR(inputs.lengths.status());
    if (inputs.lengths.shape() != ir::Shape{e.batch})
      return invalid("the sequence lengths must be [{}], but have shape {}", e.batch,
                     to_string(inputs.lengths.shape()));
  }
  return e;
}

// --- pieces of arrays ---

Value flat(const Value& x) { return ir::reshape(x, {x.shape().elements()}); }

// Rows of a matrix.
Value rows(const Value& x, std::int64_t start, std::int64_t count) {
  return ir::slice(x, {start, 0}, {count, x.shape()[1]});
}

// One below the other; none of them have the columns of `like`.
Value stack(const std::vector<Value>& matrices, const Value& like, std::int64_t columns) {
  if (matrices.empty()) return ir::zeros(like.dtype(), {0, columns});
  return ir::concat(matrices, 0);
}

// Matrix `index` of [n, rows, columns].
Value matrix(const Value& x, std::int64_t index) {
  const std::int64_t height = x.shape()[1];
  const std::int64_t width = x.shape()[2];
  return ir::reshape(ir::slice(x, {index, 0, 0}, {1, height, width}), {height, width});
}

// The inverse of matrix(): [n, batch, units] of n matrices.
Value levels_of(const std::vector<Value>& matrices, const Extents& e) {
  return ir::reshape(ir::concat(matrices, 0), {e.levels(), e.batch, e.units});
}

CellState state_of(const Value& h, const Value& c, std::int64_t level) {
  return {matrix(h, level), c ? matrix(c, level) : Value()};
}

// --- weights ---

struct LevelWeights {
  Value input;                   // [gates, input_size]
  Value state;                   // [gates, units]
  Value input_bias, state_bias;  // [gates]
};

std::vector<LevelWeights> split_weights(const Value& weights, const Extents& e) {
  std::int64_t offset = 0;
  const auto take = [&](const ir::Shape& shape) {
    const Value part = ir::slice(weights, {offset}, {shape.elements()});
    offset += shape.elements();
    return ir::reshape(part, shape);
  };
  std::vector<LevelWeights> levels(static_cast<std::size_t>(e.levels()));
  for (std::int64_t level = 0; level < e.levels(); ++level) {
    LevelWeights& w = levels[static_cast<std::size_t>(level)];
    w.input = take({e.gates(), e.input_size(level)});
    w.state = take({e.gates(), e.units});
  }
  for (LevelWeights& w : levels) {
    w.input_bias = take({e.gates()});
    w.state_bias = take({e.gates()});
  }
  return levels;
}

Value join_weights(const std::vector<LevelWeights>& levels) {
  std::vector<Value> parts;
  for (const LevelWeights& w : levels) {
    parts.push_back(flat(w.input));
    parts.push_back(flat(w.state));
  }
  for (const LevelWeights& w : levels) {
    parts.push_back(w.input_bias);
    parts.push_back(w.state_bias);
  }
  return ir::concat(parts, 0);
}

// --- sequences that end early ---

// Which sequences a step belongs to, [batch, 1].
Value is_inside(const Value& lengths, std::int64_t step) {
  const Value inside =
      ir::binary(BinaryOp::greater, lengths, ir::constant_integer(lengths.dtype(), step));
  return ir::reshape(inside, {lengths.shape()[0], 1});
}

// x [steps * batch, …] with zeros past the end of each sequence.
Value without_ends(const Value& x, const Value& lengths, const Extents& e) {
  if (!lengths) return x;
  const Value step = ir::iota(lengths.dtype(), {e.steps, e.batch}, 0);
  const Value inside =
      ir::reshape(ir::binary(BinaryOp::less, step, lengths), {e.steps * e.batch, 1});
  return ir::select(inside, x, ir::constant(x.dtype(), 0));
}

// --- what the gradients read: for each level, kept() arrays [steps, batch, units] ---

class Reserve {
 public:
  Reserve(const Value& reserve, const Extents& e)
      : rows_(ir::reshape(reserve, {e.levels() * e.kept() * e.steps * e.batch, e.units})), e_(e) {}

  // All arrays of a level, one below the other.
  Value level(std::int64_t level) const {
    const std::int64_t count = e_.kept() * e_.steps * e_.batch;
    return rows(rows_, level * count, count);
  }
  // Array `index` of a level, as [steps * batch, units].
  Value array(std::int64_t level, std::int64_t index) const {
    const std::int64_t count = e_.steps * e_.batch;
    return rows(rows_, (level * e_.kept() + index) * count, count);
  }
  Value h(std::int64_t level) const { return array(level, saved_of(e_.cell)); }

  CellStep step(std::int64_t level, std::int64_t step) const {
    CellStep result;
    const auto at = [&](std::int64_t index) {
      return rows(array(level, index), step * e_.batch, e_.batch);
    };
    const std::int64_t saved = saved_of(e_.cell);
    for (std::int64_t index = 0; index < saved; ++index) result.saved.push_back(at(index));
    result.state.h = at(saved);
    if (e_.cell == RecurrentCell::lstm) result.state.c = at(saved + 1);
    return result;
  }

 private:
  Value rows_;
  Extents e_;
};

// The results of a layer's directions side by side, [steps * batch, directions * units].
Value join_directions(const std::vector<Value>& directions, const Value& lengths,
                      const Extents& e) {
  return without_ends(ir::concat(directions, 1), lengths, e);
}

// --- one layer in one direction; x is [steps * batch, input_size] ---

struct LevelResults {
  Value y;  // [steps * batch, units]
  CellState last;
  std::vector<Value> kept;  // one below the other, they are kept() arrays [steps, batch, units]
};

LevelResults run_level(const Extents& e, std::int64_t level, const Value& x,
                       const LevelWeights& weights, CellState state, const Value& lengths) {
  const Value from_input = ir::matmul(x, weights.input, false, true);
  // Only a GRU tells the two biases apart.
  const bool two_biases = e.cell == RecurrentCell::gru;
  const Value input_bias =
      two_biases ? weights.input_bias : weights.input_bias + weights.state_bias;
  const Value state_bias = two_biases ? weights.state_bias : Value();
  std::vector<CellStep> steps(static_cast<std::size_t>(e.steps));
  for (std::int64_t count = 0; count < e.steps; ++count) {
    const std::int64_t time = e.step(level, count);
    const Value from_state = ir::matmul(state.h, weights.state, false, true);
    CellStep step = cell_step(e.cell, {rows(from_input, time * e.batch, e.batch), input_bias},
                              {from_state, state_bias}, state);
    if (lengths) {
      const Value inside = is_inside(lengths, time);
      step.state.h = ir::select(inside, step.state.h, state.h);
      if (step.state.c) step.state.c = ir::select(inside, step.state.c, state.c);
    }
    state = step.state;
    steps[static_cast<std::size_t>(time)] = std::move(step);
  }

  LevelResults results;
  for (std::int64_t index = 0; index < saved_of(e.cell); ++index)
    for (const CellStep& step : steps)
      results.kept.push_back(step.saved[static_cast<std::size_t>(index)]);
  std::vector<Value> h;
  h.reserve(steps.size());
  for (const CellStep& step : steps) h.push_back(step.state.h);
  results.kept.insert(results.kept.end(), h.begin(), h.end());
  if (e.cell == RecurrentCell::lstm)
    for (const CellStep& step : steps) results.kept.push_back(step.state.c);
  results.y = stack(h, x, e.units);
  results.last = std::move(state);
  return results;
}

// Whether the level is one node of the IR: what that has no words for goes step by step.
bool is_one_node(const Extents& e, const RecurrentInputs& wide) {
  return e.steps > 0 && wide.x.dtype() == DType::f32 && !wide.lengths &&
         (e.cell == RecurrentCell::lstm || e.cell == RecurrentCell::gru);
}

ir::Recurrent node_attributes(const Extents& e, std::int64_t level) {
  return {e.cell == RecurrentCell::lstm ? ir::GatedCell::lstm : ir::GatedCell::gru,
          e.backwards(level)};
}

// [states, batch, units]
Value stacked_state(const CellState& state, const Extents& e) {
  Value h = ir::reshape(state.h, {1, e.batch, e.units});
  if (!state.c) return h;
  const Value both[] = {h, ir::reshape(state.c, {1, e.batch, e.units})};
  return ir::concat(both, 0);
}

// run_level, as one node.
LevelResults run_level_at_once(const Extents& e, std::int64_t level, const Value& x,
                               const LevelWeights& weights, const CellState& state) {
  const Value gates =
      ir::reshape(ir::matmul(x, weights.input, false, true), {e.steps, e.batch, e.gates()});
  const Value both_biases[] = {weights.input_bias, weights.state_bias};
  const Value biases = ir::reshape(ir::concat(both_biases, 0), {2, e.gates()});
  const Value kept = ir::reshape(ir::recurrent(node_attributes(e, level), gates, weights.state,
                                               biases, stacked_state(state, e)),
                                 {e.kept() * e.steps * e.batch, e.units});
  // Array `index` of what is kept begins with its first step.
  const auto row = [&](std::int64_t index, std::int64_t step) {
    return (index * e.steps + step) * e.batch;
  };
  const std::int64_t saved = saved_of(e.cell);
  const std::int64_t last = e.step(level, e.steps - 1);
  LevelResults results{rows(kept, row(saved, 0), e.steps * e.batch),
                       {rows(kept, row(saved, last), e.batch), {}},
                       {kept}};
  if (state.c) results.last.c = rows(kept, row(saved + 1, last), e.batch);
  return results;
}

// The gradients of what a level's gates are sums of, and of the state that it began with.
struct GateGradients {
  Value from_input;  // [steps * batch, gates]
  Value from_state;  // the same value where the gradients are equal
  CellState initial;
};

// `y` is the gradient of the level's states, `state` that of the last one.
GateGradients gate_gradients(const Extents& e, std::int64_t level, const LevelWeights& weights,
                             const CellState& initial, const Reserve& reserve, const Value& lengths,
                             const Value& y, CellState state) {
  const auto index = [](std::int64_t time) { return static_cast<std::size_t>(time); };
  std::vector<Value> input_gates(index(e.steps));
  std::vector<Value> state_gates(index(e.steps));
  for (std::int64_t count = e.steps - 1; count >= 0; --count) {
    const std::int64_t time = e.step(level, count);
    const CellState previous =
        count == 0 ? initial : reserve.step(level, e.step(level, count - 1)).state;
    state.h = state.h + rows(y, time * e.batch, e.batch);
    CellGradients step = cell_step_gradients(e.cell, reserve.step(level, time), previous, state);
    const Value inside = lengths ? is_inside(lengths, time) : Value();
    if (lengths) {
      const bool equal = step.from_input == step.from_state;
      const Value zero = ir::constant(y.dtype(), 0);
      step.from_input = ir::select(inside, step.from_input, zero);
      step.from_state = equal ? step.from_input : ir::select(inside, step.from_state, zero);
    }
    input_gates[index(time)] = step.from_input;
    state_gates[index(time)] = step.from_state;
    Value h = ir::matmul(step.from_state, weights.state);
    if (step.previous.h) h = h + step.previous.h;
    state.h = lengths ? ir::select(inside, h, state.h) : h;
    if (step.previous.c)
      state.c = lengths ? ir::select(inside, step.previous.c, state.c) : step.previous.c;
  }
  const Value from_input = stack(input_gates, y, e.gates());
  return {from_input, e.cell == RecurrentCell::gru ? stack(state_gates, y, e.gates()) : from_input,
          state};
}

// gate_gradients, as one node.
GateGradients gate_gradients_at_once(const Extents& e, std::int64_t level,
                                     const LevelWeights& weights, const CellState& initial,
                                     const Reserve& reserve, const Value& y,
                                     const CellState& state) {
  const Value kept = ir::reshape(reserve.level(level), {e.kept(), e.steps, e.batch, e.units});
  const Value gradients =
      ir::reshape(ir::recurrent_gradient(
                      node_attributes(e, level), kept, weights.state, stacked_state(initial, e),
                      ir::reshape(y, {e.steps, e.batch, e.units}), stacked_state(state, e)),
                  {(e.steps + 1) * e.batch, 4 * e.units});
  const std::int64_t steps = e.steps * e.batch;
  const auto part = [&](std::int64_t row, std::int64_t count, std::int64_t first, std::int64_t n) {
    return ir::slice(gradients, {row, first * e.units}, {count, n * e.units});
  };
  const CellState first{part(steps, e.batch, 0, 1), state.c ? part(steps, e.batch, 1, 1) : Value()};
  const Value from_input = part(0, steps, 0, gates_of(e.cell));
  if (e.cell == RecurrentCell::lstm) return {from_input, from_input, first};
  const Value state_gates[] = {part(0, steps, 0, 2), part(0, steps, 3, 1)};
  return {from_input, ir::concat(state_gates, 1), first};
}

// The states before each step, in the order of time, [steps * batch, units].
Value states_before(const Extents& e, std::int64_t level, const CellState& initial,
                    const Reserve& reserve) {
  std::vector<Value> before;
  const std::int64_t others = (e.steps - 1) * e.batch;
  if (e.steps > 0 && e.backwards(level))
    before = {rows(reserve.h(level), e.batch, others), initial.h};
  else if (e.steps > 0)
    before = {initial.h, rows(reserve.h(level), 0, others)};
  return stack(before, initial.h, e.units);
}

// --- 16-bit arrays ---

RecurrentInputs widened_inputs(const RecurrentInputs& inputs) {
  return {widen(inputs.x), widen(inputs.h), inputs.c ? widen(inputs.c) : Value(),
          widen(inputs.weights), inputs.lengths};
}

// The bytes of f32 elements as an array of 16-bit ones, and back.
Value pack(const Value& x, DType dtype) { return flat(ir::bitcast(x, dtype)); }
Value unpack(const Value& x) {
  const DType dtype = widened(x.dtype());
  if (dtype == x.dtype()) return x;
  return ir::bitcast(ir::reshape(x, {x.shape().elements() / 2, 2}), dtype);
}

}  // namespace

RecurrentResults recurrent(RecurrentCell cell, bool bidirectional, const RecurrentInputs& inputs,
                           bool nodes_for_layers) {
  const Result<Extents> extents = extents_of(cell, bidirectional, inputs);
  if (!extents.ok()) {
    const Value failed = ir::Node::failed(extents.status());
    return {failed, failed, failed, failed};
  }
  const Extents& e = *extents;
  const RecurrentInputs wide = widened_inputs(inputs);
  const bool at_once = nodes_for_layers && is_one_node(e, wide);
  const std::vector<LevelWeights> weights = split_weights(wide.weights, e);
  Value x = ir::reshape(wide.x, {e.steps * e.batch, e.size});
  std::vector<Value> h, c, kept;
  for (std::int64_t layer = 0; layer < e.layers; ++layer) {
    std::vector<Value> directions;
    for (std::int64_t level = layer * e.directions; level < (layer + 1) * e.directions; ++level) {
      const LevelWeights& own = weights[static_cast<std::size_t>(level)];
      const CellState state = state_of(wide.h, wide.c, level);
      const LevelResults results = at_once ? run_level_at_once(e, level, x, own, state)
                                           : run_level(e, level, x, own, state, wide.lengths);
      kept.insert(kept.end(), results.kept.begin(), results.kept.end());
      directions.push_back(results.y);
      h.push_back(results.last.h);
      if (results.last.c) c.push_back(results.last.c);
    }
    x = join_directions(directions, wide.lengths, e);
  }
  const DType dtype = inputs.x.dtype();
  return {ir::cast(ir::reshape(x, {e.steps, e.batch, e.directions * e.units}), dtype),
          ir::cast(levels_of(h, e), dtype), c.empty() ? Value() : ir::cast(levels_of(c, e), dtype),
          pack(stack(kept, wide.x, e.units), dtype)};
}

RecurrentInputs recurrent_gradients(RecurrentCell cell, bool bidirectional,
                                    const RecurrentInputs& inputs, const Value& reserve,
                                    const RecurrentResults& gradients, bool nodes_for_layers) {
  const Result<Extents> extents = extents_of(cell, bidirectional, inputs);
  if (!extents.ok()) {
    const Value failed = ir::Node::failed(extents.status());
    return {failed, failed, failed, failed, {}};
  }
  const Extents& e = *extents;
  const RecurrentInputs wide = widened_inputs(inputs);
  const bool at_once = nodes_for_layers && is_one_node(e, wide);
  const std::vector<LevelWeights> weights = split_weights(wide.weights, e);
  const Reserve kept(unpack(reserve), e);
  const Value last_h = widen(gradients.h);
  const Value last_c = gradients.c ? widen(gradients.c) : Value();

  std::vector<Value> h(static_cast<std::size_t>(e.levels()));
  std::vector<Value> c(cell == RecurrentCell::lstm ? h.size() : 0);
  std::vector<LevelWeights> weight_gradients(h.size());
  Value y = ir::reshape(widen(gradients.y), {e.steps * e.batch, e.directions * e.units});
  for (std::int64_t layer = e.layers - 1; layer >= 0; --layer) {
    const std::int64_t first = layer * e.directions;
    Value x = ir::reshape(wide.x, {e.steps * e.batch, e.size});
    if (layer > 0) {
      std::vector<Value> below;
      for (std::int64_t level = first - e.directions; level < first; ++level)
        below.push_back(kept.h(level));
      x = join_directions(below, wide.lengths, e);
    }
    y = without_ends(y, wide.lengths, e);
    Value x_gradient;
    for (std::int64_t level = first; level < first + e.directions; ++level) {
      const auto index = static_cast<std::size_t>(level);
      const Value own = ir::slice(y, {0, (level - first) * e.units}, {e.steps * e.batch, e.units});
      const CellState initial = state_of(wide.h, wide.c, level);
      const CellState last = state_of(last_h, last_c, level);
      const GateGradients gates =
          at_once
              ? gate_gradients_at_once(e, level, weights[index], initial, kept, own, last)
              : gate_gradients(e, level, weights[index], initial, kept, wide.lengths, own, last);
      h[index] = gates.initial.h;
      if (!c.empty()) c[index] = gates.initial.c;
      const std::int64_t first_axis[] = {0};
      weight_gradients[index] = {
          ir::matmul(gates.from_input, x, true),
          ir::matmul(gates.from_state, states_before(e, level, initial, kept), true),
          ir::reduce(ReduceOp::sum, gates.from_input, first_axis),
          ir::reduce(ReduceOp::sum, gates.from_state, first_axis)};
      const Value to_x = ir::matmul(gates.from_input, weights[index].input);
      x_gradient = x_gradient ? x_gradient + to_x : to_x;
    }
    y = x_gradient;
  }
  const DType dtype = inputs.x.dtype();
  return {ir::cast(ir::reshape(y, inputs.x.shape()), dtype),
          ir::cast(levels_of(h, e), dtype),
          c.empty() ? Value() : ir::cast(levels_of(c, e), dtype),
          ir::cast(join_weights(weight_gradients), dtype),
          {}};
}

}  // namespace evergpu::ops
