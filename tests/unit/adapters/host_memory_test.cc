// The host device's memory: the pool, its bounds, and copies.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "adapters/host/host.h"
#include "adapters/host/memory.h"

namespace evergpu::adapters::host {
namespace {

template <typename T>
T checked(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.status().message());
  return std::move(*result);
}

std::byte* data_of(const Memory& memory) { return static_cast<const HostMemory&>(memory).data(); }

TEST(MemoryPool, ClassesHoldWhatIsAskedAndWasteLittle) {
  for (std::size_t bytes : {0u, 1u, 63u, 64u, 65u, 1000u, 4097u, 1000001u, 1u << 20}) {
    EXPECT_GE(MemoryPool::class_of(bytes), bytes);
    EXPECT_LE(MemoryPool::class_of(bytes), bytes + std::max<std::size_t>(64, bytes / 8));
    EXPECT_EQ(MemoryPool::class_of(bytes) % block_alignment, 0u);
  }
}

TEST(MemoryPool, ReusesWhatWasGivenBack) {
  const auto pool = std::make_shared<MemoryPool>(1 << 20, false);
  auto first = checked(pool->allocate(1000));
  std::byte* const data = data_of(*first);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data) % block_alignment, 0u);
  EXPECT_EQ(first->bytes(), 1000u);
  EXPECT_EQ(pool->used_bytes(), MemoryPool::class_of(1000));
  first.reset();
  EXPECT_EQ(pool->used_bytes(), 0u);
  EXPECT_EQ(pool->kept_bytes(), MemoryPool::class_of(1000));
  const auto second = checked(pool->allocate(990));
  EXPECT_EQ(data_of(*second), data);
  EXPECT_EQ(pool->kept_bytes(), 0u);
}

TEST(MemoryPool, RefusesBeyondItsLimitAndSaysSo) {
  const auto pool = std::make_shared<MemoryPool>(1 << 16, false);
  const auto most = checked(pool->allocate(40000));
  const auto refused = pool->allocate(40000);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), Code::resource_exhausted);
  EXPECT_NE(refused.status().message().find("40000"), std::string::npos);
  EXPECT_FALSE(pool->allocate(~std::size_t{0} / 2).ok());
  EXPECT_TRUE(pool->allocate(1000).ok());
}

TEST(MemoryPool, KeptBlocksMakeRoom) {
  const auto pool = std::make_shared<MemoryPool>(1 << 20, false);
  for (std::size_t bytes = 1 << 10; bytes <= 1 << 17; bytes *= 2)
    checked(pool->allocate(bytes)).reset();
  EXPECT_GT(pool->kept_bytes(), 0u);
  EXPECT_LE(pool->kept_bytes(), (1u << 20) / 4);
  const auto all = pool->allocate(1 << 20);
  EXPECT_TRUE(all.ok());
  EXPECT_EQ(pool->kept_bytes(), 0u);
}

TEST(MemoryPool, ALargerBlockServes) {
  const auto pool = std::make_shared<MemoryPool>(1 << 26, false);
  auto first = checked(pool->allocate(5 << 20));
  std::byte* const data = data_of(*first);
  first.reset();
  auto smaller = checked(pool->allocate((4 << 20) + 1));
  EXPECT_EQ(data_of(*smaller), data);
  EXPECT_EQ(pool->used_bytes(), MemoryPool::class_of(5 << 20));
  smaller.reset();
  // Not one that is much larger, nor a small one.
  const auto much_smaller = checked(pool->allocate(3 << 20));
  EXPECT_EQ(pool->used_bytes(), MemoryPool::class_of(3 << 20));
  checked(pool->allocate(5000)).reset();
  const auto small = checked(pool->allocate(4100));
  EXPECT_EQ(pool->used_bytes(), MemoryPool::class_of(3 << 20) + MemoryPool::class_of(4100));
}

TEST(MemoryPool, ManySizesTakeNoMoreThanTheLargest) {
  const auto pool = std::make_shared<MemoryPool>(1 << 30, false);
  std::size_t most = 0;
  for (std::size_t bytes = 1 << 20; bytes < 10 << 20; bytes += bytes / 3) {
    const auto memory = checked(pool->allocate(bytes));
    most = std::max(most, pool->used_bytes());
    EXPECT_LE(pool->used_bytes() + pool->kept_bytes(), most + most / 8);
  }
}

TEST(MemoryPool, PoisonsFreshMemory) {
  const auto pool = std::make_shared<MemoryPool>(1 << 20, true);
  auto memory = checked(pool->allocate(100));
  std::memset(data_of(*memory), 0, 100);
  memory.reset();
  memory = checked(pool->allocate(100));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(data_of(*memory)[i], std::byte{0xff});
}

TEST(MemoryPool, ServesManyThreads) {
  const auto pool = std::make_shared<MemoryPool>(64 << 20, false);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&pool, t] {
      for (int i = 0; i < 1000; ++i) {
        const auto memory = checked(pool->allocate(static_cast<std::size_t>(100 * (i % 50)) + 8));
        std::memcpy(data_of(*memory), &t, sizeof(t));
        int read = -1;
        std::memcpy(&read, data_of(*memory), sizeof(read));
        EXPECT_EQ(read, t);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pool->used_bytes(), 0u);
}

TEST(HostDevice, DescribesItself) {
  const auto adapter = make_host_adapter(2);
  EXPECT_EQ(adapter->device_count(), 2);
  EXPECT_FALSE(adapter->open(2).ok());
  EXPECT_FALSE(adapter->open(-1).ok());
  const auto device = checked(adapter->open(1));
  EXPECT_EQ(device->info().adapter, "host");
  EXPECT_NE(device->info().name.find("core"), std::string::npos);
  EXPECT_GT(device->info().memory_bytes, 0u);
  EXPECT_FALSE(device->info().is_gpu);
}

TEST(HostDevice, CopiesRegions) {
  const auto device = checked(make_host_adapter(1)->open(0));
  constexpr std::size_t bytes = 5 << 20;
  const auto from = checked(device->allocate(bytes));
  const auto to = checked(device->allocate(bytes));
  std::vector<std::byte> data(bytes);
  for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<std::byte>(i * 7 >> 3);
  ASSERT_TRUE(device->upload({from.get(), 0}, data).ok());
  ASSERT_TRUE(device->copy({to.get(), 100}, {from.get(), 3}, bytes - 200).ok());
  std::vector<std::byte> read(bytes - 200);
  ASSERT_TRUE(device->download(read, {to.get(), 100}).ok());
  EXPECT_TRUE(std::equal(read.begin(), read.end(), data.begin() + 3));
  // Within one memory, overlapping.
  ASSERT_TRUE(device->copy({from.get(), 10}, {from.get(), 0}, 1000).ok());
  ASSERT_TRUE(device->download({read.data(), 1000}, {from.get(), 10}).ok());
  EXPECT_TRUE(std::equal(read.begin(), read.begin() + 1000, data.begin()));
  EXPECT_TRUE(device->copy({to.get(), 0}, {from.get(), 0}, 0).ok());
  EXPECT_TRUE(device->wait().ok());
}

TEST(HostDevice, MemoryOutlivesIt) {
  auto device = checked(make_host_adapter(1)->open(0));
  const auto memory = checked(device->allocate(100));
  device.reset();
  std::memset(data_of(*memory), 1, 100);
  EXPECT_EQ(memory->bytes(), 100u);
}

}  // namespace
}  // namespace evergpu::adapters::host
