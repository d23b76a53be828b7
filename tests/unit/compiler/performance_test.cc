// Planning, or finding a plan again, happens at every flush: it must cost little and grow linearly.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <numeric>

#include "compiler/graphs.h"
#include "compiler/structure.h"

namespace evergpu::compiler {
namespace {

using ir::Shape;
using ir::Value;

/// Forward, backward and Adam of `layers` dense layers: about 45 nodes a layer, in the proportions
/// of a real training step.
ir::Graph training_step(int layers) {
  const std::vector<std::int64_t> rows{0};
  std::vector<Value> wanted;
  std::vector<Value> inputs;
  std::vector<Value> before;
  std::vector<Value> weights;
  Value x = leaf({32, 64});
  for (int i = 0; i < layers; ++i) {
    inputs.push_back(x);
    weights.push_back(leaf({64, 64}));
    before.push_back(matmul(x, weights.back()) + leaf({64}));
    x = binary(ir::BinaryOp::maximum, before.back(), ir::constant(ir::DType::f32, 0));
  }
  Value gradient = x - leaf({32, 64});
  const auto adam = [&](const Value& w, const Value& g) {
    const Value m = leaf(w.shape());
    const Value v = leaf(w.shape());
    const Value new_m = m + (g - m) * 0.1;
    const Value new_v = v + (unary(ir::UnaryOp::square, g) - v) * 0.001;
    wanted.insert(wanted.end(), {new_m, new_v});
    wanted.push_back(w - new_m * leaf({}) / (unary(ir::UnaryOp::sqrt, new_v) + 1e-7));
  };
  for (int i = layers; i-- > 0;) {
    const auto at = static_cast<std::size_t>(i);
    const Value zero = ir::constant(ir::DType::f32, 0);
    gradient = select(binary(ir::BinaryOp::greater, before[at], zero), gradient, zero);
    adam(weights[at], matmul(inputs[at], gradient, true, false));
    adam(leaf({64}), reduce(ir::ReduceOp::sum, gradient, rows));
    gradient = matmul(gradient, permute(weights[at], std::vector<std::int64_t>{1, 0}));
  }
  return graph_of(wanted);
}

template <typename Work>
double microseconds_per_node(const ir::Graph& graph, Work&& work) {
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    const auto start = std::chrono::steady_clock::now();
    work(graph);
    const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start;
    best = std::min(best, time.count() / static_cast<double>(graph.nodes.size()));
  }
  return best;
}

/// The work in graphs of two sizes. Bounds are far above what is measured, so that a busy or
/// sanitized machine passes; quadratic time would not.
template <typename Work>
void expect_linear(const char* what, Work&& work) {
  const ir::Graph small = training_step(12);
  const ir::Graph large = training_step(1200);
  const double small_time = microseconds_per_node(small, work);
  const double large_time = microseconds_per_node(large, work);
  std::printf("%s: %zu nodes: %.2f us a node; %zu nodes: %.2f us a node\n", what,
              small.nodes.size(), small_time, large.nodes.size(), large_time);
  EXPECT_LT(large_time, 20 * small_time + 5);
}

TEST(Performance, PlanningIsFastAndLinear) {
  const SequenceLimits sequences{.elements = 8192, .operands = 256};
  expect_linear("planning", [&](const ir::Graph& graph) {
    EXPECT_FALSE(make_plan(graph, {.strided_matmul = true, .sequences = sequences}).steps.empty());
  });
}

TEST(Performance, FindingAPlanAgainIsFastAndLinear) {
  Plan plan;
  std::vector<std::uint32_t> positions;
  expect_linear("finding", [&](const ir::Graph& graph) {
    const Structure structure = structure_of(graph);
    if (positions.size() != graph.nodes.size()) {
      plan = make_plan(graph,
                       {.strided_matmul = true, .sequences = {.elements = 8192, .operands = 256}});
      positions.resize(graph.nodes.size());
      std::iota(positions.begin(), positions.end(), 0);
    }
    const std::vector<std::uint64_t> words = structure.words;
    EXPECT_TRUE(words == structure.words);
    rebind(plan, graph, positions);
  });
}

}  // namespace
}  // namespace evergpu::compiler
