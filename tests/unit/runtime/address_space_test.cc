#include "runtime/address_space.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace evergpu::runtime {
namespace {

std::unique_ptr<AddressSpace> make_space() {
  auto space = AddressSpace::create();
  EXPECT_TRUE(space.ok()) << space.status().message();
  return std::move(*space);
}

TEST(AddressSpace, FindsAnAllocationByAnyAddressInside) {
  const auto space = make_space();
  auto* const address = static_cast<std::byte*>(*space->allocate(1000));
  std::size_t offset = 0;
  ASSERT_NE(space->find(address + 40, &offset), nullptr);
  EXPECT_EQ(offset, 40u);
  EXPECT_EQ(space->find(address + 999, &offset)->bytes, 1000u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(address) % 256, 0u);
}

TEST(AddressSpace, ForgetsWhatIsFreedAndUsesTheAddressAgain) {
  const auto space = make_space();
  void* const first = *space->allocate(64);
  const std::uint64_t id = space->free(first)->id;
  std::size_t offset = 0;
  EXPECT_EQ(space->find(first, &offset), nullptr);
  EXPECT_TRUE(space->contains(first));
  void* const second = *space->allocate(64);
  EXPECT_EQ(first, second);
  EXPECT_NE(space->find(second, &offset)->id, id);
}

TEST(AddressSpace, RefusesWhatDoesNotFit) {
  const auto space = make_space();
  EXPECT_EQ(space->allocate(SIZE_MAX / 2).status().code(), Code::resource_exhausted);
}

TEST(AddressSpace, FreesOnlyStartsOfAllocations) {
  const auto space = make_space();
  auto* const address = static_cast<std::byte*>(*space->allocate(64));
  EXPECT_FALSE(space->free(address + 8).has_value());
  int on_stack = 0;
  EXPECT_FALSE(space->free(&on_stack).has_value());
  EXPECT_TRUE(space->free(address).has_value());
}

TEST(AddressSpace, LiveAllocationsNeverOverlap) {
  const auto space = make_space();
  std::mt19937_64 random(7);
  std::map<std::uintptr_t, std::size_t> live;
  for (int i = 0; i < 20000; ++i) {
    if (live.size() > 100 && random() % 2 == 0) {
      auto victim = std::next(live.begin(), static_cast<long>(random() % live.size()));
      ASSERT_TRUE(space->free(reinterpret_cast<void*>(victim->first)).has_value());
      live.erase(victim);
      continue;
    }
    const std::size_t bytes = 1 + random() % (std::size_t{1} << (random() % 20));
    const auto address = reinterpret_cast<std::uintptr_t>(*space->allocate(bytes));
    const auto after = live.lower_bound(address);
    if (after != live.end()) {
      ASSERT_LE(address + bytes, after->first);
    }
    if (after != live.begin()) {
      ASSERT_LE(std::prev(after)->first + std::prev(after)->second, address);
    }
    live[address] = bytes;
  }
}

}  // namespace
}  // namespace evergpu::runtime
