#include "ops/recurrent.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::DType;
using ir::Value;
using testing::array;
using testing::dot;
using testing::expect_array;
using testing::expect_failure;
using testing::expect_gradient;
using testing::numbers;
using testing::random_array;
using testing::random_numbers;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// One unit over one input, one step: weights are the gates' w, then their r, then two biases each.
RecurrentInputs one_unit(const std::vector<double>& weights, bool has_cell) {
  return {array({1, 1, 1}, {0.5}, DType::f64),
          array({1, 1, 1}, {-0.25}, DType::f64),
          has_cell ? array({1, 1, 1}, {0.75}, DType::f64) : Value(),
          array({static_cast<std::int64_t>(weights.size())}, weights, DType::f64),
          {}};
}

TEST(Recurrent, Lstm) {
  const std::vector<double> weights = {1, 2, 3, 4, -1, -2, -3, -4, .1, .2, .3, .4, .5, .6, .7, .8};
  const RecurrentResults results =
      recurrent(RecurrentCell::lstm, false, one_unit(weights, /*has_cell=*/true));
  const auto sum = [&](std::size_t gate) {
    return 0.5 * weights[gate] - 0.25 * weights[4 + gate] + weights[8 + gate] + weights[12 + gate];
  };
  const double c = sigmoid(sum(1)) * 0.75 + sigmoid(sum(0)) * std::tanh(sum(2));
  const double h = sigmoid(sum(3)) * std::tanh(c);
  expect_array(results.y, {1, 1, 1}, {h});
  expect_array(results.h, {1, 1, 1}, {h});
  expect_array(results.c, {1, 1, 1}, {c});
}

TEST(Recurrent, Gru) {
  const std::vector<double> weights = {1, 2, 3, -1, -2, -3, .1, .2, .3, .5, .6, .7};
  const RecurrentResults results =
      recurrent(RecurrentCell::gru, false, one_unit(weights, /*has_cell=*/false));
  const auto from_input = [&](std::size_t gate) { return 0.5 * weights[gate] + weights[6 + gate]; };
  const auto from_state = [&](std::size_t gate) {
    return -0.25 * weights[3 + gate] + weights[9 + gate];
  };
  const double reset = sigmoid(from_input(0) + from_state(0));
  const double update = sigmoid(from_input(1) + from_state(1));
  const double fresh = std::tanh(from_input(2) + reset * from_state(2));
  expect_array(results.h, {1, 1, 1}, {(1 - update) * fresh - update * 0.25});
  EXPECT_FALSE(results.c);
}

// Every gradient against differences: two layers, both directions, sequences of unequal length.
class RecurrentGradients : public ::testing::TestWithParam<RecurrentCell> {};

TEST_P(RecurrentGradients, EqualDifferences) {
  const RecurrentCell cell = GetParam();
  const bool has_cell = cell == RecurrentCell::lstm;
  constexpr std::int64_t size = 3, units = 2;
  const ir::Shape state{4, 2, units};  // two layers in two directions, a batch of two
  const std::int64_t weights = 2 * gates_of(cell) * units * ((size + units + 2) + (3 * units + 2));
  RecurrentInputs inputs{random_array({3, 2, size}, 1, DType::f64),
                         random_array(state, 2, DType::f64),
                         has_cell ? random_array(state, 3, DType::f64) : Value(),
                         random_array({weights}, 4, DType::f64), array({2}, {3, 2}, DType::i32)};
  const RecurrentResults results = recurrent(cell, true, inputs);
  EXPECT_EQ(to_string(results.y.shape()), "[3,2,4]");
  const RecurrentResults upstream{random_array(results.y.shape(), 5, DType::f64),
                                  random_array(state, 6, DType::f64),
                                  has_cell ? random_array(state, 7, DType::f64) : Value(),
                                  {}};
  const RecurrentInputs gradients =
      recurrent_gradients(cell, true, inputs, results.reserve, upstream);

  const auto check = [&](Value RecurrentInputs::*operand) {
    const Value original = inputs.*operand;
    const ir::Shape shape = original.shape();
    EXPECT_EQ(to_string((gradients.*operand).shape()), to_string(shape));
    expect_gradient(
        gradients.*operand, numbers(original),
        [&](const std::vector<double>& x) {
          RecurrentInputs moved = inputs;
          moved.*operand = array(shape, x, DType::f64);
          const RecurrentResults r = recurrent(cell, true, moved);
          return dot(numbers(r.y), numbers(upstream.y)) + dot(numbers(r.h), numbers(upstream.h)) +
                 (has_cell ? dot(numbers(r.c), numbers(upstream.c)) : 0);
        },
        1e-6, 1e-6);
  };
  check(&RecurrentInputs::x);
  check(&RecurrentInputs::h);
  if (has_cell) check(&RecurrentInputs::c);
  check(&RecurrentInputs::weights);
}

