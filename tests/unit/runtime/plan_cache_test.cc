// Plans are found again, and no more of them are kept than was said.
#include "runtime/plan_cache.h"

#include <gtest/gtest.h>

#include <cstring>

#include "ir/build.h"
#include "runtime/make_device.h"

namespace evergpu::runtime {
namespace {

using ir::DType;
using ir::Value;

/// exp of that many elements, times a constant.
ir::Graph graph_of_size(std::int64_t elements, double factor = 2) {
  const Value x = ir::Node::stored(DType::f32, {elements}, std::make_shared<ir::Storage>());
  const Value wanted[] = {unary(ir::UnaryOp::exp, x) * factor};
  return ir::graph_of(wanted);
}

class PlanCacheTest : public ::testing::Test {
 protected:
  /// Whether the plan of that graph was found.
  bool finds(PlanCache& cache, std::int64_t elements, double factor = 2) {
    const std::uint64_t before = counters_->plan_hits;
    cache.plan_for(graph_of_size(elements, factor));
    return counters_->plan_hits == before + 1;
  }

  std::shared_ptr<Counters> counters_ = std::make_shared<Counters>();
};

TEST_F(PlanCacheTest, FindsByStructure) {
  PlanCache cache(adapters::DeviceInfo(), counters_);
  EXPECT_FALSE(finds(cache, 3));
  EXPECT_FALSE(finds(cache, 4));
  EXPECT_TRUE(finds(cache, 3));
  EXPECT_TRUE(finds(cache, 4, 5));
  EXPECT_EQ(counters_->plan_misses, 2u);
  const auto& loop =
      std::get<compiler::Loop>(cache.plan_for(graph_of_size(4, 0.5)).plan.steps.at(0).kernel);
  const float half = 0.5;
  std::uint32_t bits = 0;
  std::memcpy(&bits, &half, sizeof bits);
  EXPECT_EQ(loop.program.at(2).bits, bits);
}

TEST_F(PlanCacheTest, KeepsExecutablesWithThePlan) {
  struct Program : adapters::Executable {};
  PlanCache cache(adapters::DeviceInfo(), counters_);
  const auto program = std::make_shared<Program>();
  cache.plan_for(graph_of_size(3)).executables.at(0) = program;
  EXPECT_EQ(cache.plan_for(graph_of_size(4)).executables.at(0), nullptr);
  EXPECT_EQ(cache.plan_for(graph_of_size(3)).executables.at(0), program);
}

TEST_F(PlanCacheTest, TheOneUsedLeastRecentlyGoes) {
  PlanCache cache(adapters::DeviceInfo(), counters_, {.plans = 2});
  EXPECT_FALSE(finds(cache, 3));
  EXPECT_FALSE(finds(cache, 4));
  EXPECT_TRUE(finds(cache, 3));
  EXPECT_FALSE(finds(cache, 5));
  EXPECT_EQ(cache.plans(), 2u);
  EXPECT_TRUE(finds(cache, 3));
  EXPECT_FALSE(finds(cache, 4));
}

TEST_F(PlanCacheTest, IsBoundedByBytes) {
  PlanCache measured(adapters::DeviceInfo(), counters_);
  measured.plan_for(graph_of_size(3));
  const std::size_t one = measured.bytes();
  EXPECT_GT(one, sizeof(compiler::Step));
  PlanCache cache(adapters::DeviceInfo(), counters_, {.bytes = 4 * one + one / 2});
  for (std::int64_t elements = 2; elements < 100; ++elements) {
    cache.plan_for(graph_of_size(elements));
    ASSERT_LE(cache.bytes(), 4 * one + one / 2);
  }
  EXPECT_EQ(cache.plans(), 4u);
  PlanCache tiny(adapters::DeviceInfo(), counters_, {.bytes = 1});
  EXPECT_FALSE(finds(tiny, 3));
  EXPECT_TRUE(finds(tiny, 3));
  EXPECT_FALSE(finds(tiny, 4));
  EXPECT_EQ(tiny.plans(), 1u);
}

/// Slices of slices, scaled: one plan for all starts and factors, through a device.
TEST(PlansOfADevice, AreOnePlanForAllLaunchArguments) {
  const auto device = make_device();
  constexpr int size = 64;
  float numbers[size];
  for (int i = 0; i < size; ++i) numbers[i] = static_cast<float>(i);
  const Value x = device->capture(DType::f32, {size}, numbers);
  const Buffer buffer(*device, 4 * sizeof(float));
  constexpr int steps = 10;
  for (int step = 0; step < steps; ++step) {
    const Value part = slice(slice(x, {step}, {32}, {1}), {2 * step}, {4}, {3}) * (step + 0.5);
    ASSERT_TRUE(device->write(buffer.address(), part).ok());
    float result[4];
    ASSERT_TRUE(device->download(result, buffer.address(), sizeof result).ok());
    for (int i = 0; i < 4; ++i)
      EXPECT_EQ(result[i], static_cast<float>(3 * step + 3 * i) * (static_cast<float>(step) + 0.5f))
          << step;
  }
  const Statistics statistics = device->statistics();
  EXPECT_EQ(statistics.plan_misses, 1u);
  EXPECT_EQ(statistics.plan_hits, static_cast<std::uint64_t>(steps - 1));
}

}  // namespace
}  // namespace evergpu::runtime
