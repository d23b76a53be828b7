// Sequences of loops have the bits of the same loops, launch by launch.
#include <gtest/gtest.h>

#include <algorithm>

#include "adapters/host/host.h"
#include "adapters/kernel_runner.h"
#include "adapters/vulkan_test.h"
#include "compiler/plan.h"
#include "ir/build.h"
#include "ir/graph.h"

namespace evergpu::adapters {
namespace {

using compiler::Buffer;
using compiler::Plan;
using ir::DType;
using ir::ReduceOp;
using ir::Shape;
using ir::Tensor;
using ir::Value;

Value unstored_leaf(DType dtype, const Shape& shape) {
  return ir::Node::stored(dtype, shape, std::make_shared<ir::Storage>());
}

/// The gradient of a softmax of [rows, columns] scores for labels.
Value softmax_gradient(const Value& scores) {
  const DType dtype = scores.dtype();
  const std::int64_t rows = scores.shape()[0];
  const std::int64_t columns = scores.shape()[1];
  const std::vector<std::int64_t> along_rows{1};
  const Value labels = unstored_leaf(DType::i32, {rows, 1});
  const Value centred = scores - reduce(ReduceOp::maximum, scores, along_rows, true);
  const Value exponentials = unary(ir::UnaryOp::exp, centred);
  const Value softmax = exponentials / reduce(ReduceOp::sum, exponentials, along_rows, true);
  const Value is_label =
      binary(ir::BinaryOp::equal, ir::iota(DType::i32, {rows, columns}, 1), labels);
  const Value one = ir::constant(dtype, 1);
  return softmax - select(is_label, one, one - one);
}

/// It, its sums in every direction, and a step of small weights: what a loss is made of.
ir::Graph loss_graph(DType dtype, std::int64_t rows, std::int64_t columns) {
  const std::vector<std::int64_t> along_columns{0};
  const std::vector<std::int64_t> all{0, 1};
  const Value bias = unstored_leaf(dtype, {columns});
  const Value gradient = softmax_gradient(unstored_leaf(dtype, {rows, columns}) + bias);
  const Value loss = reduce(ReduceOp::sum, gradient * gradient, all);
  const Value step = bias - reduce(ReduceOp::sum, gradient, along_columns) * 0.125;
  const std::vector<Value> wanted{loss, step, unary(ir::UnaryOp::sqrt, loss)};
  return ir::graph_of(wanted);
}

std::vector<Tensor> leaves_of(const ir::Graph& graph) {
  std::mt19937 random(7);
  std::vector<Tensor> leaves;
  for (const ir::GraphNode& node : graph.nodes)
    if (node.leaf)
      leaves.push_back(random_tensor(random, node.operation.dtype, node.operation.shape));
  return leaves;
}

/// What a plan makes, on a device: the bytes of each wanted node.
std::vector<std::vector<std::byte>> run_plan(Device& device, const Plan& plan,
                                             const std::vector<Tensor>& leaves) {
  std::vector<std::unique_ptr<Memory>> memories;
  const auto allocate = [&](std::size_t bytes) {
    auto memory = device.allocate(bytes);
    EXPECT_TRUE(memory.ok()) << memory.status().message();
    memories.push_back(std::move(*memory));
    return Region{memories.back().get(), 0};
  };
  const Region arena = allocate(plan.arena_bytes);
  std::vector<Region> regions;
  std::size_t leaf = 0;
  for (const Buffer& buffer : plan.buffers) {
    if (buffer.place == Buffer::Place::temporary) {
      regions.push_back({arena.memory, buffer.offset});
    } else if (buffer.takes_over != Buffer::none) {
      regions.push_back(regions[buffer.takes_over]);
    } else {
      regions.push_back(allocate(buffer.bytes));
      if (buffer.place != Buffer::Place::leaf) continue;
      EXPECT_TRUE(device.upload(regions.back(), leaves[leaf++].bytes()).ok());
    }
  }
  std::vector<std::unique_ptr<Executable>> executables;
  for (const compiler::Step& step : plan.steps) {
    std::vector<Region> inputs;
    std::vector<Region> outputs;
    for (std::uint32_t input : step.inputs) inputs.push_back(regions[input]);
    for (std::uint32_t output : step.outputs) outputs.push_back(regions[output]);
    auto executable = device.compile(step.kernel);
    EXPECT_TRUE(executable.ok()) << executable.status().message();
    executables.push_back(std::move(*executable));
    EXPECT_TRUE(device.launch(*executables.back(), step.kernel, inputs, outputs).ok());
  }
  std::vector<std::vector<std::byte>> results;
  for (const compiler::Wanted& wanted : plan.wanted) {
    results.emplace_back(plan.buffers[wanted.buffer].bytes);
    EXPECT_TRUE(device.download(results.back(), regions[wanted.buffer]).ok());
  }
  return results;
}

void expect_bits_of_single_loops(Device& device, DType dtype, std::int64_t rows,
                                 std::int64_t columns) {
  const ir::Graph graph = loss_graph(dtype, rows, columns);
  const std::vector<Tensor> leaves = leaves_of(graph);
  const DeviceInfo& info = device.info();
  compiler::PlanOptions options{.alignment = info.alignment, .strided_matmul = info.strided_matmul};
  const Plan single = compiler::make_plan(graph, options);
  options.sequences = info.sequences;
  const Plan shared = compiler::make_plan(graph, options);
  ASSERT_GT(single.steps.size(), 3u);
  EXPECT_LT(shared.steps.size(), single.steps.size());
  EXPECT_EQ(run_plan(device, shared, leaves), run_plan(device, single, leaves))
      << name_of(dtype) << "[" << rows << "," << columns << "]";
}

constexpr std::int64_t sizes[][2] = {{128, 10}, {1, 3}, {7, 40}, {2, 1000}, {300, 6}, {1, 1}};

TEST(HostSequence, HasTheBitsOfSingleLoops) {
  const auto device = make_host_adapter(1)->open(0);
  ASSERT_TRUE(device.ok());
  for (DType dtype : {DType::f32, DType::f64, DType::bf16, DType::f16})
    for (const auto& [rows, columns] : sizes)
      expect_bits_of_single_loops(**device, dtype, rows, columns);
}

/// Updates of weights of several sizes, clipped by the norm of their gradients: what an optimizer
/// does. In place where `dtype` is the weights'.
ir::Graph clipped_updates(DType dtype) {
  const std::vector<std::int64_t> all{0};
  std::vector<Value> gradients;
  Value square;
  for (const std::int64_t size : {3, 257, 20000, 1024, 8193, 2, 1, 70001, 5}) {
    gradients.push_back(unstored_leaf(dtype, {size}));
    const Value sum = reduce(ReduceOp::sum, gradients.back() * gradients.back(), all);
    square = gradients.size() == 1 ? sum : square + sum;
  }
  const Value scale = ir::constant(dtype, 0.5) / unary(ir::UnaryOp::sqrt, square);
  std::vector<Value> wanted;
  for (const Value& gradient : gradients) {
    const Value weight = unstored_leaf(dtype, gradient.shape());
    const Value velocity = unstored_leaf(dtype, gradient.shape()) * 0.75 +
                           gradient * broadcast(scale, gradient.shape());
    wanted.push_back(velocity);
    wanted.push_back(weight - velocity * velocity);
  }
  return ir::graph_of(wanted);
}

void expect_bits_of_single_updates(Device& device, DType dtype) {
  const ir::Graph graph = clipped_updates(dtype);
  const std::vector<Tensor> leaves = leaves_of(graph);
  const DeviceInfo& info = device.info();
  compiler::PlanOptions options{.alignment = info.alignment, .strided_matmul = info.strided_matmul};
  const Plan single = compiler::make_plan(graph, options);
  const auto expected = run_plan(device, single, leaves);
  // Small ones too: without Sequences of other loops. Then as the device has it.
  options.sequences = {.elements_apart = info.sequences.elements_apart,
                       .operands_apart = info.sequences.operands_apart};
  for (int i = 0; i < 2; ++i, options.sequences = info.sequences) {
    const Plan joined = compiler::make_plan(graph, options);
    EXPECT_LT(joined.steps.size() + 4, single.steps.size());
    EXPECT_TRUE(std::any_of(joined.steps.begin(), joined.steps.end(), [](const auto& step) {
      const auto* sequence = std::get_if<compiler::Sequence>(&step.kernel);
      return sequence != nullptr && sequence->apart && sequence->loops[0].reductions.empty();
    }));
    EXPECT_EQ(run_plan(device, joined, leaves), expected) << name_of(dtype);
  }
}

TEST(HostSequence, LoopsApartHaveTheBitsOfSingleOnes) {
  const auto device = make_host_adapter(1)->open(0);
  ASSERT_TRUE(device.ok());
  for (DType dtype : {DType::f32, DType::f64, DType::bf16, DType::f16})
    expect_bits_of_single_updates(**device, dtype);
}

class VulkanSequence : public VulkanTest {};

TEST_F(VulkanSequence, LoopsApartHaveTheBitsOfSingleOnes) {
  for (DType dtype : {DType::f32, DType::f64, DType::bf16})
    expect_bits_of_single_updates(*device_, dtype);
}

TEST_F(VulkanSequence, LoopsApartAreOneDispatch) {
  const std::vector<Value> wanted{unstored_leaf(DType::f32, {70001}) * 2.0,
                                  unstored_leaf(DType::f32, {3}) * 2.0,
                                  unstored_leaf(DType::f32, {1025}) * 2.0};
  const ir::Graph graph = ir::graph_of(wanted);
  compiler::PlanOptions options{.alignment = device_->info().alignment};
  options.sequences = {.elements_apart = 1 << 20, .operands_apart = 6};
  const Plan plan = compiler::make_plan(graph, options);
  const std::uint64_t before = device_->queue_counts()->commands;
  run_plan(*device_, plan, leaves_of(graph));
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(device_->queue_counts()->commands - before, 1u);
}

TEST_F(VulkanSequence, HasTheBitsOfSingleLoops) {
  for (const auto& [rows, columns] : sizes)
    expect_bits_of_single_loops(*device_, DType::f32, rows, columns);
  for (DType dtype : {DType::f64, DType::bf16})
    expect_bits_of_single_loops(*device_, dtype, sizes[0][0], sizes[0][1]);
}

TEST_F(VulkanSequence, IsOneDispatch) {
  const std::vector<Value> wanted{
      unary(ir::UnaryOp::square, softmax_gradient(unstored_leaf(DType::f32, {16, 10}) * 2.0))};
  const ir::Graph graph = ir::graph_of(wanted);
  const DeviceInfo& info = device_->info();
  const Plan plan =
      compiler::make_plan(graph, {.alignment = info.alignment, .sequences = info.sequences});
  const std::uint64_t before = device_->queue_counts()->commands;
  run_plan(*device_, plan, leaves_of(graph));
  ASSERT_EQ(plan.steps.size(), 1u);
  ASSERT_GT(std::get<compiler::Sequence>(plan.steps[0].kernel).loops.size(), 2u);
  EXPECT_EQ(device_->queue_counts()->commands - before, 1u);
}

}  // namespace
}  // namespace evergpu::adapters
