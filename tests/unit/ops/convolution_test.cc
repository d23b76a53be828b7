#include "ops/convolution.h"

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::Layout;
using ir::Shape;
using ir::Value;
using testing::array;
using testing::dot;
using testing::expect_array;
using testing::expect_failure;
using testing::numbers;
using testing::random_array;
using testing::random_numbers;

TEST(Convolution, OneRowByHand) {
  const Value x = array({1, 1, 4, 1}, {1, 2, 3, 4});
  const Value w = array({1, 2, 1, 1}, {10, 1});
  ConvolutionParameters p{.strides = {1, 1}, .dilations = {1, 1}, .padding = {}};
  expect_array(convolution(x, w, p), {1, 1, 3, 1}, {12, 23, 34});
  p.padding.scheme = PaddingScheme::same;  // the odd zero goes to the end
  expect_array(convolution(x, w, p), {1, 1, 4, 1}, {12, 23, 34, 40});
  p.strides = {1, 2};
  expect_array(convolution(x, w, p), {1, 1, 2, 1}, {12, 34});
  p.strides = {1, 1};
  p.padding = {PaddingScheme::given, {0, 1}, {0, 0}};
  expect_array(convolution(x, w, p), {1, 1, 4, 1}, {1, 12, 23, 34});
  p.padding = {};
  p.dilations = {1, 3};
  expect_array(convolution(x, w, p), {1, 1, 1, 1}, {14});
}

// Written out as loops over a 2-D image, channels last.
struct Case {
  std::int64_t batch, height, width, channels, kernel_height, kernel_width, depth, count;
  ConvolutionParameters parameters;
  std::vector<std::int64_t> pads;  // low and high of height, then of width
};
std::vector<double> by_loops(const Case& c, const std::vector<double>& x,
                             const std::vector<double>& w, Shape* shape) {
  const auto& p = c.parameters;
  const std::int64_t oh =
      (c.height + c.pads[0] + c.pads[1] - ((c.kernel_height - 1) * p.dilations[0] + 1)) /
          p.strides[0] +
      1;
  const std::int64_t ow =
      (c.width + c.pads[2] + c.pads[3] - ((c.kernel_width - 1) * p.dilations[1] + 1)) /
          p.strides[1] +
      1;
  const std::int64_t groups = c.channels / c.depth;
  const std::int64_t per_group = c.count / groups;
  *shape = Shape{c.batch, oh, ow, c.count};
  std::vector<double> result;
  for (std::int64_t n = 0; n < c.batch; ++n)
    for (std::int64_t y = 0; y < oh; ++y)
      for (std::int64_t xo = 0; xo < ow; ++xo)
        for (std::int64_t o = 0; o < c.count; ++o) {
          double sum = 0;
          for (std::int64_t i = 0; i < c.kernel_height; ++i)
            for (std::int64_t j = 0; j < c.kernel_width; ++j)
              for (std::int64_t d = 0; d < c.depth; ++d) {
                const std::int64_t iy = y * p.strides[0] + i * p.dilations[0] - c.pads[0];
                const std::int64_t ix = xo * p.strides[1] + j * p.dilations[1] - c.pads[2];
                if (iy < 0 || iy >= c.height || ix < 0 || ix >= c.width) continue;
                const std::int64_t channel = o / per_group * c.depth + d;
                sum += x[static_cast<std::size_t>(
                           ((n * c.height + iy) * c.width + ix) * c.channels + channel)] *
                       w[static_cast<std::size_t>(
                           ((i * c.kernel_width + j) * c.depth + d) * c.count + o)];
              }
          result.push_back(sum);
        }
  return result;
}

const Case cases[] = {
    {2, 5, 6, 3, 3, 3, 3, 4, {{1, 1}, {1, 1}, {PaddingScheme::same, {}, {}}}, {1, 1, 1, 1}},
    {1, 7, 6, 2, 3, 2, 2, 3, {{2, 2}, {1, 1}, {PaddingScheme::same, {}, {}}}, {1, 1, 0, 0}},
    {2, 7, 7, 4, 3, 3, 2, 6, {{1, 2}, {2, 1}, {PaddingScheme::valid, {}, {}}}, {0, 0, 0, 0}},
    {1,
     4,
     5,
     4,
     2,
     3,
     1,
     8,
     {{1, 1}, {1, 2}, {PaddingScheme::given, {1, 2}, {0, 3}}},
     {1, 0, 2, 3}},
};

