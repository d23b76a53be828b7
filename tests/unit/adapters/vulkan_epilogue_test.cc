// Loops that run at the end of a contraction's kernel, against the same Loop after the contraction,
// bit for bit.
#include <algorithm>
#include <iterator>
#include <string_view>

#include "adapters/cases.h"
#include "adapters/kernel_runner.h"
#include "adapters/loops.h"
#include "adapters/vulkan_test.h"
#include "ir/build.h"
#include "support/environment.h"

namespace evergpu::adapters {
namespace {

using compiler::Instruction;
using ir::DType;
using ir::Shape;
using ir::Tensor;
using ir::Value;

struct EpilogueSetting {
  const char* name;
  const char* profile;
  const char* tiles;
};

/// By descriptors, by device addresses, with the tiles for GPUs, and with their cooperative
/// matrices.
class VulkanEpilogue : public VulkanTest, public ::testing::WithParamInterface<EpilogueSetting> {
 protected:
  void SetUp() override {
    VulkanTest::SetUp();
    if (device_ == nullptr) return;
    if (GetParam().profile == std::string_view("matrix") && !has_matrices())
      GTEST_SKIP() << "the device has no cooperative matrices";
    const evergpu::testing::ScopedVariable profile("EVERGPU_VULKAN_PROFILE", GetParam().profile);
    const evergpu::testing::ScopedVariable tiles("EVERGPU_VULKAN_TILES", GetParam().tiles);
    set_ = open_with("EVERGPU_VULKAN_DUMP", folder_.string().c_str());
  }
  void TearDown() override {
    set_.reset();
    VulkanTest::TearDown();
  }

  void expect_same_bits(const Value& value, const std::vector<Tensor>& inputs) {
    ASSERT_TRUE(value.status().ok()) << value.status().message();
    const compiler::Library library = library_of(value->operation(), inputs);
    const compiler::Loop loop = loop_after(value);
    const std::int64_t elements = value.shape().elements();
    const std::vector<std::int64_t> sizes{elements, elements, elements};
    const Tensor row = random_tensor(random_, value.dtype(), Shape{loop.extents[1]});
    const Tensor other = random_tensor(random_, value.dtype(), Shape{elements});

    const Tensor product = run_on(*set_, library, inputs)[0];
    const auto apart = run_on(*set_, loop, {product, row, other}, sizes);
    std::vector<Tensor> all = inputs;
    all.push_back(row);
    all.push_back(other);
    const auto fused = run_on(
        *set_, compiler::Pipeline{{}, library, loop, 0, compiler::Pipeline::none}, all, sizes);
    for (std::size_t i = 0; i < sizes.size(); ++i)
      EXPECT_TRUE(std::ranges::equal(fused[i].bytes(), apart[i].bytes()))
          << "output " << i << " after " << ir::print(value->operation()) << " of "
          << to_string(inputs[0].shape()) << " and " << to_string(inputs[1].shape()) << ": "
          << difference(fused[i], apart[i]);
  }

  void expect_convolution(DType dtype, const ConvolutionCase& c, ir::Layout layout) {
    const ir::Convolution attributes = attributes_of(c, layout);
    const Tensor input = random_tensor(random_, dtype, in_layout(c.input, layout));
    const Tensor filter = random_tensor(random_, dtype, c.filter);
    const Value forward = ir::convolution(leaf(input), leaf(filter), attributes);
    expect_same_bits(forward, {input, filter});
    const Tensor gradient = random_tensor(random_, dtype, forward.shape());
    expect_same_bits(ir::convolution_input(input.shape(), leaf(filter), leaf(gradient), attributes),
                     {filter, gradient});
    expect_same_bits(
        ir::convolution_filter(leaf(input), filter.shape(), leaf(gradient), attributes),
        {input, gradient});
  }

  std::mt19937 random_{1};
  std::unique_ptr<Device> set_;

