// The Vulkan device's loops against the reference interpreter: every instruction in every dtype,
// random strides, broadcasts and extents.
#include <fmt/format.h>

#include <numeric>

#include "adapters/kernel_runner.h"
#include "adapters/loops.h"
#include "adapters/vulkan_test.h"
#include "ir/infer/infer.h"

namespace evergpu::adapters {
namespace {

using compiler::Instruction;
using compiler::Loop;
using ir::DType;
using ir::Tensor;
using Op = Instruction::Op;

class VulkanLoop : public VulkanTest {};

double vulkan_units_of(DType dtype, ir::UnaryOp op) {
  if (op <= ir::UnaryOp::truncate || op == ir::UnaryOp::sqrt || op == ir::UnaryOp::square) return 0;
  return dtype == DType::f32 || dtype == DType::f64 ? 6 : 1;
}

// Functions with zeros, computed in f32, are as exact as numbers of this magnitude.
double scale_of(ir::UnaryOp op) {
  return op == ir::UnaryOp::log_gamma || op == ir::UnaryOp::digamma ? 2 : 0;
}

TEST_F(VulkanLoop, UnaryOperations) {
  std::mt19937 random(1);
  constexpr std::int64_t n = 1021;
  for (DType dtype : ir::all_dtypes)
    for (int i = 0; i < ir::unary_op_count; ++i) {
      const auto op = static_cast<ir::UnaryOp>(i);
      if (!ir::supports(op, dtype)) continue;
      const DType result = ir::is_classification(op) ? DType::boolean : dtype;
      const Loop loop =
          flat_loop(n, {dtype}, {false}, {.op = Op::unary, .dtype = result, .unary_op = op});
      const std::vector<Tensor> inputs{random_tensor(random, dtype, {n}, true)};
      EXPECT_EQ(
          difference(run_on(*device_, loop, inputs, {n})[0], run_reference(loop, inputs, {n})[0],
                     vulkan_units_of(dtype, op), scale_of(op)),
          "")
          << name_of(op) << " of " << name_of(dtype);
    }
}

TEST_F(VulkanLoop, Philox) {
  for (const RandomLoop& c : philox_loops())
    EXPECT_EQ(difference(run_on(*device_, c.loop, c.inputs, c.output_elements)[0],
                         run_reference(c.loop, c.inputs, c.output_elements)[0]),
              "")
        << ir::to_string(ir::Shape(c.loop.extents)) << " from counter "
        << c.inputs[1].as<std::uint64_t>()[0];
}

TEST_F(VulkanLoop, BinaryOperations) {
  std::mt19937 random(2);
  constexpr std::int64_t n = 1021;
  for (DType dtype : ir::all_dtypes)
    for (int i = 0; i < ir::binary_op_count; ++i) {
      const auto op = static_cast<ir::BinaryOp>(i);
      if (!ir::supports(op, dtype)) continue;
      const DType result = ir::is_comparison(op) ? DType::boolean : dtype;
      const Loop loop = flat_loop(n, {dtype, dtype}, {false, i % 2 == 1},
                                  {.op = Op::binary, .dtype = result, .binary_op = op});
      const bool is_function = op == ir::BinaryOp::power || op == ir::BinaryOp::atan2;
      const std::vector<Tensor> inputs{random_tensor(random, dtype, {n}, true),
                                       random_tensor(random, dtype, {i % 2 == 1 ? 1 : n}, true)};
      const bool is_wide = dtype == DType::f32 || dtype == DType::f64;
      const double units = !is_function ? 0 : is_wide ? 4 : 1;
      EXPECT_EQ(difference(run_on(*device_, loop, inputs, {n})[0],
                           run_reference(loop, inputs, {n})[0], ir::is_float(dtype) ? units : 0),
                "")
          << name_of(op) << " of " << name_of(dtype);
    }
}

TEST_F(VulkanLoop, Casts) {
  std::mt19937 random(3);
  constexpr std::int64_t n = 700;
  for (DType from : ir::all_dtypes)
    for (DType to : ir::all_dtypes) {
      const std::vector<Tensor> inputs{random_tensor(random, from, {n}, true)};
      const Loop cast = flat_loop(n, {from}, {false}, {.op = Op::cast, .dtype = to});
      EXPECT_EQ(
          difference(run_on(*device_, cast, inputs, {n})[0], run_reference(cast, inputs, {n})[0]),
          "")
          << name_of(from) << " to " << name_of(to);
      if (ir::size_of(from) != ir::size_of(to)) continue;
      if (from != DType::boolean && to == DType::boolean) continue;
      const Loop bitcast = flat_loop(n, {from}, {false}, {.op = Op::bitcast, .dtype = to});
      EXPECT_EQ(difference(run_on(*device_, bitcast, inputs, {n})[0],
                           run_reference(bitcast, inputs, {n})[0]),
                "")
          << name_of(from) << " as " << name_of(to);
    }
}

TEST_F(VulkanLoop, Select) {
  std::mt19937 random(4);
  for (DType dtype : ir::all_dtypes) {
    const std::vector<bool> uniform{false, dtype == DType::i32, dtype == DType::f32};
    const Loop loop =
        flat_loop(301, {DType::boolean, dtype, dtype}, uniform, {.op = Op::select, .dtype = dtype});
    std::vector<Tensor> inputs;
    for (std::size_t i = 0; i < 3; ++i)
      inputs.push_back(random_tensor(random, loop.inputs[i].dtype, {uniform[i] ? 1 : 301}, true));
    EXPECT_EQ(
        difference(run_on(*device_, loop, inputs, {301})[0], run_reference(loop, inputs, {301})[0]),
        "");
  }
}

// Movement does not change a bit, not even of a signalling NaN.
TEST_F(VulkanLoop, MovesEveryBitPattern) {
  std::mt19937 random(5);
  for (DType dtype : {DType::f16, DType::bf16, DType::f32, DType::f64}) {
    Tensor input(dtype, {4096});
    for (auto& byte : input.bytes()) byte = static_cast<std::byte>(random());
    Loop loop;
    loop.extents = {4096};
    loop.inputs.push_back({dtype, {-1}, 4095});
    loop.program.push_back(load(dtype, 0));
    loop.outputs.push_back({dtype, {-1}, 4095});
    loop.results.push_back(0);
    const Tensor output = run_on(*device_, loop, {input}, {4096})[0];
    EXPECT_TRUE(std::equal(output.bytes().begin(), output.bytes().end(), input.bytes().begin()));
  }
}

// Also with descriptors, and with device addresses, whichever the device prefers; and divided as on
// a GPU.
TEST_F(VulkanLoop, RandomLoops) {
  const auto baseline = open_with("EVERGPU_VULKAN_PROFILE", "baseline");
  const auto full = open_with("EVERGPU_VULKAN_PROFILE", "full");
  const auto like_a_gpu = open_with("EVERGPU_VULKAN_TILES", "gpu");
  for (unsigned seed = 0; seed < 150; ++seed) {
    std::mt19937 random(seed);
    const RandomLoop made = random_loop(random);
    const auto expected = run_reference(made.loop, made.inputs, made.output_elements);
    for (Device* device : {device_.get(), baseline.get(), full.get(), like_a_gpu.get()}) {
      if (device != device_.get() && seed >= 30) continue;
      const auto actual = run_on(*device, made.loop, made.inputs, made.output_elements);
      for (std::size_t i = 0; i < expected.size(); ++i)
        ASSERT_EQ(difference(actual[i], expected[i]), "") << "seed " << seed << ", output " << i;
    }
  }
}

TEST_F(VulkanLoop, AnEmptyLoopDoesNothing) {
  const Loop loop = flat_loop(0, {DType::f32}, {false},
                              {.op = Op::unary, .dtype = DType::f32, .unary_op = ir::UnaryOp::exp});
  EXPECT_EQ(run_on(*device_, loop, {Tensor(DType::f32, {0})}, {0}).size(), 1U);
}

}  // namespace
}  // namespace evergpu::adapters
