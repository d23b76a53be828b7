// Which Loops share a launch, one after the other.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "compiler/graphs.h"

namespace evergpu::compiler {
namespace {

using ir::DType;
using ir::ReduceOp;
using ir::Value;

constexpr SequenceLimits limits{.elements = 4096, .operands = 64};

Plan sequences_of(const std::vector<Value>& wanted, const SequenceLimits& limits = limits) {
  return make_plan(graph_of(wanted), {.sequences = limits});
}

std::size_t loops_of(const Step& step) {
  if (const auto* sequence = std::get_if<Sequence>(&step.kernel)) return sequence->loops.size();
  return std::holds_alternative<Loop>(step.kernel) ? 1 : 0;
}

/// How many Loops each launch has; 0 for library kernels.
std::vector<std::size_t> loops_by_launch(const Plan& plan) {
  std::vector<std::size_t> loops;
  for (const Step& step : plan.steps) loops.push_back(loops_of(step));
  return loops;
}

Value softmax(const Value& x) {
  const std::vector<std::int64_t> columns{1};
  const auto row = [&](ReduceOp op, const Value& of) {
    return reshape(reduce(op, of, columns), ir::Shape{of.shape()[0], 1});
  };
  const Value exponentials = unary(ir::UnaryOp::exp, x - row(ReduceOp::maximum, x * 1.0));
  return exponentials / row(ReduceOp::sum, exponentials);
}

using Launches = std::vector<std::size_t>;

TEST(Sequence, ASoftmaxOfFewElementsIsOneLaunch) {
  const ir::Graph graph = graph_of({softmax(leaf({8, 10}))});
  EXPECT_EQ(print(make_plan(graph, {.sequences = limits}), graph),
            "launch 0: loop [8,10] r0 = f32 x0; r1 = f32 0x3f800000; r2 = multiply(r0,r1) <- %0 -> "
            "maximum(r2)[1,0] to %4(t+320)\n"
            "  then loop [8,10] r0 = f32 x0; r1 = f32 x1; r2 = subtract(r0,r1); r3 = exp(r2) <- "
            "%0, %4(t+320)[1,0] -> r3 to %8(t+0), sum(r3)[1,0] to %9(t+384)\n"
            "  then loop [8,10] r0 = f32 x0; r1 = f32 x1; r2 = divide(r0,r1) <- %8(t+0), "
            "%9(t+384)[1,0] -> %12(wanted)\n"
            "1 launches, 448 bytes of temporaries, 320 bytes wanted\n");
}

TEST(Sequence, LoopsWaitForTheFirstThatReadsThem) {
  const Value x = leaf({4, 4});
  const Value before = leaf({7}) + 1.0;  // of the same launch as what the product reads
  const Value product = matmul(x * 2.0, x);
  const Value after = leaf({9}) + 1.0;
  const Value last = unary(ir::UnaryOp::exp, product);
  EXPECT_EQ(loops_by_launch(sequences_of({before, product, after, last})), (Launches{2, 0, 2}));
}

TEST(Sequence, WhatReadsNoTemporaryAndMakesLittleComesFirst) {
  const Value x = leaf({4, 4});
  const Value product = matmul(x * 2.0, x);
  const Value scale = leaf({}) * 3.0;
  const Value other = matmul(product, broadcast(scale, {4, 4}));
  const auto loops = loops_by_launch(sequences_of({other}));
  EXPECT_EQ(loops[0], 2u);
  EXPECT_EQ(std::count(loops.begin(), loops.end(), 0u), 2);
}

TEST(Sequence, DevicesThatTakeNoneGetLoops) {
  const Plan plan = plan_of({softmax(leaf({8, 10}))});
  EXPECT_EQ(loops_by_launch(plan), (Launches{1, 1, 1}));
}

TEST(Sequence, LimitsHold) {
  const std::vector<Value> wanted{softmax(leaf({8, 10}))};
  EXPECT_EQ(loops_by_launch(sequences_of(wanted, {.elements = 80, .operands = 9})), (Launches{3}));
  EXPECT_EQ(loops_by_launch(sequences_of(wanted, {.elements = 79, .operands = 9})),
            (Launches{1, 1, 1}));
  EXPECT_EQ(loops_by_launch(sequences_of(wanted, {.elements = 80, .operands = 8})),
            (Launches{2, 1}));
}

TEST(Sequence, WaitingLoopsKeepFewBytesAlive) {
  // Each sum waits, with the product that it reads.
  std::vector<Value> wanted;
  for (int i = 0; i < 64; ++i) {
    const Value product = matmul(leaf({1, 4}), leaf({4, 1024}));
    wanted.push_back(reshape(product, {1024}) + leaf({1024}));
  }
  const Plan plan = sequences_of(wanted);
  EXPECT_LE(plan.arena_bytes, (16u << 10) + 4 * 1024);
  for (const Step& step : plan.steps) EXPECT_LE(loops_of(step), 4u);
  EXPECT_EQ(plan.steps.size(), 64u + 16u);
}

/// The leaf that the plan's only wanted array of so many bytes may take over.
std::uint32_t leaf_taken_over(const Plan& plan, std::size_t bytes) {
  for (const Buffer& buffer : plan.buffers)
    if (buffer.place == Buffer::Place::wanted && buffer.bytes == bytes) return buffer.takes_over;
  ADD_FAILURE() << "no such array";
  return Buffer::none;
}

TEST(Sequence, ALeafIsTakenOverOnceNoLaterLoopReadsIt) {
  const std::vector<std::int64_t> all{0};
  const Value weight = leaf({12});
  const Value sum = reduce(ReduceOp::sum, weight * 2.0, all);
  const Plan after = sequences_of({weight - broadcast(sum, {12})});
  ASSERT_EQ(loops_by_launch(after), (Launches{2}));
  EXPECT_NE(leaf_taken_over(after, 48), Buffer::none);

  const Value stepped = weight - 1.0;
  const Value later = cast(weight, DType::f64) + cast(sum, DType::f64);
  const Plan before = sequences_of({stepped, later});
  ASSERT_EQ(loops_by_launch(before), (Launches{3}));
  EXPECT_EQ(leaf_taken_over(before, 48), Buffer::none);
}

TEST(Sequence, ArgumentsAreBoundInEachLoop) {
  const auto graph_with = [](double first, double second) {
    const std::vector<std::int64_t> all{0};
    const Value sum = reduce(ReduceOp::sum, leaf({12}) * first, all);
    return graph_of({sum + second});
  };
  const ir::Graph other = graph_with(5, 7);
  Plan plan = make_plan(graph_with(2, 3), {.sequences = limits});
  const Plan expected = make_plan(other, {.sequences = limits});
  std::vector<std::uint32_t> same(other.nodes.size());
  std::iota(same.begin(), same.end(), 0);
  ASSERT_EQ(loops_by_launch(plan), (Launches{2}));
  EXPECT_TRUE(structurally_equal(plan.steps[0].kernel, expected.steps[0].kernel));
  EXPECT_FALSE(plan.steps[0].kernel == expected.steps[0].kernel);
  rebind(plan, other, same);
  EXPECT_TRUE(plan.steps[0].kernel == expected.steps[0].kernel);
}

TEST(Sequence, IsSummedUp) {
  const Plan plan = sequences_of({softmax(leaf({8, 10}))});
  EXPECT_EQ(summary(plan.steps[0].kernel),
            "3 loops: [8,10] multiply, maximum; [8,10] subtract, exp, sum; [8,10] divide");
  EXPECT_EQ(bytes_stored(plan.steps[0].kernel), 4u * (8 + 80 + 8 + 80));
  EXPECT_EQ(work_of(plan.steps[0].kernel), 80u * (3 + 4 + 3));
}

}  // namespace
}  // namespace evergpu::compiler