TEST(Convolution, EqualsLoopsInBothLayouts) {
  for (const Case& c : cases) {
    const Shape image{c.batch, c.height, c.width, c.channels};
    const Shape filter{c.kernel_height, c.kernel_width, c.depth, c.count};
    const std::vector<double> x = random_numbers(image.elements(), 1);
    const std::vector<double> w = random_numbers(filter.elements(), 2);
    Shape shape;
    const std::vector<double> expected = by_loops(c, x, w, &shape);
    const Value result = convolution(array(image, x), array(filter, w), c.parameters);
    expect_array(result, shape, expected, 1e-4);

    ConvolutionParameters first = c.parameters;
    first.layout = Layout::channels_first;
    const std::int64_t to_first[] = {0, 3, 1, 2};
    const std::int64_t to_last[] = {0, 2, 3, 1};
    const Value transposed =
        convolution(ir::permute(array(image, x), to_first), array(filter, w), first);
    expect_array(ir::permute(transposed, to_last), shape, expected, 1e-4);
  }
}

// A convolution is linear in either operand, so its gradients are the transposed maps:
// <conv(x, w), g> = <x, input gradient> = <w, filter gradient>.
TEST(Convolution, GradientsAreTransposes) {
  for (const Case& c : cases) {
    const Shape image{c.batch, c.height, c.width, c.channels};
    const Shape filter{c.kernel_height, c.kernel_width, c.depth, c.count};
    const Value x = random_array(image, 1);
    const Value w = random_array(filter, 2);
    const Value y = convolution(x, w, c.parameters);
    const Value g = random_array(y.shape(), 3);
    const double expected = dot(numbers(y), numbers(g));
    const Value to_input = convolution_input_gradient(image, w, g, c.parameters);
    const Value to_filter = convolution_filter_gradient(x, filter, g, c.parameters);
    EXPECT_EQ(to_input.shape(), image);
    EXPECT_EQ(to_filter.shape(), filter);
    EXPECT_NEAR(dot(numbers(x), numbers(to_input)), expected, 1e-3);
    EXPECT_NEAR(dot(numbers(w), numbers(to_filter)), expected, 1e-3);
  }
}

TEST(Convolution, DepthwiseOrdersItsResultsByChannel) {
  const Value x = array({1, 1, 1, 2}, {1, 10});
  const Value w = array({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6});
  const ConvolutionParameters p{.strides = {1, 1}, .dilations = {1, 1}, .padding = {}};
  expect_array(depthwise_convolution(x, w, p), {1, 1, 1, 6}, {1, 2, 3, 40, 50, 60});
  const Value g = array({1, 1, 1, 6}, {1, 0, 1, 0, 2, 0});
  expect_array(depthwise_input_gradient({1, 1, 1, 2}, w, g, p), {1, 1, 1, 2}, {4, 10});
  expect_array(depthwise_filter_gradient(x, {1, 1, 2, 3}, g, p), {1, 1, 2, 3}, {1, 0, 1, 0, 20, 0});
}

TEST(Convolution, OneAndThreeSpatialAxes) {
  const ConvolutionParameters one{.strides = {1}, .dilations = {1}, .padding = {}};
  expect_array(convolution(array({1, 3, 1}, {1, 2, 3}), array({2, 1, 1}, {1, 10}), one), {1, 2, 1},
               {21, 32});
  const ConvolutionParameters three{.strides = {1, 1, 1}, .dilations = {1, 1, 1}, .padding = {}};
  expect_array(convolution(array({1, 2, 2, 2, 1}, {1, 2, 3, 4, 5, 6, 7, 8}),
                           array({2, 2, 2, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1}), three),
               {1, 1, 1, 1, 1}, {36});
}

TEST(Convolution, SaysWhatDoesNotFit) {
  const ConvolutionParameters p{.strides = {1, 1}, .dilations = {1, 1}, .padding = {}};
  const Value x = random_array({1, 3, 3, 4}, 1);
  expect_failure(convolution(x, random_array({2, 2, 3, 1}, 2), p),
                 "input depth must be evenly divisible by filter depth: 4 vs 3");
  expect_failure(convolution(x, random_array({5, 2, 4, 1}, 2), p),
                 "Computed output size would be negative: -1 [input_size: 3, "
                 "effective_filter_size: 5, stride: 1]");
  expect_failure(convolution(x, random_array({2, 4, 1}, 2), p),
                 "filter must be 4-dimensional but got [2,4,1]");
  expect_failure(convolution(x, random_array({0, 2, 4, 1}, 2), p),
                 "filter must not have zero elements");
  expect_failure(convolution(x, random_array({2, 2, 2, 3}, 2), p),
                 "output depth must be evenly divisible by number of groups: 3 vs 2");
  expect_failure(convolution_input_gradient(x.shape(), random_array({2, 2, 4, 1}, 2),
                                            random_array({1, 3, 3, 1}, 3), p),
                 "Gradient has shape [1,3,3,1]");
  expect_failure(convolution(ir::Node::failed(internal_error("lost")), x, p), "lost");
}

}  // namespace
}  // namespace evergpu::ops
