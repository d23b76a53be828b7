// Whole plans as text: what a training step of a small network becomes.
#include <gtest/gtest.h>

#include "compiler/graphs.h"

namespace evergpu::compiler {
namespace {

using ir::DType;
using ir::ReduceOp;
using ir::Shape;
using ir::UnaryOp;
using ir::Value;

std::string text_of(const std::vector<Value>& wanted) {
  const ir::Graph graph = graph_of(wanted);
  return print(make_plan(graph), graph);
}

TEST(Print, Fusion) {
  const Value x = leaf({128, 512});
  const Value bias = leaf({512});
  Value y = x + bias;
  y = binary(ir::BinaryOp::maximum, y, constant(DType::f32, 0));
  EXPECT_EQ(text_of({y}),
            "launch 0: loop [128,512] r0 = f32 x0; r1 = f32 x1; r2 = add(r0,r1); r3 = f32 0x0; r4 "
            "= maximum(r2,r3)"
            " <- %0, %1[0,1] -> %6(wanted over %0)\n"
            "1 launches, 0 bytes of temporaries, 262144 bytes wanted\n");
}

TEST(Print, EveryInstruction) {
  const Value x = leaf(DType::i32, {4, 6});
  const Value part = slice(x, {1, 5}, {2, 3}, {2, -1});
  const Value columns = iota(DType::i32, Shape{2, 3}, 1);
  const Value bits = bitcast(part + 1.0, DType::f32);
  const Value is_less = binary(ir::BinaryOp::less, columns, part);
  const Value numbers = cast(columns, DType::f32);
  const Value chosen = select(is_less, bits, numbers);
  EXPECT_EQ(
      text_of({unary(UnaryOp::exp, chosen)}),
      "launch 0: loop [2,3] r0 = i32 x0; r1 = i32 0x1; r2 = add(r0,r1); r3 = f32 bitcast(r2); "
      "r4 = i32 index1; r5 = less(r4,r0); r6 = f32 cast(r4); r7 = select(r5,r3,r6); "
      "r8 = exp(r7) <- %0[12,-1]+11 -> %10(wanted)\n"
      "1 launches, 0 bytes of temporaries, 24 bytes wanted\n");
}

TEST(Print, RandomWords) {
  const Value drawn = philox(leaf(DType::u64, {1}), leaf(DType::u64, {2}), 12);
  EXPECT_EQ(text_of({cast(reshape(drawn, Shape{3, 4}), DType::f32)}),
            "launch 0: loop [12] r0 = u64 x0; r1 = u64 x1; r2 = u64 x2; r3 = philox(r0,r1,r2); "
            "r4 = f32 cast(r3) <- %1[0], %0[0], %0[0]+1 -> %4(wanted)\n"
            "1 launches, 0 bytes of temporaries, 48 bytes wanted\n");
}

/// Bias, relu and pooling, and back, where the device takes pipelines.
TEST(Print, Pooling) {
  const Shape shape{8, 6, 6, 4};
  const Value zero = constant(DType::f32, 0);
  const Value y = binary(ir::BinaryOp::maximum, leaf(shape) + leaf({4}), zero);
  const ir::Window window{
      ReduceOp::maximum, {1, 2, 2, 1}, {1, 2, 2, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}};
  const Value pooled = window_reduce(y, window);
  const Value moved = select(binary(ir::BinaryOp::greater, y, zero),
                             window_gradient(y, leaf(pooled.shape()), window), zero);
  const std::vector<std::int64_t> rows{0, 1, 2};
  const ir::Graph graph = graph_of({pooled, moved, reduce(ReduceOp::sum, moved, rows)});
  EXPECT_EQ(
      print(make_plan(graph, {.pipelines = {.windows = true}}), graph),
      "launch 0: pipeline loop [288,4] r0 = f32 x0; r1 = f32 x1; r2 = add(r0,r1); r3 = f32 0x0; "
      "r4 = maximum(r2,r3) => library f32[8,3,3,4] window_reduce maximum extents=[1,2,2,1] "
      "strides=[1,2,2,1] low=[0,0,0,0] high=[0,0,0,0] of f32[8,6,6,4] <- %2, %1[0,1] -> "
      "%7(wanted)\n"
      "launch 1: pipeline loop [288,4] r0 = f32 x0; r1 = f32 x1; r2 = add(r0,r1); r3 = f32 0x0; "
      "r4 = maximum(r2,r3) => library f32[8,6,6,4] window_gradient maximum extents=[1,2,2,1] "
      "strides=[1,2,2,1] low=[0,0,0,0] high=[0,0,0,0] of f32[8,6,6,4], f32[8,3,3,4] => "
      "loop [288,4] r0 = f32 made; r1 = f32 given; r2 = f32 0x0; r3 = greater(r1,r2); "
      "r4 = select(r3,r0,r2) <- %2, %1[0,1], %8 -> r4 to %13(wanted), "
      "sum(r4)[0,1] to %14(wanted)\n"
      "2 launches, 0 bytes of temporaries, 5776 bytes wanted\n");
}

/// Forward and backward of dense, relu, dense, mean squared error, and a gradient step.
TEST(Print, TrainingStep) {
  const Value x = leaf({32, 8});
  const Value target = leaf({32, 4});
  const Value w1 = leaf({8, 16});
  const Value b1 = leaf({16});
  const Value w2 = leaf({16, 4});
  const Value rate = leaf({});
  const std::vector<std::int64_t> rows{0};
  const std::vector<std::int64_t> all{0, 1};

  const Value product = matmul(x, w1);
  const Value before = product + b1;
  const Value hidden = binary(ir::BinaryOp::maximum, before, constant(DType::f32, 0));
  const Value output = matmul(hidden, w2);
  const Value error = output - target;
  const Value squares = unary(UnaryOp::square, error);
  const Value loss = reduce(ReduceOp::sum, squares, all) / 128.0;

  const Value d_output = error * (2.0 / 128);
  const Value d_w2 = matmul(hidden, d_output, true, false);
  const Value w2_turned = permute(w2, std::vector<std::int64_t>{1, 0});
  const Value d_hidden = matmul(d_output, w2_turned);
  const Value is_active = binary(ir::BinaryOp::greater, before, constant(DType::f32, 0));
  const Value d_before = select(is_active, d_hidden, constant(DType::f32, 0));
  const Value d_w1 = matmul(x, d_before, true, false);
  const Value d_b1 = reduce(ReduceOp::sum, d_before, rows);
  const Value step_w1 = rate * d_w1;
  const Value new_w1 = w1 - step_w1;
  const Value step_b1 = rate * d_b1;
  const Value new_b1 = b1 - step_b1;
  const Value step_w2 = rate * d_w2;
  const Value new_w2 = w2 - step_w2;
  EXPECT_EQ(text_of({loss, new_w1, new_b1, new_w2}),
            "launch 0: library f32[32,16] matmul of f32[32,8], f32[8,16]"
            " <- %0, %2 -> %6(t+0)\n"
            "launch 1: loop [32,16] r0 = f32 x0; r1 = f32 x1; r2 = add(r0,r1); r3 = f32 0x0; r4 = "
            "maximum(r2,r3)"
            " <- %6(t+0), %3[0,1] -> %11(t+2048)\n"
            "launch 2: library f32[32,4] matmul of f32[32,16], f32[16,4]"
            " <- %11(t+2048), %4 -> %12(t+4096)\n"
            "launch 3: loop [128] r0 = f32 x0; r1 = f32 x1; r2 = subtract(r0,r1); r3 = square(r2); "
            "r4 = f32 0x3c800000; r5 = multiply(r2,r4)"
            " <- %12(t+4096), %1 -> r5 to %20(t+4096), sum(r3)[0] to %15(t+4864)\n"
            "launch 4: library f32[16,4] matmul transpose_a of f32[32,16], f32[32,4]"
            " <- %11(t+2048), %20(t+4096) -> %21(t+4608)\n"
            "launch 5: loop [] r0 = f32 x0; r1 = f32 0x43000000; r2 = divide(r0,r1)"
            " <- %15(t+4864) -> %17(wanted)\n"
            "launch 6: library f32[32,16] matmul transpose_b of f32[32,4], f32[16,4]"
            " <- %20(t+4096), %4 -> %23(t+2048)\n"
            "launch 7: loop [32,16] r0 = f32 x0; r1 = f32 x1; r2 = add(r0,r1); r3 = f32 0x0; r4 = "
            "greater(r2,r3); r5 = f32 x2; r6 = select(r4,r5,r3)"
            " <- %6(t+0), %3[0,1], %23(t+2048) -> r6 to %27(t+0), sum(r6)[0,1] to %29(t+4096)\n"
            "launch 8: library f32[8,16] matmul transpose_a of f32[32,8], f32[32,16]"
            " <- %0, %27(t+0) -> %28(t+2048)\n"
            "launch 9: loop [128] r0 = f32 x0; r1 = f32 x1; r2 = multiply(r0,r1); r3 = f32 x2; r4 "
            "= subtract(r3,r2)"
            " <- %5[0], %28(t+2048), %2 -> %32(wanted over %2)\n"
            "launch 10: loop [16] r0 = f32 x0; r1 = f32 x1; r2 = multiply(r0,r1); r3 = f32 x2; r4 "
            "= subtract(r3,r2)"
            " <- %5[0], %29(t+4096), %3 -> %35(wanted over %3)\n"
            "launch 11: loop [64] r0 = f32 x0; r1 = f32 x1; r2 = multiply(r0,r1); r3 = f32 x2; r4 "
            "= subtract(r3,r2)"
            " <- %5[0], %21(t+4608), %4 -> %38(wanted over %4)\n"
            "12 launches, 4928 bytes of temporaries, 836 bytes wanted\n");
}

}  // namespace
}  // namespace evergpu::compiler
