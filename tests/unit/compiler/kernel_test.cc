// Which kernels one executable can run.
#include "compiler/kernel.h"

#include <gtest/gtest.h>

namespace evergpu::compiler {
namespace {

using ir::DType;

Loop scale() {
  Loop loop;
  loop.extents = {4, 6};
  loop.inputs = {{DType::f32, {6, 1}, 0}};
  Instruction load;
  Instruction constant;
  constant.op = Instruction::Op::constant;
  Instruction product;
  product.op = Instruction::Op::binary;
  product.binary_op = ir::BinaryOp::multiply;
  product.b = 1;
  loop.program = {load, constant, product};
  loop.outputs = {{DType::f32, {6, 1}, 0}};
  loop.results = {2};
  return loop;
}

TEST(BytesStored, CountResultsOnce) {
  Loop loop = scale();
  EXPECT_EQ(bytes_stored(loop), 4u * 6u * 4u);
  loop.outputs.push_back({DType::f64, {0, 1}, 0});
  loop.results.push_back(2);
  loop.reductions = {ir::ReduceOp::sum};
  EXPECT_EQ(bytes_stored(loop), 4u * 6u * 4u + 6u * 8u);
  const Library product{{ir::Kind::matmul, DType::f16, ir::Shape{2, 3}, ir::MatMul{}},
                        {DType::f16, DType::f16},
                        {{2, 5}, {5, 3}}};
  EXPECT_EQ(bytes_stored(product), 12u);
}

TEST(Work, CountsTheMultiplicationsOfContractions) {
  EXPECT_EQ(work_of(scale()), 4u * 6u * 3u);
  const auto product = [](bool transpose_a, ir::Shape a) {
    return Library{{ir::Kind::matmul, DType::f32, ir::Shape{2, 3}, ir::MatMul{transpose_a, false}},
                   {DType::f32, DType::f32},
                   {std::move(a), {5, 3}}};
  };
  EXPECT_EQ(work_of(product(false, {2, 5})), 2u * 2 * 5 * 3);
  EXPECT_EQ(work_of(product(true, {5, 2})), 2u * 2 * 5 * 3);
  // 8 x 8 images of 4 channels, a filter of 3 x 3, 16 channels: the same forward and backward.
  const ir::Shape input{1, 8, 8, 4};
  const ir::Shape filter{3, 3, 4, 16};
  const ir::Shape output{1, 8, 8, 16};
  const auto work = [](ir::Kind kind, const ir::Shape& result, std::vector<ir::Shape> operands) {
    return work_of(Library{{kind, DType::f32, result, ir::Convolution{}},
                           {DType::f32, DType::f32},
                           std::move(operands)});
  };
  constexpr std::uint64_t all = 2 * 8 * 8 * 16 * 3 * 3 * 4;
  EXPECT_EQ(work(ir::Kind::convolution, output, {input, filter}), all);
  EXPECT_EQ(work(ir::Kind::convolution_input, input, {filter, output}), all);
  EXPECT_EQ(work(ir::Kind::convolution_filter, filter, {input, output}), all);
  const ir::Shape no_filter{3, 3, 4, 0};
  EXPECT_EQ(work(ir::Kind::convolution_input, input, {no_filter, {1, 8, 8, 0}}), 8u * 8 * 4);
}

TEST(Structure, LaunchArgumentsAreNoPart) {
  Loop other = scale();
  other.inputs[0].offset = 3;
  other.outputs[0].offset = 5;
  other.program[1].bits = 7;
  EXPECT_TRUE(structurally_equal(scale(), other));
  EXPECT_EQ(structure_hash(scale()), structure_hash(other));
}

TEST(Structure, EverythingElseIs) {
  const auto differs = [](auto change) {
    Loop other = scale();
    change(other);
    return !structurally_equal(scale(), other) && structure_hash(scale()) != structure_hash(other);
  };
  EXPECT_TRUE(differs([](Loop& loop) { loop.extents[0] = 5; }));
  EXPECT_TRUE(differs([](Loop& loop) { loop.extents = {24}; }));
  EXPECT_TRUE(differs([](Loop& loop) { loop.inputs[0].strides[1] = -1; }));
  EXPECT_TRUE(differs([](Loop& loop) { loop.inputs[0].dtype = DType::i32; }));
  EXPECT_TRUE(differs([](Loop& loop) { loop.inputs.push_back(loop.inputs[0]); }));
  EXPECT_TRUE(differs([](Loop& loop) { loop.outputs[0].strides[0] = 7; }));
  EXPECT_TRUE(differs([](Loop& loop) { loop.results[0] = 1; }));
  EXPECT_TRUE(differs([](Loop& loop) { loop.program[0].op = Instruction::Op::index; }));
  EXPECT_TRUE(differs([](Loop& loop) { loop.program[1].dtype = DType::f64; }));
  EXPECT_TRUE(differs([](Loop& loop) { loop.program[2].binary_op = ir::BinaryOp::add; }));
  EXPECT_TRUE(differs([](Loop& loop) { loop.program[2].unary_op = ir::UnaryOp::exp; }));
  EXPECT_TRUE(differs([](Loop& loop) { loop.program[2].a = 1; }));
  EXPECT_TRUE(differs([](Loop& loop) { loop.program[2].b = 0; }));
  EXPECT_TRUE(differs([](Loop& loop) { loop.program[2].c = 1; }));
  EXPECT_TRUE(differs([](Loop& loop) { loop.program.pop_back(); }));
}

std::vector<ir::Operation> operations() {
  const auto of = [](ir::Kind kind, ir::Attributes attributes) {
    return ir::Operation{kind, DType::f32, {2, 3}, std::move(attributes)};
  };
  using ir::Kind;
  const ir::Window window{ir::ReduceOp::maximum, {1, 2}, {1, 2}, {0, 0}, {0, 1}};
  const ir::Convolution convolution{{1}, {1}, {0}, {0}, 1, ir::Layout::channels_last};
  ir::Convolution grouped = convolution;
  grouped.groups = 2;
  ir::Convolution planar = convolution;
  planar.layout = ir::Layout::channels_first;
  ir::Window other_window = window;
  other_window.pad_high = {0, 0};
  return {of(Kind::philox, ir::Empty{}),
          of(Kind::truncated_normal, ir::Empty{}),
          of(Kind::concat, ir::Axis{0}),
          of(Kind::concat, ir::Axis{1}),
          of(Kind::permute, ir::Axes{{1, 0}}),
          of(Kind::permute, ir::Axes{{0, 1}}),
          of(Kind::slice, ir::Slice{{0, 0}, {1, 1}}),
          of(Kind::slice, ir::Slice{{0, 0}, {1, 2}}),
          of(Kind::pad, ir::Pad{{0, 1}, {0, 0}, {0, 0}}),
          of(Kind::pad, ir::Pad{{0, 0}, {0, 1}, {0, 0}}),
          of(Kind::pad, ir::Pad{{0, 0}, {0, 0}, {0, 1}}),
          of(Kind::reduce, ir::Reduce{ir::ReduceOp::sum, {0}}),
          of(Kind::reduce, ir::Reduce{ir::ReduceOp::sum, {1}}),
          of(Kind::reduce, ir::Reduce{ir::ReduceOp::product, {1}}),
          of(Kind::arg_reduce, ir::ArgReduce{ir::ReduceOp::maximum, 1}),
          of(Kind::arg_reduce, ir::ArgReduce{ir::ReduceOp::minimum, 1}),
          of(Kind::window_reduce, window),
          of(Kind::window_gradient, window),
          of(Kind::window_reduce, other_window),
          of(Kind::matmul, ir::MatMul{false, false}),
          of(Kind::matmul, ir::MatMul{true, false}),
          of(Kind::matmul, ir::MatMul{false, true}),
          of(Kind::convolution, convolution),
          of(Kind::convolution, grouped),
          of(Kind::convolution, planar),
          of(Kind::gather, ir::Gather{0, 0}),
          of(Kind::gather, ir::Gather{1, 1}),
          of(Kind::scatter, ir::Scatter{ir::ScatterOp::add}),
          of(Kind::scatter, ir::Scatter{ir::ScatterOp::set}),
          of(Kind::argsort, ir::ArgSort{true}),
          of(Kind::argsort, ir::ArgSort{false}),
          of(Kind::scan, ir::Scan{ir::ReduceOp::sum, 0, false, false}),
          of(Kind::scan, ir::Scan{ir::ReduceOp::sum, 0, true, false}),
          of(Kind::scan, ir::Scan{ir::ReduceOp::sum, 0, false, true}),
          of(Kind::unary, ir::UnaryOp::exp),
          of(Kind::binary, ir::BinaryOp::add)};
}

TEST(Structure, LibraryKernelsDifferByOperationAndOperands) {
  std::vector<Kernel> kernels;
  for (const ir::Operation& operation : operations()) {
    kernels.emplace_back(Library{operation, {DType::f32}, {{2, 3}}});
    kernels.emplace_back(Library{operation, {DType::f16}, {{2, 3}}});
    kernels.emplace_back(Library{operation, {DType::f32}, {{3, 2}}});
    kernels.emplace_back(Library{operation, {DType::f32}, {{3, 2}}, {{{2, 1}, 0}}});
    kernels.emplace_back(Library{operation, {DType::f32}, {{3, 2}}, {{{1, 3}, 0}}});
  }
  for (std::size_t i = 0; i < kernels.size(); ++i)
    for (std::size_t j = 0; j < kernels.size(); ++j) {
      EXPECT_EQ(structurally_equal(kernels[i], kernels[j]), i == j) << i << " " << j;
      EXPECT_EQ(structure_hash(kernels[i]) == structure_hash(kernels[j]), i == j) << i << " " << j;
    }
}

TEST(Structure, SliceStartsAreLaunchArguments) {
  const auto slice = [](std::int64_t start) {
    return Library{
        {ir::Kind::slice, DType::f32, {2}, ir::Slice{{start}, {1}}}, {DType::f32}, {{9}}};
  };
  EXPECT_TRUE(structurally_equal(slice(1), slice(2)));
  EXPECT_EQ(structure_hash(slice(1)), structure_hash(slice(2)));
}

}  // namespace
}  // namespace evergpu::compiler