INSTANTIATE_TEST_SUITE_P(Cells, RecurrentGradients,
                         ::testing::Values(RecurrentCell::lstm, RecurrentCell::gru,
                                           RecurrentCell::tanh));

// One node for a layer computes what many do.
class RecurrentNodes : public ::testing::TestWithParam<RecurrentCell> {};

TEST_P(RecurrentNodes, EqualSteps) {
  const RecurrentCell cell = GetParam();
  const bool has_cell = cell == RecurrentCell::lstm;
  constexpr std::int64_t steps = 3, batch = 2, size = 3, units = 2;
  const ir::Shape state{4, batch, units};  // two layers in two directions
  const std::int64_t weights = 2 * gates_of(cell) * units * ((size + units + 2) + (3 * units + 2));
  const RecurrentInputs inputs{random_array({steps, batch, size}, 1),
                               random_array(state, 2),
                               has_cell ? random_array(state, 3) : Value(),
                               random_array({weights}, 4),
                               {}};
  const RecurrentResults expected = recurrent(cell, true, inputs);
  const RecurrentResults results = recurrent(cell, true, inputs, true);
  const auto expect_close = [](const Value& actual, const Value& stepwise) {
    ASSERT_EQ(bool{actual}, bool{stepwise});
    if (actual) expect_array(actual, stepwise.shape(), numbers(stepwise), 1e-6);
  };
  expect_close(results.y, expected.y);
  expect_close(results.h, expected.h);
  expect_close(results.c, expected.c);
  expect_close(results.reserve, expected.reserve);

  const RecurrentResults upstream{random_array(expected.y.shape(), 5),
                                  random_array(state, 6),
                                  has_cell ? random_array(state, 7) : Value(),
                                  {}};
  const RecurrentInputs stepwise =
      recurrent_gradients(cell, true, inputs, expected.reserve, upstream);
  const RecurrentInputs gradients =
      recurrent_gradients(cell, true, inputs, expected.reserve, upstream, true);
  expect_close(gradients.x, stepwise.x);
  expect_close(gradients.h, stepwise.h);
  expect_close(gradients.c, stepwise.c);
  expect_close(gradients.weights, stepwise.weights);

  const Value all[] = {results.y};
  const auto count_of = [](const ir::Graph& graph) {
    return std::count_if(graph.nodes.begin(), graph.nodes.end(), [](const ir::GraphNode& node) {
      return node.operation.kind == ir::Kind::recurrent;
    });
  };
  EXPECT_EQ(count_of(ir::graph_of(all)), 4);
}

INSTANTIATE_TEST_SUITE_P(Cells, RecurrentNodes,
                         ::testing::Values(RecurrentCell::lstm, RecurrentCell::gru));

