#include "ops/optimizer.h"

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::DType;
using ir::Value;
using testing::array;
using testing::expect_array;

Value number(double value) { return array({}, {value}, DType::f64); }
Value one(double value) { return array({1}, {value}, DType::f64); }

void expect_state(const OptimizerState& state, const std::vector<double>& expected) {
  ASSERT_EQ(state.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    expect_array(state[i], {1}, {expected[i]}, 1e-12);
}

TEST(Optimizer, Descent) {
  expect_state(gradient_descent({one(1)}, one(2), number(0.1)), {0.8});
  expect_state(proximal_gradient_descent({one(1)}, one(2), {number(0.1), number(3), number(0.5)}),
               {(0.8 - 0.3) / 1.05});
  expect_state(proximal_gradient_descent({one(0.4)}, one(2), {number(0.1), number(3), number(0)}),
               {0});
}

TEST(Optimizer, Momentum) {
  const MomentumParameters plain{number(0.1), number(0.9)};
  const MomentumParameters nesterov{number(0.1), number(0.9), true};
  expect_state(momentum({one(1), one(3)}, one(2), plain), {1 - 0.47, 4.7});
  expect_state(momentum({one(1), one(3)}, one(2), nesterov), {1 - 0.2 - 0.423, 4.7});
  expect_state(keras_momentum({one(1), one(3)}, one(2), plain), {3.5, 2.5});
  expect_state(keras_momentum({one(1), one(3)}, one(2), nesterov), {1 + 2.25 - 0.2, 2.5});
}

TEST(Optimizer, Adagrad) {
  expect_state(adagrad({one(1), one(5)}, one(2), {number(0.1), Value()}), {1 - 0.2 / 3, 9});
  expect_state(adagrad({one(1), one(5)}, one(2), {number(0.1), number(1)}), {1 - 0.2 / 4, 9});
  expect_state(adagrad({one(1), one(4)}, one(2), {number(0.1), Value(), false}), {0.9, 4});
  expect_state(proximal_adagrad({one(1), one(5)}, one(3), {number(1), number(0), number(0)}),
               {1 - 3 / std::sqrt(14.0), 14});
  expect_state(adagrad_dual_averaging({one(7), one(1), one(5)}, one(2),
                                      {number(0.1), number(0.5), number(1)}, number(4)),
               {-0.1 * (3 - 2) / (0.4 + 3), 3, 9});
}

TEST(Optimizer, AdamFamily) {
  const AdamParameters p{number(0.9), number(0.99), number(0.1),
                         number(0.9), number(0.99), number(1e-3)};
  const double rate = 0.1 * std::sqrt(1 - 0.99) / (1 - 0.9);
  const double m = 0.5 + (2 - 0.5) * 0.1;
  const double v = 1 + (4 - 1) * 0.01;
  expect_state(adam({one(1), one(0.5), one(1)}, one(2), p),
               {1 - m * rate / (std::sqrt(v) + 1e-3), m, v});
  AdamParameters nesterov = p;
  nesterov.nesterov = true;
  expect_state(adam({one(1), one(0.5), one(1)}, one(2), nesterov),
               {1 - (0.2 + 0.9 * m) * rate / (std::sqrt(v) + 1e-3), m, v});
  expect_state(amsgrad({one(1), one(0.5), one(1), one(9)}, one(2), p),
               {1 - m * rate / (3 + 1e-3), m, v, 9});
  expect_state(adamax({one(1), one(0.5), one(3)}, one(2), p),
               {1 - 0.1 / 0.1 * m / (2.97 + 1e-3), m, 2.97});
}

TEST(Optimizer, RmsPropFamily) {
  const RmsPropParameters p{number(0.1), number(0.5), number(0.9), number(0.5)};
  const double squares = 2.5;
  const double velocity = 0.9 + 0.2 / std::sqrt(squares + 0.5);
  expect_state(rmsprop({one(1), one(1), one(1)}, one(2), p), {1 - velocity, squares, velocity});
  const double centred = 0.9 + 0.2 / std::sqrt(squares - 2.25 + 0.5);
  expect_state(centered_rmsprop({one(1), one(1), one(1), one(1)}, one(2), p),
               {1 - centred, 1.5, squares, centred});
  const double update = std::sqrt(1 + 0.5) / std::sqrt(squares + 0.5) * 2;
  expect_state(adadelta({one(1), one(1), one(1)}, one(2), {number(0.1), number(0.5), number(0.5)}),
               {1 - 0.1 * update, squares, 0.5 + 0.5 * update * update});
}

TEST(Optimizer, Ftrl) {
  // Squares go from 4 to 8; with power -1 the rate is 0.5 / squares.
  FtrlParameters p{number(0.5), number(1), number(2), Value(), number(-1)};
  const double linear = 3 + 2 - (8.0 - 4.0) / 0.5 * 1;
  expect_state(ftrl({one(1), one(4), one(3)}, one(2), p),
               {(-1 - linear) / (8 / 0.5 + 4), 8, linear});
  p.power = number(-0.5);
  const double root = 3 + 2 - (std::sqrt(8.0) - 2) / 0.5;
  expect_state(ftrl({one(1), one(4), one(3)}, one(2), p),
               {(1 - root) / (std::sqrt(8.0) / 0.5 + 4), 8, root});
  p.l2_shrinkage = number(0.25);
  const double shrunk = root + 0.5;
  expect_state(ftrl({one(1), one(4), one(3)}, one(2), p),
               {(1 - shrunk) / (std::sqrt(8.0) / 0.5 + 4), 8, shrunk});
  p.l1 = number(100);
  expect_state(ftrl({one(1), one(4), one(3)}, one(2), p), {0, 8, shrunk});
  FtrlParameters by_rate{number(0.5), number(1), number(2), Value(), number(-0.5), true};
  const double scaled = 3 + 1 - (std::sqrt(8.0) - 2);
  expect_state(ftrl({one(1), one(4), one(3)}, one(2), by_rate),
               {(0.5 - scaled) / (std::sqrt(8.0) + 2), 8, scaled});
}

TEST(Optimizer, Signs) {
  const SignParameters p{number(0.1), number(1.5), number(0.5), number(0.5)};
  // The moment stays negative: gradient and moment disagree.
  expect_state(add_sign({one(1), one(-4)}, one(2), p), {1 - 0.1 * (1.5 - 0.5) * 2, -1});
  expect_state(power_sign({one(1), one(-4)}, one(2), p), {1 - 0.1 * std::exp(-0.75) * 2, -1});
}

}  // namespace
}  // namespace evergpu::ops
