// Recurrent layers, one element after the other. States are rounded to the dtype after each step,
// as what is kept of them is.
#include <cmath>

#include "ir/evaluate/call.h"
#include "ir/evaluate/packing.h"

namespace evergpu::ir::reference {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double sigmoid_gradient(double y, double gradient) { return gradient * y * (1 - y); }
double tanh_gradient(double y, double gradient) { return gradient * (1 - y * y); }

// The extents, and where things are.
struct Layer {
  Recurrent attributes;
  std::int64_t steps, batch, units;

  bool is_lstm() const { return attributes.cell == GatedCell::lstm; }
  std::int64_t gates() const { return gates_of(attributes.cell); }
  // The step that comes as the `count`-th.
  std::int64_t step(std::int64_t count) const {
    return attributes.reverse ? steps - 1 - count : count;
  }
  // Element of array `index` of those that are kept.
  std::int64_t kept(std::int64_t index, std::int64_t step, std::int64_t row,
                    std::int64_t unit) const {
    return ((index * steps + step) * batch + row) * units + unit;
  }
  // Element of the state before the `count`-th step: of `kept`, or of `state` before the first.
  template <typename T>
  double before(const T* kept_arrays, const T* state, std::int64_t index, std::int64_t count,
                std::int64_t row, std::int64_t unit) const {
    return convert<double>(count == 0 ? state[(index * batch + row) * units + unit]
                                      : kept_arrays[kept(4 + index, step(count - 1), row, unit)]);
  }
};

template <typename T>
void forward(const Layer& layer, const T* gates, const T* weights, const T* biases, const T* state,
             T* kept) {
  const std::int64_t width = layer.gates() * layer.units;
  for (std::int64_t count = 0; count < layer.steps; ++count)
    for (std::int64_t row = 0; row < layer.batch; ++row)
      for (std::int64_t unit = 0; unit < layer.units; ++unit) {
        const std::int64_t step = layer.step(count);
        double from_input[4] = {};
        double from_state[4] = {};
        for (std::int64_t gate = 0; gate < layer.gates(); ++gate) {
          const std::int64_t column = gate * layer.units + unit;
          from_input[gate] = convert<double>(gates[(step * layer.batch + row) * width + column]) +
                             convert<double>(biases[column]);
          from_state[gate] = convert<double>(biases[width + column]);
          for (std::int64_t k = 0; k < layer.units; ++k)
            from_state[gate] += layer.before(kept, state, 0, count, row, k) *
                                convert<double>(weights[column * layer.units + k]);
        }
        const auto put = [&](std::int64_t index, double value) {
          kept[layer.kept(index, step, row, unit)] = convert<T>(value);
        };
        const double first = sigmoid(from_input[0] + from_state[0]);
        const double second = sigmoid(from_input[1] + from_state[1]);
        put(0, first);
        put(1, second);
        if (layer.is_lstm()) {
          const double fresh = std::tanh(from_input[2] + from_state[2]);
          const double output = sigmoid(from_input[3] + from_state[3]);
          const double c = second * layer.before(kept, state, 1, count, row, unit) + first * fresh;
          put(2, fresh);
          put(3, output);
          put(4, output * std::tanh(c));
          put(5, c);
        } else {
          const double fresh = std::tanh(from_input[2] + first * from_state[2]);
          put(2, fresh);
          put(3, from_state[2]);
          put(4, (1 - second) * fresh + second * layer.before(kept, state, 0, count, row, unit));
        }
      }
}

template <typename T>
void backward(const Layer& layer, const T* kept, const T* weights, const T* state,
              const T* gradient, const T* last_gradient, T* result) {
  const std::int64_t elements = layer.batch * layer.units;
  const auto at = [](std::int64_t i) { return static_cast<std::size_t>(i); };
  std::vector<double> h(at(elements));
  std::vector<double> c(at(elements));
  std::vector<double> through_product(at(elements));
  pack(last_gradient, 1, elements, 0, 1, h.data());
  if (layer.is_lstm()) pack(last_gradient + elements, 1, elements, 0, 1, c.data());

  for (std::int64_t count = layer.steps - 1; count >= 0; --count) {
    const std::int64_t step = layer.step(count);
    std::fill(through_product.begin(), through_product.end(), 0);
    for (std::int64_t row = 0; row < layer.batch; ++row)
      for (std::int64_t unit = 0; unit < layer.units; ++unit) {
        const auto saved = [&](std::int64_t index) {
          return convert<double>(kept[layer.kept(index, step, row, unit)]);
        };
        const std::int64_t element = row * layer.units + unit;
        const double to_h = h[at(element)] + convert<double>(gradient[step * elements + element]);
        double to_gates[4];
        double to_products[4];  // of the state
        if (layer.is_lstm()) {
          const double squashed = std::tanh(saved(5));
          const double to_c = c[at(element)] + tanh_gradient(squashed, to_h * saved(3));
          to_gates[0] = sigmoid_gradient(saved(0), to_c * saved(2));
          to_gates[1] =
              sigmoid_gradient(saved(1), to_c * layer.before(kept, state, 1, count, row, unit));
          to_gates[2] = tanh_gradient(saved(2), to_c * saved(0));
          to_gates[3] = sigmoid_gradient(saved(3), to_h * squashed);
          std::copy(std::begin(to_gates), std::end(to_gates), to_products);
          c[at(element)] = to_c * saved(1);
          h[at(element)] = 0;
        } else {
          to_gates[2] = tanh_gradient(saved(2), to_h * (1 - saved(1)));
          to_gates[1] = sigmoid_gradient(
              saved(1), to_h * (layer.before(kept, state, 0, count, row, unit) - saved(2)));
          to_gates[0] = sigmoid_gradient(saved(0), to_gates[2] * saved(3));
          to_gates[3] = to_gates[2] * saved(0);
          to_products[0] = to_gates[0];
          to_products[1] = to_gates[1];
          to_products[2] = to_gates[3];
          h[at(element)] = to_h * saved(1);
        }
        T* const row_of_result = result + (step * layer.batch + row) * 4 * layer.units;
        for (std::int64_t gate = 0; gate < 4; ++gate)
          row_of_result[gate * layer.units + unit] = convert<T>(to_gates[gate]);
        for (std::int64_t gate = 0; gate < layer.gates(); ++gate)
          for (std::int64_t k = 0; k < layer.units; ++k)
            through_product[at(row * layer.units + k)] +=
                to_products[gate] *
                convert<double>(weights[(gate * layer.units + unit) * layer.units + k]);
      }
    for (std::int64_t i = 0; i < elements; ++i) h[at(i)] += through_product[at(i)];
  }

  T* row_of_result = result + layer.steps * elements * 4;
  for (std::int64_t row = 0; row < layer.batch; ++row, row_of_result += 4 * layer.units) {
    std::fill(row_of_result, row_of_result + 4 * layer.units, T(0));
    for (std::int64_t unit = 0; unit < layer.units; ++unit) {
      row_of_result[unit] = convert<T>(h[at(row * layer.units + unit)]);
      if (layer.is_lstm())
        row_of_result[layer.units + unit] = convert<T>(c[at(row * layer.units + unit)]);
    }
  }
}

Layer layer_of(const Call& call, const Shape& sequence) {
  return {call.attributes<Recurrent>(), sequence[0], sequence[1], call.operands[1].shape[1]};
}

template <typename Function>
void for_float(const Call& call, Function&& function) {
  visit(call.operation.dtype, [&]<typename T>(TypeTag<T>) {
    if constexpr (is_floating<T>) function(TypeTag<T>());
  });
}

}  // namespace

void recurrent(const Call& call) {
  for_float(call, [&]<typename T>(TypeTag<T>) {
    forward(layer_of(call, call.operands[0].shape), call.operand<T>(0), call.operand<T>(1),
            call.operand<T>(2), call.operand<T>(3), call.result.as<T>());
  });
}

void recurrent_gradient(const Call& call) {
  for_float(call, [&]<typename T>(TypeTag<T>) {
    backward(layer_of(call, call.operands[3].shape), call.operand<T>(0), call.operand<T>(1),
             call.operand<T>(2), call.operand<T>(3), call.operand<T>(4), call.result.as<T>());
  });
}

}  // namespace evergpu::ir::reference
