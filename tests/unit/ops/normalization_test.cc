#include "ops/normalization.h"

#include "ops/arrays.h"
#include "ops/bias.h"

namespace evergpu::ops {
namespace {

using ir::DType;
using ir::Layout;
using ir::Value;
using testing::array;
using testing::dot;
using testing::expect_array;
using testing::expect_failure;
using testing::expect_gradient;
using testing::numbers;
using testing::random_numbers;

constexpr double epsilon = 0.01;

// Four pixels of two channels: 1 3 5 7 and 2 2 4 4.
const std::vector<double> pixels{1, 2, 3, 2, 5, 4, 7, 4};

TEST(BatchNormalization, ByHand) {
  const Value x = array({1, 2, 2, 2}, pixels);
  const ChannelStatistics s = channel_statistics(x, Layout::channels_last);
  expect_array(s.mean, {2}, {4, 3});
  expect_array(s.variance, {2}, {5, 1});
  const Value y = batch_normalization(x, s, array({2}, {1, 2}), array({2}, {0, 10}), epsilon,
                                      Layout::channels_last);
  const double a = 1 / std::sqrt(5 + epsilon);
  const double b = 2 / std::sqrt(1 + epsilon);
  expect_array(y, {1, 2, 2, 2}, {-3 * a, 10 - b, -a, 10 - b, a, 10 + b, 3 * a, 10 + b});
}

TEST(BatchNormalization, ChannelsFirstIsTheTranspose) {
  const std::int64_t to_first[] = {0, 3, 1, 2};
  const Value x = array({1, 2, 2, 2}, pixels);
  const Value first = ir::permute(x, to_first);
  const ChannelStatistics s = channel_statistics(first, Layout::channels_first);
  expect_array(s.mean, {2}, {4, 3});
  const Value scale = array({2}, {1, 2});
  const Value offset = array({2}, {0, 10});
  expect_array(
      batch_normalization(first, s, scale, offset, epsilon, Layout::channels_first), {1, 2, 2, 2},
      numbers(ir::permute(batch_normalization(x, s, scale, offset, epsilon, Layout::channels_last),
                          to_first)));
}

TEST(BatchNormalization, GradientsAreDifferences) {
  const ir::Shape shape{2, 1, 3, 2};
  const std::vector<double> x = random_numbers(shape.elements(), 1);
  const std::vector<double> g = random_numbers(shape.elements(), 2);
  const Value scale = array({2}, {1.5, -0.5}, DType::f64);
  const Value offset = array({2}, {0, 1}, DType::f64);
  const auto layout = Layout::channels_last;
  const ChannelStatistics fixed{array({2}, {0.1, -0.2}, DType::f64),
                                array({2}, {1, 2}, DType::f64)};
  for (const bool training : {true, false}) {
    const auto forward = [&](const std::vector<double>& at) {
      const Value value = array(shape, at, DType::f64);
      const ChannelStatistics s = training ? channel_statistics(value, layout) : fixed;
      return batch_normalization(value, s, scale, offset, epsilon, layout);
    };
    const Value value = array(shape, x, DType::f64);
    const ChannelStatistics s = training ? channel_statistics(value, layout) : fixed;
    const BatchNormalizationGradients gradients = batch_normalization_gradients(
        array(shape, g, DType::f64), value, s, scale, epsilon, layout, training);
    expect_gradient(
        gradients.x, x, [&](const auto& at) { return dot(numbers(forward(at)), g); }, 1e-5, 1e-6);
    expect_gradient(
        gradients.scale, {1.5, -0.5},
        [&](const auto& at) {
          return dot(numbers(batch_normalization(value, s, array({2}, at, DType::f64), offset,
                                                 epsilon, layout)),
                     g);
        },
        1e-5, 1e-6);
    expect_gradient(
        gradients.offset, {0, 1},
        [&](const auto& at) {
          return dot(numbers(batch_normalization(value, s, scale, array({2}, at, DType::f64),
                                                 epsilon, layout)),
                     g);
        },
        1e-5, 1e-6);
  }
}

TEST(LocalResponse, ByHandAndGradient) {
  const LocalResponseParameters p{.radius = 1, .bias = 1, .alpha = 0.5, .beta = 0.75};
  const std::vector<double> x{1, 2, 3};
  const auto norm = [](double squares) { return std::pow(1 + 0.5 * squares, -0.75); };
  expect_array(local_response_normalization(array({1, 1, 1, 3}, x), p), {1, 1, 1, 3},
               {norm(5), 2 * norm(14), 3 * norm(13)});
  const std::vector<double> g{1, -2, 0.5};
  const Value at = array({1, 1, 1, 3}, x, DType::f64);
  expect_gradient(
      local_response_normalization_gradient(at, local_response_normalization(at, p),
                                            array({1, 1, 1, 3}, g, DType::f64), p),
      x,
      [&](const auto& moved) {
        return dot(numbers(local_response_normalization(array({1, 1, 1, 3}, moved, DType::f64), p)),
                   g);
      },
      1e-5, 1e-6);
}

TEST(Bias, AlongChannelsOfBothLayouts) {
  const Value x = array({1, 2, 2}, {1, 2, 3, 4});
  const Value bias = array({2}, {10, 20});
  expect_array(bias_add(x, bias, Layout::channels_last), {1, 2, 2}, {11, 22, 13, 24});
  expect_array(bias_add(x, bias, Layout::channels_first), {1, 2, 2}, {11, 12, 23, 24});
  expect_array(bias_gradient(x, Layout::channels_last), {2}, {4, 6});
  expect_array(bias_gradient(x, Layout::channels_first), {2}, {3, 7});
  expect_failure(bias_add(array({2}, {1, 2}), bias, Layout::channels_last),
                 "Input tensor must be at least 2D: [2]");
  expect_failure(bias_add(x, array({3}, {1, 2, 3}), Layout::channels_last),
                 "Must provide as many biases as the last dimension of the input tensor: [3] vs. "
                 "[1,2,2]");
}

}  // namespace
}  // namespace evergpu::ops
