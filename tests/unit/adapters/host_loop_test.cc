// The host device's loops against the reference interpreter: every instruction in every dtype, and
// random strides, broadcasts and extents.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "adapters/kernel_runner.h"
#include "ir/infer/infer.h"

namespace evergpu::adapters {
namespace {

using compiler::Instruction;
using compiler::Loop;
using compiler::LoopOperand;
using ir::DType;
using ir::Tensor;
using Op = Instruction::Op;

Instruction load(DType dtype, std::uint16_t input) {
  return {.op = Op::load, .dtype = dtype, .a = input};
}

// A loop over one axis of `n` elements with dense operands.
Loop flat_loop(std::int64_t n, const std::vector<DType>& inputs, const std::vector<bool>& uniform,
               Instruction instruction) {
  Loop loop;
  loop.extents = {n};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    loop.inputs.push_back({inputs[i], {uniform[i] ? 0 : 1}, 0});
    loop.program.push_back(load(inputs[i], static_cast<std::uint16_t>(i)));
  }
  instruction.a = 0;
  instruction.b = 1;
  instruction.c = 2;
  loop.program.push_back(instruction);
  loop.outputs.push_back({instruction.dtype, {1}, 0});
  loop.results.push_back(static_cast<std::uint16_t>(inputs.size()));
  return loop;
}

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

// A random arrangement of a dense array of the loop's extents: permuted, broadcast, reversed.
LoopOperand random_operand(std::mt19937& random, DType dtype, const ir::Dims& extents,
                           bool is_output, std::int64_t* elements) {
  std::vector<std::size_t> order(extents.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (random() % 2 == 0) std::shuffle(order.begin(), order.end(), random);
  LoopOperand operand{dtype, ir::Dims(extents.size(), 0), 0};
  std::int64_t stride = random() % 4 == 0 ? 2 : 1;
  std::int64_t lowest = 0;
  for (std::size_t i = order.size(); i-- > 0;) {
    const std::size_t axis = order[i];
    if (!is_output && random() % 4 == 0) continue;
    const bool reversed = random() % 6 == 0;
    operand.strides[axis] = reversed ? -stride : stride;
    if (reversed) lowest += stride * (extents[axis] - 1);
    stride *= extents[axis];
  }
  const std::int64_t margin = static_cast<std::int64_t>(random() % 3);
  operand.offset = lowest + margin;
  *elements = stride + margin;
  return operand;
}

struct RandomLoop {
  Loop loop;
  std::vector<Tensor> inputs;
  std::vector<std::int64_t> output_elements;
};

RandomLoop random_loop(std::mt19937& random) {
  constexpr std::int64_t extents[] = {2, 3, 7, 8, 13, 17, 40, 67, 130};
  constexpr DType dtypes[] = {DType::f32, DType::bf16, DType::f16, DType::i32, DType::f64};
  RandomLoop made;
  Loop& loop = made.loop;
  std::int64_t count = 1;
  for (auto rank = random() % 5; rank > 0; --rank) {
    loop.extents.push_back(extents[random() % std::size(extents)]);
    count *= loop.extents.back();
    if (count > 20000) break;
  }
  const DType dtype = dtypes[random() % std::size(dtypes)];
  const auto any = [&] { return static_cast<std::uint16_t>(random() % loop.program.size()); };
  for (auto n = 1 + random() % 3; n > 0; --n) {
    std::int64_t elements = 0;
    loop.inputs.push_back(random_operand(random, dtype, loop.extents, false, &elements));
    made.inputs.push_back(random_tensor(random, dtype, {elements}));
    loop.program.push_back(load(dtype, static_cast<std::uint16_t>(loop.inputs.size() - 1)));
  }
  loop.program.push_back(
      {.op = Op::constant, .dtype = dtype, .bits = ir::visit(dtype, []<typename Tag>(Tag) {
                                             std::uint64_t bits = 0;
                                             const typename Tag::type three(3);
                                             std::memcpy(&bits, &three, sizeof(three));
                                             return bits;
                                           })});
  if (!loop.extents.empty())
    loop.program.push_back({.op = Op::index,
                            .dtype = dtype,
                            .a = static_cast<std::uint16_t>(random() % loop.extents.size())});
  constexpr ir::BinaryOp ops[] = {ir::BinaryOp::add, ir::BinaryOp::subtract, ir::BinaryOp::multiply,
                                  ir::BinaryOp::maximum};
  for (auto n = random() % 12; n > 0; --n)
    loop.program.push_back({.op = Op::binary,
                            .dtype = dtype,
                            .binary_op = ops[random() % std::size(ops)],
                            .a = any(),
                            .b = any()});
  for (auto n = 1 + random() % 2; n > 0; --n) {
    std::int64_t elements = 0;
    loop.outputs.push_back(random_operand(random, dtype, loop.extents, true, &elements));
    made.output_elements.push_back(elements);
    loop.results.push_back(random() % 2 == 0 ? any()
                                             : static_cast<std::uint16_t>(loop.program.size() - 1));
  }
  return made;
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
