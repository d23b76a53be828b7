#include "ops/activation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::Value;
using testing::array;
using testing::dot;
using testing::expect_array;
using testing::expect_gradient;
using testing::numbers;

const std::vector<double> points = {-3, -1, -0.25, 0.25, 1, 5.5, 7};

Value at(const std::vector<double>& x) {
  return array({static_cast<std::int64_t>(x.size())}, x, ir::DType::f64);
}

TEST(Activation, Values) {
  expect_array(relu(at(points)), {7}, {0, 0, 0, 0.25, 1, 5.5, 7});
  expect_array(relu6(at(points)), {7}, {0, 0, 0, 0.25, 1, 5.5, 6});
  expect_array(leaky_relu(at(points), 0.5), {7}, {-1.5, -0.5, -0.125, 0.25, 1, 5.5, 7});
  expect_array(elu(at({-1, 2})), {2}, {std::expm1(-1.0), 2});
  expect_array(selu(at({-1, 2})), {2}, {-1.1113307, 2.1014020});
  expect_array(softsign(at({-1, 3})), {2}, {-0.5, 0.75});
}

TEST(Activation, OfIntegers) {
  const Value x = array({3}, {-2, 3, 9}, ir::DType::i32);
  expect_array(relu(x), {3}, {0, 3, 9});
  expect_array(relu6(x), {3}, {0, 3, 6});
}

// Functions whose gradient is given by their operand.
TEST(Activation, GradientsByOperand) {
  const Value gradient = testing::random_array({7}, 1, ir::DType::f64);
  const auto check = [&](const Value& actual, auto function) {
    expect_gradient(
        actual, points,
        [&](const std::vector<double>& x) {
          return dot(numbers(function(at(x))), numbers(gradient));
        },
        1e-6, 1e-6);
  };
  check(relu_gradient(gradient, at(points)), relu);
  check(relu6_gradient(gradient, at(points)), relu6);
  check(leaky_relu_gradient(gradient, at(points), 0.1),
        [](const Value& x) { return leaky_relu(x, 0.1); });
  check(softsign_gradient(gradient, at(points)), softsign);
  check(softplus_gradient(gradient, at(points)),
        [](const Value& x) { return ir::unary(ir::UnaryOp::softplus, x); });
}

// Functions whose gradient is given by their result.
TEST(Activation, GradientsByResult) {
  const Value gradient = testing::random_array({7}, 2, ir::DType::f64);
  const auto check = [&](const Value& actual, auto function) {
    expect_gradient(
        actual, points,
        [&](const std::vector<double>& x) {
          return dot(numbers(function(at(x))), numbers(gradient));
        },
        1e-6, 1e-6);
  };
  const auto sigmoid = [](const Value& x) { return ir::unary(ir::UnaryOp::sigmoid, x); };
  const auto tanh = [](const Value& x) { return ir::unary(ir::UnaryOp::tanh, x); };
  check(elu_gradient(gradient, elu(at(points))), elu);
  check(selu_gradient(gradient, selu(at(points))), selu);
  check(sigmoid_gradient(sigmoid(at(points)), gradient), sigmoid);
  check(tanh_gradient(tanh(at(points)), gradient), tanh);
}

}  // namespace
}  // namespace evergpu::ops
