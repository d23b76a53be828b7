// The Vulkan device's memory and queue, and what is said when there is none.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "adapters/loops.h"
#include "adapters/vulkan/encoder.h"
#include "adapters/vulkan/executable.h"
#include "adapters/vulkan/memory.h"
#include "adapters/vulkan/queue.h"
#include "adapters/vulkan/vulkan.h"
#include "adapters/vulkan_test.h"

namespace evergpu::adapters {
namespace {

using compiler::Instruction;
using ir::DType;

class VulkanDevices : public VulkanTest {
 protected:
  std::unique_ptr<Memory> allocate(std::size_t bytes) {
    auto memory = device_->allocate(bytes);
    EXPECT_TRUE(memory.ok()) << memory.status().message();
    return memory.ok() ? std::move(*memory) : nullptr;
  }
};

TEST_F(VulkanDevices, SayWhatTheyAre) {
  const auto adapter = make_vulkan_adapter();
  ASSERT_TRUE(adapter.ok());
  const auto& candidates = (*adapter)->candidates();
  ASSERT_EQ(static_cast<int>(candidates.size()), (*adapter)->device_count());
  EXPECT_TRUE(std::is_sorted(candidates.begin(), candidates.end(),
                             [](const auto& a, const auto& b) { return a.is_gpu > b.is_gpu; }));
  const DeviceInfo& info = device_->info();
  EXPECT_EQ(info.adapter, "vulkan");
  EXPECT_EQ(info.name, candidates[0].name);
  EXPECT_EQ(info.name.find("software rasteriser") == std::string::npos, info.is_gpu);
  EXPECT_GT(info.memory_bytes, std::size_t{64} << 20);
  EXPECT_EQ(info.alignment % 8, 0U);
}

TEST_F(VulkanDevices, ThereIsNoSuchDevice) {
  const auto adapter = make_vulkan_adapter();
  ASSERT_TRUE(adapter.ok());
  for (int index : {-1, (*adapter)->device_count()}) {
    const auto device = (*adapter)->open(index);
    EXPECT_EQ(device.status().code(), Code::invalid_argument);
    EXPECT_NE(device.status().message().find("this machine has"), std::string::npos);
  }
}

TEST(VulkanLoader, IsMissingOrIsNone) {
  const auto missing = make_vulkan_adapter("libno-such-vulkan.so.1");
  EXPECT_EQ(missing.status().code(), Code::failed_precondition);
  EXPECT_NE(missing.status().message().find("apt install"), std::string::npos);
}

TEST_F(VulkanDevices, CopiesKeepBytesAndOverlap) {
  std::vector<std::byte> bytes(10 << 20);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37 >> 3);
  const auto memory = allocate(bytes.size() + 64);
  const auto other = allocate(bytes.size());
  ASSERT_TRUE(device_->upload({memory.get(), 64}, bytes).ok());
  // Work is in flight: this upload cannot be direct.
  ASSERT_TRUE(device_->copy({other.get(), 0}, {memory.get(), 64}, bytes.size()).ok());
  ASSERT_TRUE(device_->upload({memory.get(), 64}, std::span(bytes).first(16)).ok());
  ASSERT_TRUE(device_->copy({memory.get(), 0}, {memory.get(), 64}, bytes.size()).ok());
  std::vector<std::byte> read(bytes.size());
  ASSERT_TRUE(device_->download(read, {memory.get(), 0}).ok());
  EXPECT_EQ(read, bytes);
  ASSERT_TRUE(device_->download(read, {other.get(), 0}).ok());
  EXPECT_EQ(read, bytes);
}

TEST_F(VulkanDevices, RefuseWhatHasNoRoom) {
  const auto memory = device_->allocate(device_->info().memory_bytes + 1);
  EXPECT_EQ(memory.status().code(), Code::resource_exhausted);
  EXPECT_NE(memory.status().message().find("smaller batch"), std::string::npos);
  EXPECT_NE(allocate(0), nullptr);
}

TEST_F(VulkanDevices, FillFreshMemoryWithNaNsWhenAsked) {
  const auto device = open_with("EVERGPU_POISON", "1");
  const auto memory = device->allocate(1000);
  ASSERT_TRUE(memory.ok());
  std::vector<std::byte> read(1000);
  ASSERT_TRUE(device->download(read, {memory->get(), 0}).ok());
  EXPECT_EQ(std::count(read.begin(), read.end(), std::byte{0xff}), 1000);
}

// Many launches, each reading what the one before wrote, more than one batch of commands.
TEST_F(VulkanDevices, LaunchesRunInOrder) {
  const compiler::Loop loop = flat_loop(1000, {DType::f32, DType::f32}, {false, false},
                                        {.op = Instruction::Op::binary, .dtype = DType::f32});
  const auto executable = device_->compile(loop);
  ASSERT_TRUE(executable.ok());
  std::vector<float> ones(1000, 1.0F);
  std::vector<std::unique_ptr<Memory>> memories;
  for (int i = 0; i < 3; ++i) {
    memories.push_back(allocate(4000));
    ASSERT_TRUE(device_->upload({memories.back().get(), 0}, std::as_bytes(std::span(ones))).ok());
  }
  for (int i = 0; i < 500; ++i) {
    const Region inputs[] = {{memories[i % 2].get(), 0}, {memories[2].get(), 0}};
    const Region outputs[] = {{memories[(i + 1) % 2].get(), 0}};
    ASSERT_TRUE(device_->launch(**executable, loop, inputs, outputs).ok());
  }
  std::vector<float> result(1000);
  ASSERT_TRUE(
      device_->download(std::as_writable_bytes(std::span(result)), {memories[0].get(), 0}).ok());
  EXPECT_EQ(std::count(result.begin(), result.end(), 501.0F), 1000);
}

// Over several submissions: long kernels take long, and none runs before the one that it follows.
TEST_F(VulkanDevices, MeasureLaunches) {
  if (!device_->measure(true)) GTEST_SKIP() << "its queue has no clock";
  constexpr std::int64_t elements[] = {100, 1'000'000};
  constexpr std::size_t launches = 200;
  const auto before = std::chrono::steady_clock::now();
  const auto memory = allocate(static_cast<std::size_t>(elements[1]) * 4);
  const auto other = allocate(static_cast<std::size_t>(elements[1]) * 4);
  const Region inputs[] = {{memory.get(), 0}, {memory.get(), 0}};
  const Region outputs[] = {{other.get(), 0}};
  std::vector<compiler::Kernel> loops;
  std::vector<std::unique_ptr<Executable>> executables;
  for (const std::int64_t count : elements) {
    loops.emplace_back(flat_loop(count, {DType::u32, DType::u32}, {false, false},
                                 {.op = Instruction::Op::binary, .dtype = DType::u32}));
    auto executable = device_->compile(loops.back());
    ASSERT_TRUE(executable.ok());
    executables.push_back(std::move(*executable));
  }
  const auto launch = [&](std::size_t i) {
    return device_->launch(*executables[i % 2], loops[i % 2], inputs, outputs);
  };
  for (std::size_t i = 0; i < launches; ++i) ASSERT_TRUE(launch(i).ok());
  ASSERT_TRUE(device_->wait().ok());
  const auto intervals = device_->measured();
  ASSERT_TRUE(intervals.ok()) << intervals.status().message();
  ASSERT_EQ(intervals->size(), launches);
  auto end = before;
  std::chrono::nanoseconds taken[2] = {};
  for (std::size_t i = 0; i < launches; ++i) {
    const auto& [launch_begin, launch_end] = (*intervals)[i];
    EXPECT_GE(launch_begin, end) << i;
    EXPECT_GT(launch_end, launch_begin) << i;
    end = launch_end;
    taken[i % 2] += launch_end - launch_begin;
  }
  EXPECT_LE(end, std::chrono::steady_clock::now());
  EXPECT_GT(taken[1], 2 * taken[0]);
  EXPECT_GT(device_->queue_counts()->submissions, 1U);
  EXPECT_LT(device_->queue_counts()->submissions, launches / 10);

  device_->measure(false);
  ASSERT_TRUE(launch(0).ok());
  ASSERT_TRUE(device_->wait().ok());
  EXPECT_TRUE(device_->measured()->empty());
}

// Memory that is freed while kernels use it may be handed out at once.
TEST_F(VulkanDevices, ReuseFreedMemoryInOrder) {
  std::vector<std::byte> zeros(1 << 16);
  std::vector<std::byte> bytes(1 << 16, std::byte{7});
  const auto target = allocate(bytes.size());
  for (int i = 0; i < 20; ++i) {
    auto source = allocate(bytes.size());
    ASSERT_TRUE(device_->upload({source.get(), 0}, i % 2 == 0 ? bytes : zeros).ok());
    ASSERT_TRUE(device_->copy({target.get(), 0}, {source.get(), 0}, bytes.size()).ok());
    source.reset();
    const auto other = allocate(bytes.size());
    ASSERT_TRUE(device_->upload({other.get(), 0}, i % 2 == 0 ? zeros : bytes).ok());
    std::vector<std::byte> read(bytes.size());
    ASSERT_TRUE(device_->download(read, {target.get(), 0}).ok());
    ASSERT_EQ(read, i % 2 == 0 ? bytes : zeros) << i;
  }
}

class VulkanParts : public ::testing::Test {
 protected:
  void SetUp() override {
    auto instance = vulkan::Instance::create({});
    if (!instance.ok() || (*instance)->devices().empty())
      GTEST_SKIP() << "this machine has no Vulkan device";
    auto context = vulkan::Context::create(*instance, (*instance)->devices()[0]);
    ASSERT_TRUE(context.ok());
    context_ = *context;
  }
  std::shared_ptr<vulkan::Context> context_;
};

TEST_F(VulkanParts, BlocksMergeAndChunksGo) {
  if (context_->red_zone_bytes() > 0) GTEST_SKIP() << "freed memory is kept back";
  const auto pool = std::make_shared<vulkan::MemoryPool>(context_, std::uint64_t{256} << 20);
  std::vector<std::unique_ptr<Memory>> blocks;
  for (std::size_t bytes : {100U, 5000U, 70U, 1U << 20, 60U << 20, 4U << 20, 3U}) {
    auto memory = pool->allocate(bytes);
    ASSERT_TRUE(memory.ok());
    blocks.push_back(std::move(*memory));
  }
  const std::uint64_t taken = pool->chunk_bytes();
  EXPECT_FALSE(pool->has_unused());
  for (std::size_t i : {1U, 3U, 0U, 4U, 2U, 6U, 5U}) blocks[i].reset();
  EXPECT_EQ(pool->used_bytes(), 0U);
  EXPECT_EQ(pool->chunk_bytes(), taken);
  EXPECT_TRUE(pool->has_unused());
  const auto whole = pool->allocate(std::size_t{64} << 20);  // all of the first chunk again
  EXPECT_TRUE(whole.ok());
  EXPECT_EQ(pool->chunk_bytes(), taken);
  pool->release_unused();
  EXPECT_LT(pool->chunk_bytes(), taken);
}

// A barrier comes where commands share bytes and one writes them, and nowhere else.
TEST_F(VulkanParts, BarriersOnlyWhereNeeded) {
  const auto pool = std::make_shared<vulkan::MemoryPool>(context_, std::uint64_t{256} << 20);
  const auto queue = vulkan::CommandQueue::create(context_, false);
  ASSERT_TRUE(queue.ok());
  const auto memory = pool->allocate(4096);
  ASSERT_TRUE(memory.ok());
  const auto span = [&](std::size_t offset, std::size_t bytes) {
    return *vulkan::span_of({memory->get(), offset}, bytes);
  };
  const auto barriers = [&] { return (*queue)->counts().barriers; };
  ASSERT_TRUE((*queue)->copy(span(0, 256), span(1024, 256)).ok());
  ASSERT_TRUE((*queue)->copy(span(256, 256), span(1024, 256)).ok());  // both read the same bytes
  EXPECT_EQ(barriers(), 0U);
  ASSERT_TRUE((*queue)->copy(span(2048, 64), span(448, 64)).ok());  // reads what was written
  EXPECT_EQ(barriers(), 1U);
  ASSERT_TRUE((*queue)->copy(span(448, 64), span(3000, 64)).ok());  // writes what was read
  EXPECT_EQ(barriers(), 2U);
  ASSERT_TRUE((*queue)->fill(span(448, 64), 0).ok());  // writes what was written
  EXPECT_EQ(barriers(), 3U);
  ASSERT_TRUE((*queue)->wait().ok());
  EXPECT_TRUE((*queue)->idle());
  EXPECT_EQ((*queue)->counts().submissions, 1U);
  EXPECT_EQ((*queue)->counts().commands, 5U);
  EXPECT_EQ((*queue)->counts().bytes_read, 640U);
  EXPECT_EQ((*queue)->counts().bytes_written, 704U);
}

// What is too much for one submission is cut into pieces, which together are the whole.
TEST_F(VulkanParts, MuchWorkIsCutIntoPieces) {
  constexpr std::size_t elements = 1'000'000;
  constexpr std::size_t bytes = elements * sizeof(float);
  const compiler::Loop loop = flat_loop(elements, {DType::f32, DType::f32}, {false, false},
                                        {.op = Instruction::Op::binary, .dtype = DType::f32});
  const auto executable = vulkan::make_loop(loop, *context_);
  ASSERT_TRUE(executable.ok());
  const std::uint64_t work = compiler::work_of(loop);
  const auto queue = vulkan::CommandQueue::create(context_, false, work / 7);
  ASSERT_TRUE(queue.ok());
  const auto pool = std::make_shared<vulkan::MemoryPool>(context_, std::uint64_t{256} << 20);
  const auto memory = pool->allocate(3 * bytes);
  ASSERT_TRUE(memory.ok());
  const auto whole = vulkan::span_of({memory->get(), 0}, 3 * bytes);
  if (whole->chunk->mapped() == nullptr) GTEST_SKIP() << "its memory cannot be read from here";
  ASSERT_TRUE((*queue)->fill(*whole, std::bit_cast<std::uint32_t>(1.0F)).ok());
  vulkan::Encoder encoder(**queue, *pool, work);
  const Region inputs[] = {{memory->get(), 0}, {memory->get(), bytes}};
  const Region outputs[] = {{memory->get(), 2 * bytes}};
  ASSERT_TRUE((*executable)->encode(loop, inputs, outputs, encoder).ok());
  ASSERT_TRUE((*queue)->wait().ok());
  EXPECT_GE((*queue)->counts().submissions, 7U);
  const auto* const numbers =
      reinterpret_cast<const float*>(whole->chunk->mapped() + whole->offset);
  EXPECT_EQ(std::count(numbers, numbers + 2 * elements, 1.0F), 2 * elements);
  EXPECT_EQ(std::count(numbers + 2 * elements, numbers + 3 * elements, 2.0F), elements);
}

TEST(VulkanClock, GoesRound) {
  using std::chrono::nanoseconds;
  EXPECT_EQ(vulkan::time_between(10, 30, 64, 1.0), nanoseconds(20));
  EXPECT_EQ(vulkan::time_between(10, 30, 36, 52.5), nanoseconds(1050));
  EXPECT_EQ(vulkan::time_between((1ULL << 36) - 4, 6, 36, 10.0), nanoseconds(100));
  EXPECT_EQ(vulkan::time_between(~0ULL, 4, 64, 1.0), nanoseconds(5));
  EXPECT_EQ(vulkan::time_between(30, 10, 64, 1.0), nanoseconds(0));  // the wrong way round
  vulkan::PhysicalDevice device;
  EXPECT_FALSE(vulkan::has_clock(device));
  device.clock_bits = 36;
  EXPECT_FALSE(vulkan::has_clock(device));
  device.clock_nanoseconds = 52.5;
  EXPECT_TRUE(vulkan::has_clock(device));
}

TEST(VulkanGroups, AreSpreadWithinLimits) {
  for (std::uint64_t count : {1ULL, 65535ULL, 65536ULL, 1000000ULL, 4000000000ULL}) {
    const vulkan::Groups groups = vulkan::spread_groups(count);
    EXPECT_LE(groups[0], 65535U);
    EXPECT_LE(groups[1], 65535U);
    const std::uint64_t all = std::uint64_t{groups[0]} * groups[1];
    EXPECT_GE(all, count);
    EXPECT_LT(all, count + groups[1]);
  }
}

}  // namespace
}  // namespace evergpu::adapters
