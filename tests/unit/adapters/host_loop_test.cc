// The host device's loops against the reference interpreter: every instruction in every dtype, and
// random strides, broadcasts and extents.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "adapters/kernel_runner.h"
#include "adapters/loops.h"
#include "ir/infer/infer.h"

namespace evergpu::adapters {
namespace {

using compiler::Instruction;
using compiler::Loop;
using compiler::LoopOperand;
using ir::DType;
using ir::Tensor;
using Op = Instruction::Op;

// Library functions and Highway's differ by a few units, which rounding to 16 bits mostly hides.
double units_of(DType dtype, ir::UnaryOp op) {
  if (op <= ir::UnaryOp::truncate || op == ir::UnaryOp::sqrt || op == ir::UnaryOp::square) return 0;
  return dtype == DType::f32 ? 6 : 1;
}

constexpr std::int64_t lengths[] = {1, 5, 16, 1021, 5003};

TEST(HostLoop, UnaryOperations) {
  std::mt19937 random(1);
  for (DType dtype : ir::all_dtypes)
    for (int i = 0; i < ir::unary_op_count; ++i) {
      const auto op = static_cast<ir::UnaryOp>(i);
      if (!ir::supports(op, dtype)) continue;
      for (std::int64_t n : lengths) {
        const DType result = ir::is_classification(op) ? DType::boolean : dtype;
        const Loop loop =
            flat_loop(n, {dtype}, {false}, {.op = Op::unary, .dtype = result, .unary_op = op});
        const std::vector<Tensor> inputs{random_tensor(random, dtype, {n}, true)};
        EXPECT_EQ(difference(run_on_host(loop, inputs, {n})[0], run_reference(loop, inputs, {n})[0],
                             units_of(dtype, op)),
                  "")
            << name_of(op) << " of " << name_of(dtype) << ", n = " << n;
      }
    }
}

TEST(HostLoop, Philox) {
  for (const RandomLoop& c : philox_loops())
    EXPECT_EQ(difference(run_on_host(c.loop, c.inputs, c.output_elements, 2)[0],
                         run_reference(c.loop, c.inputs, c.output_elements)[0]),
              "")
        << ir::to_string(ir::Shape(c.loop.extents)) << " from counter "
        << c.inputs[1].as<std::uint64_t>()[0];
}

TEST(HostLoop, BinaryOperations) {
  std::mt19937 random(2);
  for (DType dtype : ir::all_dtypes)
    for (int i = 0; i < ir::binary_op_count; ++i) {
      const auto op = static_cast<ir::BinaryOp>(i);
      if (!ir::supports(op, dtype)) continue;
      for (std::int64_t n : lengths)
        for (int uniform = 0; uniform < 4; ++uniform) {
          const DType result = ir::is_comparison(op) ? DType::boolean : dtype;
          const bool a_uniform = (uniform & 1) != 0;
          const bool b_uniform = (uniform & 2) != 0;
          const Loop loop = flat_loop(n, {dtype, dtype}, {a_uniform, b_uniform},
                                      {.op = Op::binary, .dtype = result, .binary_op = op});
          const std::vector<Tensor> inputs{random_tensor(random, dtype, {a_uniform ? 1 : n}, true),
                                           random_tensor(random, dtype, {b_uniform ? 1 : n}, true)};
          EXPECT_EQ(
              difference(run_on_host(loop, inputs, {n})[0], run_reference(loop, inputs, {n})[0]),
              "")
              << name_of(op) << " of " << name_of(dtype) << ", n = " << n << " " << uniform;
        }
    }
}

TEST(HostLoop, Casts) {
  std::mt19937 random(3);
  for (DType from : ir::all_dtypes)
    for (DType to : ir::all_dtypes)
      for (std::int64_t n : {7, 1500}) {
        const std::vector<Tensor> inputs{random_tensor(random, from, {n}, true)};
        const Loop cast = flat_loop(n, {from}, {false}, {.op = Op::cast, .dtype = to});
        EXPECT_EQ(
            difference(run_on_host(cast, inputs, {n})[0], run_reference(cast, inputs, {n})[0]), "")
            << name_of(from) << " to " << name_of(to);
        if (ir::size_of(from) != ir::size_of(to)) continue;
        if (from != DType::boolean && to == DType::boolean) continue;
        const Loop bitcast = flat_loop(n, {from}, {false}, {.op = Op::bitcast, .dtype = to});
        EXPECT_EQ(difference(run_on_host(bitcast, inputs, {n})[0],
                             run_reference(bitcast, inputs, {n})[0]),
                  "")
            << name_of(from) << " as " << name_of(to);
      }
}

TEST(HostLoop, Select) {
  std::mt19937 random(4);
  for (DType dtype : ir::all_dtypes)
    for (std::int64_t n : {3, 1021})
      for (int uniform = 0; uniform < 8; ++uniform) {
        const std::vector<bool> is_uniform{(uniform & 1) != 0, (uniform & 2) != 0,
                                           (uniform & 4) != 0};
        const Loop loop = flat_loop(n, {DType::boolean, dtype, dtype}, is_uniform,
                                    {.op = Op::select, .dtype = dtype});
        std::vector<Tensor> inputs;
        for (std::size_t i = 0; i < 3; ++i)
          inputs.push_back(
              random_tensor(random, loop.inputs[i].dtype, {is_uniform[i] ? 1 : n}, true));
        EXPECT_EQ(
            difference(run_on_host(loop, inputs, {n})[0], run_reference(loop, inputs, {n})[0]), "");
      }
}

// Movement does not change a bit, not even of a signalling NaN.
TEST(HostLoop, MovesSignallingNaNs) {
  Tensor input(DType::bf16, {100});
  for (auto& element : input.bytes()) element = std::byte{0x81};
  for (std::size_t i = 1; i < 200; i += 2) input.bytes()[i] = std::byte{0x7f};
  Loop loop;
  loop.extents = {100};
  loop.inputs.push_back({DType::bf16, {-1}, 99});
  loop.program.push_back(load(DType::bf16, 0));
  loop.outputs.push_back({DType::bf16, {1}, 0});
  loop.results.push_back(0);
  const Tensor output = run_on_host(loop, {input}, {100})[0];
  EXPECT_TRUE(std::equal(output.bytes().begin(), output.bytes().end(), input.bytes().begin()));
}

TEST(HostLoop, RandomLoops) {
  for (unsigned seed = 0; seed < 1500; ++seed) {
    std::mt19937 random(seed);
    const RandomLoop made = random_loop(random);
    const auto expected = run_reference(made.loop, made.inputs, made.output_elements);
    for (int threads : {1, 2, 4}) {
      const auto actual = run_on_host(made.loop, made.inputs, made.output_elements, threads);
      for (std::size_t i = 0; i < expected.size(); ++i)
        ASSERT_EQ(difference(actual[i], expected[i]), "")
            << "seed " << seed << ", " << threads << " threads, output " << i;
    }
  }
}

// Cutting a loop in two does not change a bit, whatever falls into a vector's tail.
TEST(HostLoop, SameBitsWhereverItIsCut) {
  std::mt19937 random(9);
  constexpr std::int64_t n = 4099;
  const Tensor input = random_tensor(random, DType::f32, {n}, true);
  for (int i = 0; i < ir::unary_op_count; ++i) {
    const auto op = static_cast<ir::UnaryOp>(i);
    if (!ir::supports(op, DType::f32) || ir::is_classification(op)) continue;
    Loop loop =
        flat_loop(n, {DType::f32}, {false}, {.op = Op::unary, .dtype = DType::f32, .unary_op = op});
    const Tensor whole = run_on_host(loop, {input}, {n})[0];
    for (std::int64_t cut : {1, 3, 1000, 4098}) {
      Loop part = loop;
      part.extents[0] = n - cut;
      part.inputs[0].offset = cut;
      const Tensor rest = run_on_host(part, {input}, {n - cut})[0];
      EXPECT_TRUE(
          std::equal(rest.bytes().begin(), rest.bytes().end(), whole.bytes().begin() + cut * 4))
          << name_of(op) << " cut at " << cut;
    }
  }
}

}  // namespace
}  // namespace evergpu::adapters
