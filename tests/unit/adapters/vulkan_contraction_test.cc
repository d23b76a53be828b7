// The Vulkan device's matrix products and convolutions against the reference interpreter, which
// sums floats in double.
#include <algorithm>
#include <string_view>

#include "adapters/cases.h"
#include "adapters/kernel_runner.h"
#include "adapters/vulkan_test.h"
#include "ir/build.h"
#include "ir/graph.h"
#include "support/environment.h"

namespace evergpu::adapters {
namespace {

using ir::DType;
using ir::Shape;
using ir::Tensor;
using ir::Value;

const std::vector<DType> all_dtypes = {DType::f32, DType::f16, DType::bf16, DType::f64,
                                       DType::i8,  DType::i32, DType::i64,  DType::u16};
const std::vector<DType> some_dtypes = {DType::f32, DType::bf16, DType::i32};
const std::vector<DType> matrix_dtypes = {DType::f16};
const std::vector<DType> floats = {DType::f32, DType::f16, DType::bf16, DType::f64};

struct Setting {
  const char* name;
  const char* profile;
  const char* tiles;
  const std::vector<DType>& dtypes;
  bool same_bits;  // as without it
};
constexpr std::string_view by_matrices = "matrix";

/// As the device is; with descriptors, and with device addresses, whichever it prefers; with the
/// tiles for GPUs; with cooperative matrices, whose modules go through spirv-val, as those of the
/// tiles for GPUs do.
class VulkanContraction : public VulkanTest, public ::testing::WithParamInterface<Setting> {
 protected:
  void SetUp() override {
    VulkanTest::SetUp();
    if (device_ == nullptr) return;
    const Setting& setting = GetParam();
    if (setting.profile == by_matrices && !has_matrices())
      GTEST_SKIP() << "the device has no cooperative matrices";
    const evergpu::testing::ScopedVariable profile("EVERGPU_VULKAN_PROFILE", setting.profile);
    const evergpu::testing::ScopedVariable tiles("EVERGPU_VULKAN_TILES", setting.tiles);
    tiled_ = open_with("EVERGPU_VULKAN_DUMP", dumps() ? folder_.string().c_str() : "");
  }
  virtual bool dumps() const { return GetParam().profile == by_matrices; }
  void TearDown() override {
    tiled_.reset();
    VulkanTest::TearDown();
  }

  // `terms`: how many products of numbers up to 4 a sum has. Sums of either order differ by a few
  // units of the sum of magnitudes.
  void expect_equal(const Value& value, const std::vector<Tensor>& inputs, std::int64_t terms) {
    ASSERT_TRUE(value.status().ok()) << value.status().message();
    const DType dtype = inputs[0].dtype();
    const bool small = dtype == DType::f16 || dtype == DType::bf16;
    const compiler::Library library = library_of(value->operation(), inputs);
    const auto actual = run_on(*tiled_, library, inputs);
    EXPECT_EQ(difference(actual[0], run_reference(library, inputs)[0], small ? 1 : 4,
                         small ? 16 : 4 * static_cast<double>(terms)),
              "")
        << ir::print(value->operation()) << " of " << name_of(dtype) << to_string(inputs[0].shape())
        << " and " << to_string(inputs[1].shape());
    const auto again = run_on(*tiled_, library, inputs);
    EXPECT_TRUE(
        std::equal(again[0].bytes().begin(), again[0].bytes().end(), actual[0].bytes().begin()))
        << "not the same bits twice";
    if (!GetParam().same_bits) return;
    const auto plain = run_on(*device_, library, inputs);
    EXPECT_TRUE(
        std::equal(plain[0].bytes().begin(), plain[0].bytes().end(), actual[0].bytes().begin()))
        << "not the bits of the device as it is";
  }

  // A convolution and its gradients, with channels last and first.
  void expect_convolution(std::mt19937& random, DType dtype, const ConvolutionCase& c) {
    for (ir::Layout layout : {ir::Layout::channels_last, ir::Layout::channels_first}) {
      const ir::Convolution attributes = attributes_of(c, layout);
      const Tensor input = random_tensor(random, dtype, in_layout(c.input, layout));
      const Tensor filter = random_tensor(random, dtype, c.filter);
      const std::int64_t terms = c.filter.elements();
      const Value forward = ir::convolution(leaf(input), leaf(filter), attributes);
      expect_equal(forward, {input, filter}, terms);
      const Tensor gradient = random_tensor(random, dtype, forward.shape());
      expect_equal(ir::convolution_input(input.shape(), leaf(filter), leaf(gradient), attributes),
                   {filter, gradient}, terms);
      expect_equal(ir::convolution_filter(leaf(input), filter.shape(), leaf(gradient), attributes),
                   {input, gradient}, gradient.shape().elements() / 4 + 1);
    }
  }

