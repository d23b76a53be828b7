// Values that several nodes compute alike are computed once.
#include "compiler/common.h"

#include <gtest/gtest.h>

#include "compiler/graphs.h"

namespace evergpu::compiler {
namespace {

using ir::ReduceOp;
using ir::UnaryOp;
using ir::Value;

std::size_t needed_values(const Shared& shared) {
  std::size_t count = 0;
  for (std::uint32_t n = 0; n < shared.first.size(); ++n) count += shared.first[n] == n;
  return count;
}

TEST(EqualValues, OfTheSameOperandsAreOne) {
  const Value x = leaf({4, 8});
  const Value y = leaf({4, 8});
  const ir::Graph graph = graph_of({unary(UnaryOp::exp, x + y), unary(UnaryOp::sqrt, x + y),
                                    x + unary(UnaryOp::exp, x + y), y + x});
  const Shared shared = share_equal_values(graph);
  // x, y, x + y, exp, sqrt, the sum of x and exp, and y + x, whose operands are in another order.
  EXPECT_EQ(needed_values(shared), 7u);
}

TEST(EqualValues, AreNotThoseOfOtherAttributesOrLeaves) {
  const Value x = leaf({4, 4});
  const Value y = leaf({4, 4});
  const ir::Graph graph =
      graph_of({reduce(ReduceOp::sum, x, std::vector<std::int64_t>{0}),
                reduce(ReduceOp::sum, x, std::vector<std::int64_t>{1}),
                reduce(ReduceOp::maximum, x, std::vector<std::int64_t>{0}),
                reduce(ReduceOp::sum, y, std::vector<std::int64_t>{0}),
                slice(x, {0, 0}, {2, 2}, {1, 1}), slice(x, {0, 0}, {2, 2}, {1, 1})});
  EXPECT_EQ(needed_values(share_equal_values(graph)), graph.nodes.size());
}

TEST(EqualValues, AreWantedInOneArray) {
  const Value x = leaf({16});
  const ir::Graph graph =
      graph_of({unary(UnaryOp::exp, x), unary(UnaryOp::exp, x) * 2, unary(UnaryOp::exp, x)});
  const Plan plan = make_plan(graph);
  ASSERT_EQ(plan.steps.size(), 1u);
  ASSERT_EQ(plan.wanted.size(), 3u);
  std::vector<std::uint32_t> buffers;
  for (const Wanted& wanted : plan.wanted) {
    EXPECT_TRUE(graph.nodes[wanted.node].wanted);
    buffers.push_back(wanted.buffer);
    EXPECT_TRUE(graph.nodes[plan.buffers[wanted.buffer].node].wanted);
  }
  EXPECT_EQ(buffers[0], buffers[2]);
  EXPECT_NE(buffers[0], buffers[1]);
}

/// The first of the two is not wanted itself.
TEST(EqualValues, AreKeptForTheOneThatIsWanted) {
  const Value x = leaf({16});
  const Value first = unary(UnaryOp::exp, x);
  const ir::Graph graph = graph_of({first + x, unary(UnaryOp::exp, x)});
  const Plan plan = make_plan(graph);
  EXPECT_EQ(plan.steps.size(), 1u);
  ASSERT_EQ(plan.wanted.size(), 2u);
  for (const Wanted& wanted : plan.wanted) EXPECT_TRUE(graph.nodes[wanted.node].wanted);
  for (const Buffer& buffer : plan.buffers) {
    if (buffer.place == Buffer::Place::wanted) {
      EXPECT_TRUE(graph.nodes[buffer.node].wanted);
    }
  }
}

/// An optimizer corrects every variable's step by the same number.
TEST(EqualValues, ScalarsOfAnOptimizerAreComputedOnce) {
  const Value iteration = leaf({});
  std::vector<Value> stepped;
  for (int i = 0; i < 3; ++i) {
    const Value rate = unary(UnaryOp::sqrt, iteration + 1) * 0.1;
    stepped.push_back(leaf({1024 * (i + 1)}) - leaf({1024 * (i + 1)}) * rate);
  }
  const Plan plan = plan_of(stepped);
  ASSERT_EQ(plan.steps.size(), 4u);
  EXPECT_EQ(loop_of(plan, 0).extents.size(), 0u);
}

TEST(EqualValues, LoopsThatShareAConstantAloneStayApart) {
  const Value a = leaf({64, 128});
  const Value b = leaf({64, 128});
  EXPECT_EQ(plan_of({a * 0.1, b * 0.1}).steps.size(), 2u);
}

}  // namespace
}  // namespace evergpu::compiler
