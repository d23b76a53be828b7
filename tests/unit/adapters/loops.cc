#include "adapters/loops.h"

#include <algorithm>
#include <cstring>

#include "adapters/kernel_runner.h"
#include "ir/convert.h"

namespace evergpu::adapters {

using compiler::Instruction;
using compiler::Loop;
using compiler::LoopOperand;
using ir::DType;
using ir::Tensor;
using Op = Instruction::Op;

namespace {

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

}  // namespace

Instruction load(DType dtype, std::uint16_t input) {
  return {.op = Op::load, .dtype = dtype, .a = input};
}

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

namespace {

Loop philox_loop(const ir::Dims& extents) {
  Loop loop;
  loop.extents = extents;
  const ir::Dims nowhere(extents.size(), 0);
  ir::Dims transposed(extents.size(), 0);
  std::int64_t stride = 1;
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    transposed[axis] = stride;
    stride *= extents[axis];
  }
  loop.inputs = {{DType::u64, nowhere, 0},
                 {DType::u64, nowhere, 0},
                 {DType::u64, nowhere, 1},
                 {DType::u32, transposed, 0}};
  for (std::uint16_t i = 0; i < 4; ++i) loop.program.push_back(load(loop.inputs[i].dtype, i));
  loop.program.push_back({.op = Op::philox, .dtype = DType::u32, .a = 0, .b = 1, .c = 2});
  loop.program.push_back(
      {.op = Op::binary, .dtype = DType::u32, .binary_op = ir::BinaryOp::add, .a = 4, .b = 3});
  loop.outputs.push_back({DType::u32, ir::Shape(extents).strides(), 0});
  loop.results.push_back(5);
  return loop;
}

std::vector<Tensor> philox_inputs(const ir::Dims& extents, std::uint64_t low, std::uint64_t high) {
  std::mt19937 random(5);
  Tensor key(DType::u64, ir::Shape{1});
  Tensor counter(DType::u64, ir::Shape{2});
  key.as<std::uint64_t>()[0] = 0x1234567890abcdef;
  counter.as<std::uint64_t>()[0] = low;
  counter.as<std::uint64_t>()[1] = high;
  Tensor x = random_tensor(random, DType::u32, ir::Shape{ir::Shape(extents).elements()}, false);
  return {key, counter, counter, x};
}

}  // namespace

std::vector<RandomLoop> philox_loops() {
  const ir::Dims spaces[] = {{},       {0},       {1},       {3},          {5003},
                             {20, 33}, {71, 129}, {3, 5, 7}, {2, 3000, 3}, {5, 33, 2, 65}};
  std::vector<RandomLoop> loops;
  for (const ir::Dims& extents : spaces)
    for (const std::uint64_t low : {std::uint64_t{5}, ~std::uint64_t{1}})
      loops.push_back({philox_loop(extents),
                       philox_inputs(extents, low, ~std::uint64_t{0}),
                       {ir::Shape(extents).elements()}});
  return loops;
}

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

}  // namespace evergpu::adapters
