// In which order launches run.
#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/graphs.h"

namespace evergpu::compiler {
namespace {

using ir::Value;

constexpr std::int64_t width = 128;  // smaller weights' steps share a launch, at the end

std::vector<std::uint32_t> nodes_in_order(const Plan& plan) {
  std::vector<std::uint32_t> nodes;
  for (const Step& step : plan.steps) nodes.push_back(step.node);
  return nodes;
}

// Layers of one width, and a step of each weight along its gradient, recorded at the end as
// optimizers do.
std::vector<Value> training_step(std::int64_t layers) {
  std::vector<Value> weights, activations{leaf({32, width})};
  for (std::int64_t i = 0; i < layers; ++i) {
    weights.push_back(leaf({width, width}));
    activations.push_back(unary(ir::UnaryOp::tanh, matmul(activations.back(), weights.back())));
  }
  std::vector<Value> gradients;
  Value backward = activations.back();
  for (std::size_t i = weights.size(); i-- > 0;) {
    gradients.push_back(matmul(activations[i], backward, true, false));
    backward = matmul(backward, weights[i], false, true) * activations[i];
  }
  std::vector<Value> stepped;
  for (std::size_t i = 0; i < gradients.size(); ++i)
    stepped.push_back(weights[weights.size() - 1 - i] - gradients[i] * 0.1);
  return stepped;
}

TEST(Order, GradientsDoNotWaitForTheEndOfAStep) {
  const auto gradient_bytes = [](std::int64_t layers) {
    return static_cast<std::size_t>(layers) * width * width * 4;
  };
  const auto activation_bytes = [](std::int64_t layers) {
    return static_cast<std::size_t>(layers) * 32 * width * 4;
  };
  const std::size_t few = plan_of(training_step(2)).arena_bytes;
  const std::size_t many = plan_of(training_step(10)).arena_bytes;
  EXPECT_LE(many - few, activation_bytes(8));
  EXPECT_LT(many, gradient_bytes(10));
}

TEST(Order, EveryWeightIsSteppedInItsOwnBytes) {
  const Plan plan = plan_of(training_step(5));
  std::size_t taken_over = 0;
  for (const Buffer& buffer : plan.buffers) taken_over += buffer.takes_over != Buffer::none;
  EXPECT_EQ(taken_over, 5u);
}

TEST(Order, WhatIsWantedDoesNotHurryWhileItsLeafIsRead) {
  const Value weight = leaf({16, 16});
  const Value product = matmul(leaf({16, 16}), leaf({16, 16}));
  const Value later = matmul(weight, leaf({16, 16}));
  const Plan plan = plan_of({weight - product, later});
  ASSERT_EQ(plan.steps.size(), 3u);
  EXPECT_TRUE(std::holds_alternative<Loop>(plan.steps[2].kernel));
}

TEST(Order, StepsThatMakeMemoryGrowKeepTheirOrder) {
  const Value x = leaf({16, 16});
  const Value first = matmul(x, leaf({16, 16}));
  const Value second = matmul(x, leaf({16, 16}));
  const Value third = matmul(x, leaf({16, 16}));
  const std::vector<std::uint32_t> nodes = nodes_in_order(plan_of({first, second, third}));
  EXPECT_TRUE(std::is_sorted(nodes.begin(), nodes.end()));
}

}  // namespace
}  // namespace evergpu::compiler
