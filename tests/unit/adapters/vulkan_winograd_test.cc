// Convolutions by Winograd's method on the Vulkan device, against the reference interpreter, which
// sums in double.
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "adapters/cases.h"
#include "adapters/kernel_runner.h"
#include "adapters/vulkan_test.h"
#include "ir/build.h"
#include "ir/graph.h"
#include "support/environment.h"

namespace evergpu::adapters {
namespace {

using evergpu::testing::ScopedVariable;
using ir::DType;
using ir::Shape;
using ir::Tensor;
using ir::Value;

/// A device that takes the method wherever it can, in blocks of 256 KiB: as it prefers to reach
/// memory, with descriptors, with addresses, and with the tiles for GPUs.
class VulkanWinograd : public VulkanTest,
                       public ::testing::WithParamInterface<std::pair<const char*, const char*>> {
 protected:
  void SetUp() override {
    VulkanTest::SetUp();
    if (device_ == nullptr) return;
    const ScopedVariable dump("EVERGPU_VULKAN_DUMP", folder_.string());
    const ScopedVariable setting(GetParam().first, GetParam().second);
    always_ = open_with("EVERGPU_VULKAN_WINOGRAD", "always");
    never_ = open_with("EVERGPU_VULKAN_WINOGRAD", "never");
  }
  void TearDown() override {
    always_.reset();
    never_.reset();
    VulkanTest::TearDown();
  }

  std::unique_ptr<Device> always_;
  std::unique_ptr<Device> never_;
};

INSTANTIATE_TEST_SUITE_P(Settings, VulkanWinograd,
                         ::testing::Values(std::pair("EVERGPU_VULKAN_TILES", ""),
                                           std::pair("EVERGPU_VULKAN_PROFILE", "baseline"),
                                           std::pair("EVERGPU_VULKAN_PROFILE", "full"),
                                           std::pair("EVERGPU_VULKAN_TILES", "gpu")),
                         [](const auto& info) {
                           const std::string value = info.param.second;
                           return value.empty() ? std::string("plain") : value;
                         });

struct WinogradCase {
  Shape input;  // channels last
  std::int64_t channels_out;
  ir::Dims pad_low;
  ir::Dims pad_high;
};

// A convolution and its two gradients.
struct WinogradKernel {
  Value value;
  std::vector<Tensor> inputs;
};
std::vector<WinogradKernel> kernels_of(std::mt19937& random, const WinogradCase& c,
                                       ir::Layout layout) {
  const ir::Convolution attributes{ir::Dims(2, 1), ir::Dims(2, 1), c.pad_low, c.pad_high, 1,
                                   layout};
  const Tensor input = random_tensor(random, DType::f32, in_layout(c.input, layout));
  const Tensor filter =
      random_tensor(random, DType::f32, Shape({3, 3, c.input[3], c.channels_out}));
  const Value forward = ir::convolution(leaf(input), leaf(filter), attributes);
  const Tensor gradient = random_tensor(random, DType::f32, forward.shape());
  return {
      {forward, {input, filter}},
      {ir::convolution_input(input.shape(), leaf(filter), leaf(gradient), attributes),
       {filter, gradient}},
      {ir::convolution_filter(leaf(input), filter.shape(), leaf(gradient), attributes),
       {input, gradient}},
  };
}

TEST_P(VulkanWinograd, ComputesWhatTheReferenceDoes) {
  const WinogradCase cases[] = {
      {{2, 9, 8, 5}, 6, {1, 1}, {1, 1}},     // odd and even; channels that are no multiples
      {{1, 8, 11, 16}, 33, {0, 0}, {0, 0}},  // no padding
      {{2, 5, 6, 3}, 4, {2, 0}, {1, 2}},     // unequal padding
      {{1, 4, 5, 2}, 3, {4, 3}, {5, 0}},     // tiles that see padding alone
      {{3, 1, 1, 7}, 9, {1, 1}, {1, 1}},     // one pixel
      {{1, 3, 3, 1}, 1, {0, 0}, {0, 0}},     // one pixel of the result
      {{1, 1, 17, 4}, 4, {1, 1}, {1, 1}},    // a line
      {{2, 31, 29, 17}, 9, {1, 1}, {1, 1}},  // in blocks, the last of them small
      {{5, 13, 7, 64}, 65, {1, 1}, {1, 1}},  // of several images, more than a tile of a product
      {{1, 90, 91, 1}, 1, {1, 1}, {1, 1}},   // sums over tiles in parts
  };
  std::mt19937 random(5);
  for (const WinogradCase& c : cases)
    for (const ir::Layout layout : {ir::Layout::channels_last, ir::Layout::channels_first})
      for (const auto& [value, inputs] : kernels_of(random, c, layout)) {
        ASSERT_TRUE(value.status().ok()) << value.status().message();
        const compiler::Library library = library_of(value->operation(), inputs);
        const auto actual = run_on(*always_, library, inputs);
        // Of sums' magnitudes, a few units: as direct convolutions are compared.
        const std::int64_t terms = library.operation.kind == ir::Kind::convolution_filter
                                       ? inputs[1].shape().elements() / 4 + 1
                                       : 9 * c.input[3] * c.channels_out;
        EXPECT_EQ(difference(actual[0], run_reference(library, inputs)[0], 4,
                             4 * static_cast<double>(terms)),
                  "")
            << ir::print(value->operation()) << " of " << to_string(inputs[0].shape()) << " and "
            << to_string(inputs[1].shape());
        const auto again = run_on(*always_, library, inputs);
        EXPECT_TRUE(
            std::equal(again[0].bytes().begin(), again[0].bytes().end(), actual[0].bytes().begin()))
            << "not the same bits twice";
      }
}

// Normally distributed numbers.
Tensor normal_tensor(std::mt19937& random, const Shape& shape) {
  std::normal_distribution<float> distribution;
  Tensor tensor(DType::f32, shape);
  for (float& element : tensor.as<float>()) element = distribution(random);
  return tensor;
}

Tensor as_f64(const Tensor& tensor) {
  Tensor result(DType::f64, tensor.shape());
  std::copy(tensor.as<float>().begin(), tensor.as<float>().end(), result.as<double>().begin());
  return result;
}

// The root of the mean square of what two arrays differ by.
double distance(const Tensor& actual, const Tensor& expected) {
  const auto numbers = actual.as<float>();
  double squares = 0.0;
  for (std::size_t i = 0; i < numbers.size(); ++i)
    squares += std::pow(static_cast<double>(numbers[i]) - expected.as<double>()[i], 2);
  return std::sqrt(squares / static_cast<double>(numbers.size()));
}

// From sums in f64 the method is no farther than one and a quarter of what the direct one is.
TEST_P(VulkanWinograd, IsAsCloseToF64AsTheDirectMethod) {
  std::mt19937 random(6);
  const WinogradCase c{{1, 14, 13, 96}, 40, {1, 1}, {1, 1}};
  for (const auto& [value, shapes] : kernels_of(random, c, ir::Layout::channels_last)) {
    const std::vector<Tensor> inputs{normal_tensor(random, shapes[0].shape()),
                                     normal_tensor(random, shapes[1].shape())};
    const compiler::Library library = library_of(value->operation(), inputs);
    const std::vector<Tensor> doubles{as_f64(inputs[0]), as_f64(inputs[1])};
    compiler::Library of_doubles = library_of(value->operation(), doubles);
    of_doubles.operation.dtype = DType::f64;
    const Tensor expected = run_reference(of_doubles, doubles)[0];
    const double direct = distance(run_on(*never_, library, inputs)[0], expected);
    const double by_winograd = distance(run_on(*always_, library, inputs)[0], expected);
    EXPECT_NE(direct, by_winograd) << "the same method";
    EXPECT_LE(by_winograd, 1.25 * direct) << ir::print(value->operation());
  }
}

// Results whose window sees an infinity are not finite, as by the direct method; others do not
// change.
TEST_P(VulkanWinograd, InfinitiesReachWhatSeesThem) {
  std::mt19937 random(7);
  const WinogradCase c{{1, 12, 12, 4}, 4, {1, 1}, {1, 1}};
  auto [value, inputs] = kernels_of(random, c, ir::Layout::channels_last)[0];
  const compiler::Library library = library_of(value->operation(), inputs);
  const Tensor before = run_on(*always_, library, inputs)[0];
  inputs[0].as<float>()[(5 * 12 + 6) * 4 + 1] = std::numeric_limits<float>::infinity();
  const Tensor after = run_on(*always_, library, inputs)[0];
  for (int y = 0; y < 12; ++y)
    for (int x = 0; x < 12; ++x)
      for (int channel = 0; channel < 4; ++channel) {
        const auto element = static_cast<std::size_t>((y * 12 + x) * 4 + channel);
        const float number = after.as<float>()[element];
        if (std::abs(y - 5) <= 1 && std::abs(x - 6) <= 1)
          EXPECT_FALSE(std::isfinite(number)) << y << ", " << x;
        else
          EXPECT_EQ(number, before.as<float>()[element]) << y << ", " << x;
      }
}

}  // namespace
}  // namespace evergpu::adapters