// What a node has no words for goes step by step, asked for or not.
TEST(Recurrent, EndsAndPlainCellsAndDoublesGoStepByStep) {
  const auto expect_steps = [](RecurrentCell cell, DType dtype, const Value& lengths) {
    const bool has_cell = cell == RecurrentCell::lstm;
    const RecurrentInputs inputs{random_array({2, 2, 3}, 1, dtype),
                                 random_array({1, 2, 2}, 2, dtype),
                                 has_cell ? random_array({1, 2, 2}, 3, dtype) : Value(),
                                 random_array({gates_of(cell) * 14}, 4, dtype), lengths};
    const Value wanted[] = {recurrent(cell, false, inputs, true).y};
    for (const ir::GraphNode& node : ir::graph_of(wanted).nodes)
      EXPECT_NE(node.operation.kind, ir::Kind::recurrent);
  };
  expect_steps(RecurrentCell::lstm, DType::f32, array({2}, {1, 2}, DType::i32));
  expect_steps(RecurrentCell::gru, DType::f64, {});
  expect_steps(RecurrentCell::tanh, DType::f32, {});
}

// A sequence's state stays after its end, and its results are zeros there.
TEST(Recurrent, SequencesEnd) {
  const Value x = random_array({3, 2, 1}, 1);
  RecurrentInputs inputs{x, array({1, 2, 1}, {0, 0}), {}, array({4}, {1, 1, 0, 0}), {}};
  const std::vector<double> whole = numbers(recurrent(RecurrentCell::tanh, false, inputs).y);
  inputs.lengths = array({2}, {1, 3}, DType::i32);
  const RecurrentResults results = recurrent(RecurrentCell::tanh, false, inputs);
  expect_array(results.y, {3, 2, 1}, {whole[0], whole[1], 0, whole[3], 0, whole[5]});
  expect_array(results.h, {1, 2, 1}, {whole[0], whole[5]});
}

// What is reserved keeps the precision of f32, whatever the arrays' dtype.
TEST(Recurrent, SixteenBits) {
  const RecurrentInputs inputs{random_array({2, 2, 3}, 1, DType::f16),
                               random_array({1, 2, 2}, 2, DType::f16),
                               {},
                               random_array({12 + 8 + 4}, 3, DType::f16),
                               {}};
  // relu: 3 + 2 weights and two biases for each of 2 units need 14.
  expect_failure(recurrent(RecurrentCell::relu, false, inputs).y, "have [14] weights, not [24]");
  RecurrentInputs fitting = inputs;
  fitting.weights = random_array({14}, 3, DType::f16);
  const RecurrentResults results = recurrent(RecurrentCell::relu, false, fitting);
  EXPECT_EQ(results.y.dtype(), DType::f16);
  EXPECT_EQ(results.reserve.dtype(), DType::f16);
  EXPECT_EQ(to_string(results.reserve.shape()), "[16]");  // 2 steps * 2 * 2 states of 4 bytes
  const RecurrentResults upstream{
      random_array({2, 2, 2}, 4, DType::f16), random_array({1, 2, 2}, 5, DType::f16), {}, {}};
  const RecurrentInputs gradients =
      recurrent_gradients(RecurrentCell::relu, false, fitting, results.reserve, upstream);
  EXPECT_EQ(gradients.weights.dtype(), DType::f16);
  numbers(gradients.weights);
}

TEST(Recurrent, NoSteps) {
  const RecurrentInputs inputs{
      random_array({0, 2, 3}, 1), random_array({1, 2, 2}, 2), {}, random_array({14}, 3), {}};
  const RecurrentResults results = recurrent(RecurrentCell::tanh, false, inputs);
  expect_array(results.y, {0, 2, 2}, {});
  expect_array(results.h, {1, 2, 2}, numbers(inputs.h));
}

TEST(Recurrent, ShapesThatDoNotFit) {
  RecurrentInputs inputs{
      random_array({1, 2, 3}, 1), random_array({1, 3, 2}, 2), {}, random_array({14}, 3), {}};
  expect_failure(recurrent(RecurrentCell::tanh, false, inputs).y,
                 "the state must be [layers * 1, 2, units], but has shape [1,3,2]");
  inputs.h = random_array({1, 2, 2}, 2);
  expect_failure(recurrent(RecurrentCell::tanh, true, inputs).y, "the state must be [layers * 2");
  inputs.lengths = array({1}, {1}, DType::i32);
  expect_failure(recurrent(RecurrentCell::tanh, false, inputs).y,
                 "the sequence lengths must be [2], but have shape [1]");
}

}  // namespace
}  // namespace evergpu::ops
