// Random graphs on a Vulkan device: the values of the reference interpreter, and the same bits
// whether commands wait for those that they depend on or for all.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "ir/evaluate.h"
#include "ir/graph.h"
#include "runtime/make_device.h"
#include "support/environment.h"
#include "support/random_graph.h"

namespace evergpu::runtime {
namespace {

using evergpu::testing::RandomGraph;
using Bytes = std::vector<std::vector<std::byte>>;

RandomGraph random_graph(Device& device, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  evergpu::testing::RandomGraphOptions options;
  options.nodes = 24;
  options.libraries = false;
  std::erase(options.dtypes, ir::DType::f64);  // of which not every function has code
  options.make_leaf = [&](const ir::Tensor& tensor) {
    return device.capture(tensor.dtype(), tensor.shape(), tensor.bytes().data());
  };
  return evergpu::testing::make_random_graph(random, options);
}

// What the wanted values of a graph are on `device`; the first error.
Result<Bytes> run(Device& device, const RandomGraph& graph) {
  std::vector<std::unique_ptr<Buffer>> buffers;
  for (const ir::Value& value : graph.wanted) {
    buffers.push_back(std::make_unique<Buffer>(device, value->operation().bytes()));
    EVERGPU_RETURN_IF_ERROR(device.write(buffers.back()->address(), value));
  }
  Bytes results;
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    results.emplace_back(graph.wanted[i]->operation().bytes());
    EVERGPU_RETURN_IF_ERROR(
        device.download(results[i].data(), buffers[i]->address(), results[i].size()));
  }
  return results;
}

TEST(Vulkan, RandomGraphsAreAsTheInterpreterHasThem) {
  const auto device = make_vulkan_device();
  if (device == nullptr) GTEST_SKIP() << "this machine has no Vulkan device";
  const auto cautious = [] {
    const evergpu::testing::ScopedVariable barriers("EVERGPU_VULKAN_BARRIERS", "all");
    const evergpu::testing::ScopedVariable poison("EVERGPU_POISON", "1");
    const evergpu::testing::ScopedVariable zones("EVERGPU_RED_ZONES", "1");
    return make_vulkan_device();
  }();
  int compared = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const RandomGraph graph = random_graph(*device, seed);
    const ir::Graph evaluated = ir::graph_of(graph.wanted);
    const std::vector<ir::Tensor> expected = ir::evaluate(evaluated, graph.leaves_of(evaluated));
    const std::vector<double> tolerances = graph.tolerances_of(evaluated);
    std::vector<std::size_t> positions;  // of the wanted nodes in graph.wanted
    for (const ir::GraphNode& node : evaluated.nodes) {
      if (!node.wanted) continue;
      const auto at = std::find(graph.wanted.begin(), graph.wanted.end(), node.value);
      positions.push_back(static_cast<std::size_t>(at - graph.wanted.begin()));
    }
    const Result<Bytes> actual = run(*device, graph);
    if (actual.status().code() == Code::unimplemented) continue;  // it has a node without a kernel
    ASSERT_TRUE(actual.ok()) << actual.status().message();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const std::vector<std::byte>& bytes = (*actual)[positions[i]];
      ASSERT_EQ(evergpu::testing::difference(
                    expected[i].view(), {expected[i].dtype(), expected[i].shape(), bytes.data()},
                    tolerances[i]),
                "")
          << "seed " << seed << "\n"
          << ir::print(evaluated);
    }
    const Result<Bytes> ordered = run(*cautious, random_graph(*cautious, seed));
    ASSERT_TRUE(ordered.ok()) << ordered.status().message();
    ASSERT_EQ(*actual, *ordered) << "seed " << seed;
    ++compared;
  }
  EXPECT_GE(compared, 20);
}

// A plan's temporaries share an arena, but not where memory is watched: each has red zones then.
TEST(Vulkan, TemporariesAreWatchedOneByOne) {
  std::vector<std::byte> results[2];
  for (const char* zones : {"0", "1"}) {
    const evergpu::testing::ScopedVariable variable("EVERGPU_RED_ZONES", zones);
    const auto device = make_vulkan_device();
    if (device == nullptr) GTEST_SKIP() << "this machine has no Vulkan device";
    const bool watched = *zones == '1';
    const ir::Shape shape{64, 64};
    const Buffer buffer(*device, shape.elements() * 4);
    ASSERT_TRUE(device->fill(buffer.address(), 1, shape.elements() * 4).ok());
    ir::Value value = device->read(buffer.address(), ir::DType::f32, shape);
    for (int i = 0; i < 5; ++i) value = ir::scan(ir::ReduceOp::sum, value, i % 2, false, false);
    ASSERT_TRUE(device->write(buffer.address(), value).ok());
    const std::uint64_t before = device->statistics().bytes_created;
    results[watched].resize(shape.elements() * 4);
    ASSERT_TRUE(
        device->download(results[watched].data(), buffer.address(), results[watched].size()).ok());
    const std::uint64_t created = device->statistics().bytes_created - before;
    // Five temporaries and the result; two of them in turn, where they share.
    EXPECT_EQ(created, (watched ? 6U : 3U) * shape.elements() * 4);
  }
  EXPECT_EQ(results[0], results[1]);
}

// The times are the device's: nobody waits for a launch before the next.
TEST(Vulkan, ATraceLeavesLaunchesInOneSubmission) {
  const auto device = make_vulkan_device();
  if (device == nullptr) GTEST_SKIP() << "this machine has no Vulkan device";
  const Buffer buffer(*device, 4000);
  ASSERT_TRUE(device->fill(buffer.address(), 1, 4000).ok());
  ASSERT_TRUE(device->synchronize().ok());
  const Statistics before = device->statistics();
  const auto begin = std::chrono::steady_clock::now();
  device->trace().start();
  constexpr std::size_t launches = 8;
  for (std::size_t i = 0; i < launches; ++i) {
    const ir::Value value = device->read(buffer.address(), ir::DType::u32, ir::Shape{1000});
    ASSERT_TRUE(
        device->write(buffer.address(), ir::scan(ir::ReduceOp::sum, value, 0, false, false)).ok());
  }
  ASSERT_TRUE(device->synchronize().ok());
  const Trace::Recording recording = device->trace().stop();
  const Statistics after = device->statistics();
  ASSERT_EQ(recording.launches.size(), launches);
  auto end = begin;
  for (const Launch& launch : recording.launches) {
    EXPECT_EQ(launch.bytes_stored, 4000U);
    EXPECT_GE(launch.interval.begin, end);
    EXPECT_GT(launch.interval.end, launch.interval.begin);
    end = launch.interval.end;
  }
  EXPECT_LE(end, std::chrono::steady_clock::now());
  ASSERT_TRUE(before.queue && after.queue);
  EXPECT_EQ(after.queue->submissions - before.queue->submissions, 1U);
  EXPECT_GE(after.queue->commands - before.queue->commands, launches);
  EXPECT_GE(after.queue->barriers - before.queue->barriers, launches - 1);
  EXPECT_NE(to_string(after).find(fmt::format("({} barriers, ", after.queue->barriers)),
            std::string::npos);
}

}  // namespace
}  // namespace evergpu::runtime
