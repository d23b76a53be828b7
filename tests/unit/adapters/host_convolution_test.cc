// The host device's ways to compute a convolution that not every shape takes: Winograd's method,
// and im2col.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "adapters/cases.h"
#include "adapters/kernel_runner.h"
#include "ir/graph.h"

namespace evergpu::adapters {
namespace {

using ir::Shape;
using ir::Tensor;
using ir::Value;

void expect_reference_and_same_bits(const Value& value, const std::vector<Tensor>& inputs,
                                    double scale) {
  ASSERT_TRUE(value.status().ok()) << value.status().message();
  const compiler::Library library = library_of(value->operation(), inputs);
  const auto expected = run_reference(library, inputs);
  const auto actual = run_on_host(library, inputs, {}, 1);
  EXPECT_EQ(difference(actual[0], expected[0], 8, scale), "")
      << ir::print(value->operation()) << " of " << to_string(inputs[0].shape());
  for (int threads : {2, 3}) {
    const auto again = run_on_host(library, inputs, {}, threads);
    EXPECT_TRUE(
        std::equal(actual[0].bytes().begin(), actual[0].bytes().end(), again[0].bytes().begin()))
        << ir::print(value->operation()) << " with " << threads << " threads";
  }
}

struct ImageConvolution {
  Shape input;  // channels last
  Shape filter;
  ir::Convolution attributes;
};

ir::Convolution dense(ir::Dims pad_low, ir::Dims pad_high) {
  return {{1, 1}, {1, 1}, std::move(pad_low), std::move(pad_high)};
}

// The convolution and both gradients. Sums of n terms of either order, and of Winograd's sums and
// differences of them, differ by a few units of the sum of magnitudes.
void expect_all_three(const ImageConvolution& c) {
  std::mt19937 random(11);
  const Tensor input = random_tensor(random, ir::DType::f32, c.input);
  const Tensor filter = random_tensor(random, ir::DType::f32, c.filter);
  const double filter_terms = 4.0 * static_cast<double>(c.filter.elements());
  const Value forward = ir::convolution(leaf(input), leaf(filter), c.attributes);
  expect_reference_and_same_bits(forward, {input, filter}, filter_terms);
  const Tensor gradient = random_tensor(random, ir::DType::f32, forward.shape());
  expect_reference_and_same_bits(
      ir::convolution_input(input.shape(), leaf(filter), leaf(gradient), c.attributes),
      {filter, gradient}, filter_terms);
  expect_reference_and_same_bits(
      ir::convolution_filter(leaf(input), filter.shape(), leaf(gradient), c.attributes),
      {input, gradient}, 4.0 * static_cast<double>(gradient.shape().elements()));
}

TEST(HostWinograd, AllThreeKinds) {
  const ImageConvolution cases[] = {
      {{3, 14, 14, 32}, {3, 3, 32, 32}, dense({1, 1}, {1, 1})},
      {{3, 13, 16, 32}, {3, 3, 32, 64}, dense({0, 0}, {0, 0})},  // odd rows of the result
      {{2, 12, 15, 48}, {3, 3, 48, 96}, dense({1, 1}, {1, 1})},  // products of 16 and 32 columns
      {{2, 9, 12, 64}, {3, 3, 64, 160}, dense({2, 0}, {1, 3})},  // three and more columns of zeros
      {{5, 6, 7, 80}, {3, 3, 80, 128}, dense({1, 1}, {1, 1})},   // an odd number of images
      {{1, 40, 40, 128}, {3, 3, 128, 64}, dense({1, 1}, {1, 1})},  // several blocks of tiles
      {{8, 33, 32, 32}, {3, 3, 32, 32}, dense({1, 1}, {1, 1})},    // a batch in parts
  };
  for (const ImageConvolution& c : cases) expect_all_three(c);
}

// As convolution's documentation says; and so one sees that the method is used.
TEST(HostWinograd, AnInfinityBecomesNaNInItsTilesAndReachesNoOther) {
  std::mt19937 random(12);
  Tensor input = random_tensor(random, ir::DType::f32, {1, 40, 40, 32});
  const Tensor filter = random_tensor(random, ir::DType::f32, {3, 3, 32, 32});
  const auto pixel = [](std::int64_t y, std::int64_t x) { return (y * 40 + x) * 32; };
  input.as<float>()[static_cast<std::size_t>(pixel(20, 20))] =
      std::numeric_limits<float>::infinity();
  const Value value = ir::convolution(leaf(input), leaf(filter), dense({1, 1}, {1, 1}));
  const auto result = run_on_host(library_of(value->operation(), {input, filter}), {input, filter});
  const auto numbers = result[0].as<float>();
  bool has_nan = false;
  for (std::int64_t y = 0; y < 40; ++y)
    for (std::int64_t x = 0; x < 40; ++x)
      for (std::int64_t channel = 0; channel < 32; ++channel) {
        const float number = numbers[static_cast<std::size_t>(pixel(y, x) + channel)];
        const bool near = y >= 18 && y < 22 && x >= 18 && x < 22;
        ASSERT_TRUE(near || std::isfinite(number)) << y << ", " << x;
        has_nan = has_nan || std::isnan(number);
      }
  EXPECT_TRUE(has_nan);
}

TEST(HostIm2col, AllThreeKinds) {
  const ImageConvolution cases[] = {
      {{2, 3, 3, 128}, {3, 3, 128, 100}, dense({1, 1}, {1, 1})},
      {{3, 5, 4, 70}, {1, 1, 70, 90}, dense({0, 0}, {0, 0})},
      {{3, 5, 4, 70}, {1, 1, 70, 90}, {{2, 2}, {1, 1}, {0, 0}, {0, 0}}},  // pixels left out
      {{3, 5, 4, 70}, {1, 1, 70, 90}, {{2, 1}, {1, 1}, {1, 0}, {0, 2}}},
      {{2, 7, 6, 40}, {3, 2, 40, 50}, {{1, 2}, {2, 3}, {2, 1}, {1, 0}}},
      {{1, 2, 3, 60}, {5, 5, 60, 30}, dense({2, 2}, {2, 2})},  // a filter larger than the image
  };
  for (const ImageConvolution& c : cases) expect_all_three(c);
}

}  // namespace
}  // namespace evergpu::adapters