  std::unique_ptr<Device> tiled_;
};

INSTANTIATE_TEST_SUITE_P(Settings, VulkanContraction,
                         ::testing::Values(Setting{"plain", "", "", all_dtypes, true},
                                           Setting{"baseline", "baseline", "", some_dtypes, true},
                                           Setting{"full", "full", "", some_dtypes, true},
                                           Setting{"gpu_tiles", "", "gpu", all_dtypes, false},
                                           Setting{"matrices", "matrix", "", matrix_dtypes, false}),
                         [](const auto& info) { return std::string(info.param.name); });

/// With the tiles for GPUs alone; their modules go through spirv-val.
class VulkanSharedTile : public VulkanContraction {
 protected:
  bool dumps() const override { return true; }
};

INSTANTIATE_TEST_SUITE_P(Settings, VulkanSharedTile,
                         ::testing::Values(Setting{"gpu_tiles", "", "gpu", floats, false},
                                           Setting{"gpu_matrices", "matrix", "gpu", matrix_dtypes,
                                                   false}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(VulkanContraction, MatrixProducts) {
  struct Case {
    Shape a;
    Shape b;
  };
  const Case cases[] = {
      {{1, 1}, {1, 1}},           {{7, 13}, {13, 5}},
      {{3, 7, 13}, {3, 13, 5}},   {{2, 3, 9, 13}, {2, 3, 13, 33}},
      {{4, 1, 13}, {4, 13, 1}},   {{5, 0}, {0, 3}},
      {{67, 130}, {130, 71}},     {{9, 1031}, {1031, 10}},  // cut along k
      {{2, 3, 600}, {2, 600, 2}},
  };
  std::mt19937 random(1);
  for (DType dtype : GetParam().dtypes)
    for (const Case& c : cases)
      for (int transposes = 0; transposes < 4; ++transposes) {
        const auto transposed = [](Shape shape, bool transpose) {
          ir::Dims dims = shape.extents();
          if (transpose) std::swap(dims[dims.size() - 1], dims[dims.size() - 2]);
          return Shape(dims);
        };
        const bool ta = (transposes & 1) != 0;
        const bool tb = (transposes & 2) != 0;
        const std::vector<Tensor> inputs{random_tensor(random, dtype, transposed(c.a, ta)),
                                         random_tensor(random, dtype, transposed(c.b, tb))};
        expect_equal(ir::matmul(leaf(inputs[0]), leaf(inputs[1]), ta, tb), inputs,
                     c.a[c.a.rank() - 1]);
      }
}

TEST_P(VulkanContraction, ConvolutionsAndTheirGradients) {
  std::mt19937 random(2);
  for (DType dtype : GetParam().dtypes)
    for (const ConvolutionCase& c : convolution_cases) expect_convolution(random, dtype, c);
}

// Rows, columns and terms of sums in several tiles, with ragged ends; sums in parts; and the phases
// of strides.
TEST_P(VulkanSharedTile, ConvolutionsOfSeveralTiles) {
  const ConvolutionCase cases[] = {
      {{2, 13, 11, 5}, {3, 3, 5, 70}, 1, 1, 1, 1, 1},
      {{3, 12, 13, 37}, {3, 3, 37, 6}, 2, 1, 1, 1, 1},
      {{2, 17, 19, 6}, {4, 3, 3, 20}, 3, 1, 2, 1, 2},  // more taps than the stride, or as many
      {{1, 16, 15, 4}, {3, 5, 4, 66}, 4, 2, 3, 4, 1},  // some phases meet no tap
      {{1, 14, 13, 4}, {2, 3, 4, 5}, 3, 2, 0, 1, 1},   // a stride and a dilation without a divisor
      {{2, 9, 10, 11, 4}, {2, 3, 2, 4, 9}, 2, 1, 1, 1, 1},
      {{1, 3, 4, 600}, {1, 1, 600, 8}, 1, 1, 0, 0, 1},
  };
  std::mt19937 random(3);
  for (DType dtype : GetParam().dtypes)
    for (const ConvolutionCase& c : cases) expect_convolution(random, dtype, c);
}

}  // namespace
}  // namespace evergpu::adapters
