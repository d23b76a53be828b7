// Which Loops of one program share a launch.
#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/graphs.h"

namespace evergpu::compiler {
namespace {

using ir::DType;
using ir::ReduceOp;
using ir::Value;

constexpr SequenceLimits apart_limits{.elements_apart = 4096, .operands_apart = 64};

Plan apart_plan_of(const std::vector<Value>& wanted, const SequenceLimits& limits = apart_limits) {
  return make_plan(graph_of(wanted), {.sequences = limits});
}

/// How many Loops each launch has whose Loops are apart.
std::vector<std::size_t> loops_apart(const Plan& plan) {
  std::vector<std::size_t> loops;
  for (const Step& step : plan.steps)
    if (const auto* sequence = std::get_if<Sequence>(&step.kernel); sequence && sequence->apart)
      loops.push_back(sequence->loops.size());
  return loops;
}

using Counts = std::vector<std::size_t>;

/// A step of descent down a gradient, which a product makes.
Value descent(std::int64_t size, const Value& rate) {
  const Value gradient = reshape(matmul(leaf({1, 2}), leaf({2, size})), {size});
  return leaf({size}) - gradient * broadcast(rate, {size});
}

TEST(LoopsApart, UpdatesOfOneProgramAreOneLaunch) {
  const Value rate = leaf({});
  // The first product is the largest: what the others make may stay as long.
  const Value large = unary(ir::UnaryOp::exp, matmul(leaf({8, 2}), leaf({2, 64})));
  const std::vector<Value> wanted{large, descent(5, rate), descent(12, rate), descent(100, rate)};
  const ir::Graph graph = graph_of(wanted);
  const Plan plan = make_plan(graph, {.sequences = apart_limits});
  EXPECT_EQ(loops_apart(plan), (Counts{3}));
  EXPECT_NE(print(plan, graph).find("\n  with loop [12] "), std::string::npos);
  const Plan single = apart_plan_of(wanted, {});
  EXPECT_EQ(plan.steps.size() + 2, single.steps.size());
  EXPECT_EQ(plan.wanted_bytes, single.wanted_bytes);
  for (const Buffer& buffer : plan.buffers) {
    if (buffer.place == Buffer::Place::wanted && buffer.bytes < 512) {
      EXPECT_NE(buffer.takes_over, Buffer::none);
    }
  }
}

TEST(LoopsApart, NoMoreTemporariesAreAliveThanBefore) {
  const Value rate = leaf({});
  std::vector<Value> wanted;
  for (int i = 0; i < 10; ++i) wanted.push_back(descent(64 + i, rate));
  const Plan plan = apart_plan_of(wanted);
  EXPECT_EQ(loops_apart(plan), Counts{});
  EXPECT_EQ(plan.arena_bytes, apart_plan_of(wanted, {}).arena_bytes);
  // Of what stays alive anyway, the norm's squares and the updates wait at no cost.
  std::vector<Value> gradients;
  Value square;
  for (int i = 0; i < 5; ++i) {
    gradients.push_back(reshape(matmul(leaf({1, 2}), leaf({2, 64 + i})), {64 + i}));
    const std::vector<std::int64_t> all{0};
    const Value sum = reduce(ReduceOp::sum, gradients[i] * gradients[i], all);
    square = i == 0 ? sum : square + sum;
  }
  wanted.clear();
  for (int i = 0; i < 5; ++i)
    wanted.push_back(leaf({64 + i}) - gradients[i] * broadcast(square, {64 + i}));
  const Plan clipped = apart_plan_of(wanted);
  EXPECT_EQ(loops_apart(clipped), (Counts{5, 5}));
  EXPECT_EQ(clipped.arena_bytes, apart_plan_of(wanted, {}).arena_bytes);
}

TEST(LoopsApart, WhatOneReadsOfAnotherIsMadeBefore) {
  const Value first = leaf({12}) * 2.0;
  const Value second = first * 2.0 + leaf({12});
  const Value third = leaf({14}) * 2.0;
  const Value product = matmul(reshape(third, {1, 14}), leaf({14, 3}));
  for (const Value& last : {second, product}) {
    const Plan plan = apart_plan_of({first, third, last});
    std::vector<bool> made(plan.buffers.size());
    for (const Step& step : plan.steps) {
      for (std::uint32_t input : step.inputs)
        EXPECT_TRUE(made[input] || plan.buffers[input].place == Buffer::Place::leaf);
      for (std::uint32_t output : step.outputs) made[output] = true;
    }
  }
}

TEST(LoopsApart, OtherProgramsShapesAndLimitsAreNotJoined) {
  const std::vector<Value> two{leaf({100}) * 2.0, leaf({200}) * 2.0};
  EXPECT_EQ(loops_apart(apart_plan_of(two)), (Counts{2}));
  EXPECT_EQ(loops_apart(apart_plan_of(two, {.elements_apart = 199, .operands_apart = 64})),
            Counts{});
  EXPECT_EQ(loops_apart(apart_plan_of(two, {.elements_apart = 200, .operands_apart = 3})),
            Counts{});
  EXPECT_EQ(loops_apart(apart_plan_of({leaf({100}) * 2.0, leaf({200}) - 2.0})), Counts{});
  EXPECT_EQ(loops_apart(apart_plan_of({leaf({100}) * 2.0, leaf(DType::f64, {200}) * 2.0})),
            Counts{});
  const Value shared = leaf({100});
  EXPECT_EQ(loops_apart(apart_plan_of({shared * 2.0, leaf({}) * 2.0})), Counts{});
}

}  // namespace
}  // namespace evergpu::compiler
