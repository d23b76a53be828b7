// Where temporaries lie.
#include <gtest/gtest.h>

#include "compiler/graphs.h"

namespace evergpu::compiler {
namespace {

using ir::Value;

std::size_t sum_of_temporaries(const Plan& plan) {
  std::size_t sum = 0;
  for (const Buffer& buffer : plan.buffers)
    if (buffer.place == Buffer::Place::temporary) sum += buffer.bytes;
  return sum;
}

TEST(Memory, DeadTemporariesAreUsedAgain) {
  Value x = leaf({16, 16});
  const Value weights = leaf({16, 16});
  for (int i = 0; i < 20; ++i) x = unary(ir::UnaryOp::tanh, matmul(x, weights));
  const Plan plan = plan_of({x});
  EXPECT_EQ(sum_of_temporaries(plan), 39u * 1024u);
  EXPECT_EQ(plan.arena_bytes, 2u * 1024u);  // a product and its operand
}

// A small array that is made while a large one lies below it, and outlives it, does not end the
// room for a larger one.
TEST(Memory, LargeTemporariesArePlacedFirst) {
  const Value large = matmul(leaf({16, 16}), leaf({16, 256}));   // 16 KiB
  const Value small = matmul(large, leaf({256, 4}));             // 256 bytes
  const Value larger = matmul(leaf({16, 16}), leaf({16, 320}));  // 20 KiB
  const Plan plan = plan_of({matmul(small, larger, true)});
  EXPECT_EQ(plan.arena_bytes, 20u * 1024u + 256u);
}

TEST(Memory, ALoopWritesOverItsDyingOperand) {
  const Value product = matmul(leaf({16, 16}), leaf({16, 16}));
  const Plan plan = plan_of({matmul(product * 2.0, leaf({16, 16}))});
  ASSERT_EQ(plan.steps.size(), 3u);
  const Step& loop = plan.steps[1];
  EXPECT_EQ(plan.buffers[loop.inputs[0]].offset, plan.buffers[loop.outputs[0]].offset);
}

TEST(Memory, ALoopDoesNotWriteOverWhatItReadsElsewhere) {
  const Value product = matmul(leaf({16, 16}), leaf({16, 16}));
  const Value turned = permute(product, std::vector<std::int64_t>{1, 0});
  const Plan plan = plan_of({matmul(product + turned, leaf({16, 16}))});
  ASSERT_EQ(plan.steps.size(), 3u);
  const Step& loop = plan.steps[1];
  EXPECT_NE(plan.buffers[loop.inputs[0]].offset, plan.buffers[loop.outputs[0]].offset);
}

// The leaf that the last step's result `i` may take over; none's number where there is no such.
std::uint32_t taken_over(const Plan& plan, std::size_t i = 0) {
  const std::uint32_t leaf = plan.buffers[plan.steps.back().outputs[i]].takes_over;
  return leaf == Buffer::none ? Buffer::none : plan.buffers[leaf].node;
}

TEST(Memory, AWantedResultMayTakeOverALeaf) {
  const Value x = leaf({16, 16});
  EXPECT_EQ(taken_over(plan_of({x * 2.0})), 0u);
  EXPECT_EQ(taken_over(plan_of({x + leaf({16, 1})})), 0u);
}

TEST(Memory, TwoResultsTakeOverTwoLeaves) {
  const Value mean = leaf({16}) + 1.0;
  const Plan plan = plan_of({mean, mean * leaf({16})});
  ASSERT_EQ(plan.steps.size(), 1u);
  ASSERT_EQ(plan.steps[0].outputs.size(), 2u);
  EXPECT_NE(taken_over(plan, 0), Buffer::none);
  EXPECT_NE(taken_over(plan, 1), Buffer::none);
  EXPECT_NE(taken_over(plan, 0), taken_over(plan, 1));
}

TEST(Memory, ALeafIsNotTakenOverThatIsNeeded) {
  const Value x = leaf({16, 16});
  const std::vector<std::int64_t> turn{1, 0};
  EXPECT_EQ(taken_over(plan_of({x + permute(x, turn)})), Buffer::none);        // read elsewhere too
  EXPECT_EQ(taken_over(plan_of({reshape(x, {256}), x * 2.0})), Buffer::none);  // wanted itself
  EXPECT_EQ(taken_over(plan_of({cast(x, ir::DType::f64)})), Buffer::none);     // too small
  const Plan later = plan_of({matmul(x * 2.0, x)});
  for (const Buffer& buffer : later.buffers) EXPECT_EQ(buffer.takes_over, Buffer::none);
}

TEST(Memory, OffsetsAreAligned) {
  Value x = leaf({3, 3});
  for (int i = 0; i < 5; ++i) x = matmul(x, matmul(x, x));
  const Plan plan = make_plan(graph_of({x}), {.alignment = 256});
  for (const Buffer& buffer : plan.buffers) EXPECT_EQ(buffer.offset % 256, 0u);
  EXPECT_GT(plan.arena_bytes, 0u);
}

}  // namespace
}  // namespace evergpu::compiler