 private:
  /// A value with a row added, and the larger of that and of another array, by columns. Stored: the
  /// value; what is larger; and that in float32, by columns.
  static compiler::Loop loop_after(const Value& value) {
    const DType dtype = value.dtype();
    const std::int64_t columns = value.shape()[value.shape().rank() - 1];
    const std::int64_t rows = value.shape().elements() / columns;
    compiler::Loop loop;
    loop.extents = {rows, columns};
    const ir::Dims by_rows{columns, 1};
    const ir::Dims by_columns{1, rows};
    loop.inputs = {{dtype, by_rows}, {dtype, {0, 1}}, {dtype, by_columns}};
    Instruction add{Instruction::Op::binary, dtype};
    add.b = 1;
    Instruction larger{Instruction::Op::binary, dtype};
    larger.binary_op = ir::BinaryOp::maximum;
    larger.a = 3;
    larger.b = 2;
    Instruction widened{Instruction::Op::cast, DType::f32};
    widened.a = 4;
    loop.program = {load(dtype, 0), load(dtype, 1), load(dtype, 2), add, larger, widened};
    loop.outputs = {{dtype, by_rows}, {dtype, by_rows}, {DType::f32, by_columns}};
    loop.results = {0, 4, 5};
    return loop;
  }
};

INSTANTIATE_TEST_SUITE_P(Settings, VulkanEpilogue,
                         ::testing::Values(EpilogueSetting{"baseline", "baseline", ""},
                                           EpilogueSetting{"full", "full", ""},
                                           EpilogueSetting{"gpu_tiles", "", "gpu"},
                                           EpilogueSetting{"gpu_matrices", "matrix", "gpu"}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(VulkanEpilogue, AfterMatrixProducts) {
  const Shape cases[][2] = {
      {{1, 1}, {1, 1}},       {{3, 7, 13}, {3, 13, 5}}, {{5, 0}, {0, 3}},
      {{67, 130}, {130, 71}}, {{9, 1031}, {1031, 10}},  // cut along k
  };
  // A driver compiles each for seconds, so not all with all.
  constexpr DType dtypes[] = {DType::f32, DType::f16, DType::bf16};
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    const DType dtype = dtypes[i % std::size(dtypes)];
    const bool transposed = i % 2 == 1;
    const auto shaped = [&](const Shape& shape) {
      ir::Dims dims = shape.extents();
      if (transposed) std::swap(dims[dims.size() - 1], dims[dims.size() - 2]);
      return Shape(dims);
    };
    const std::vector<Tensor> inputs{random_tensor(random_, dtype, shaped(cases[i][0])),
                                     random_tensor(random_, dtype, shaped(cases[i][1]))};
    expect_same_bits(ir::matmul(leaf(inputs[0]), leaf(inputs[1]), transposed, transposed), inputs);
  }
}

TEST_P(VulkanEpilogue, AfterConvolutionsAndTheirGradients) {
  const ConvolutionCase cases[] = {
      {{2, 9, 8, 3}, {3, 3, 3, 16}, 1, 1, 1, 1, 1},
      {{2, 8, 8, 8}, {3, 3, 1, 16}, 2, 1, 1, 1, 8},  // element by element
      {{3, 20, 6}, {5, 6, 7}, 2, 1, 2, 2, 1},
      {{9, 30, 3, 5}, {1, 1, 5, 5}, 1, 1, 0, 0, 1},  // many lines: sums in parts
  };
  // A driver compiles each for seconds, so not all with all.
  for (const ConvolutionCase& c : cases)
    expect_convolution(DType::bf16, c, ir::Layout::channels_last);
  expect_convolution(DType::f32, cases[0], ir::Layout::channels_first);
  expect_convolution(DType::f16, cases[3], ir::Layout::channels_first);
}

TEST_P(VulkanEpilogue, InDoublePrecision) {
  const std::vector<Tensor> inputs{random_tensor(random_, DType::f64, Shape{9, 21}),
                                   random_tensor(random_, DType::f64, Shape{21, 6})};
  expect_same_bits(ir::matmul(leaf(inputs[0]), leaf(inputs[1])), inputs);
  expect_convolution(DType::f64, {{2, 7, 8, 5}, {3, 2, 5, 6}, 1, 1, 1, 1, 1},
                     ir::Layout::channels_last);
}

}  // namespace
}  // namespace evergpu::adapters
