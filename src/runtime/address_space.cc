#include "runtime/address_space.h"

#include <fmt/format.h>

#include <bit>
#include <utility>

namespace evergpu::runtime {

namespace {
constexpr std::size_t wanted_range = std::size_t{1} << 43;
constexpr std::size_t least_range = std::size_t{1} << 36;
}  // namespace

Result<std::unique_ptr<AddressSpace>> AddressSpace::create() {
  auto range = os::ReservedRange::reserve(wanted_range, least_range);
  if (!range.ok()) return range.status();
  return std::unique_ptr<AddressSpace>(new AddressSpace(std::move(*range)));
}

AddressSpace::AddressSpace(os::ReservedRange range)
    : range_(std::move(range)),
      region_log2_(std::bit_width(range_.bytes()) - 1 -
                   (std::bit_width(unsigned{region_count}) - 1)) {}

Result<void*> AddressSpace::allocate(std::size_t bytes) {
  const int log2 =
      std::max(least_log2, static_cast<int>(std::bit_width(std::max(bytes, std::size_t{1}) - 1)));
  const auto too_large = [&] {
    return resource_exhausted(
        fmt::format("no address range left for an allocation of {} bytes", bytes));
  };
  if (log2 > region_log2_ || log2 - least_log2 >= region_count) return too_large();
  const auto index = static_cast<std::size_t>(log2 - least_log2);
  Region& region = regions_[index];
  std::uint32_t slot = 0;
  if (!region.free.empty()) {
    slot = region.free.back();
    region.free.pop_back();
  } else {
    slot = static_cast<std::uint32_t>(region.slots.size());
    if ((std::uint64_t{slot} + 1) << log2 > std::uint64_t{1} << region_log2_) return too_large();
    region.slots.emplace_back();
  }
  region.slots[slot] = {next_id_++, bytes, {}};
  return reinterpret_cast<void*>(range_.base() + (index << region_log2_) +
                                 (std::uintptr_t{slot} << log2));
}

bool AddressSpace::contains(const void* address) const {
  return reinterpret_cast<std::uintptr_t>(address) - range_.base() < range_.bytes();
}

Allocation* AddressSpace::find(const void* address, std::size_t* offset) {
  if (!contains(address)) return nullptr;
  const std::uintptr_t distance = reinterpret_cast<std::uintptr_t>(address) - range_.base();
  const std::size_t index = distance >> region_log2_;
  const int log2 = least_log2 + static_cast<int>(index);
  const std::uintptr_t inside = distance & ((std::uintptr_t{1} << region_log2_) - 1);
  const std::size_t slot = inside >> log2;
  if (slot >= regions_[index].slots.size()) return nullptr;
  *offset = inside & ((std::uintptr_t{1} << log2) - 1);
  Allocation& allocation = regions_[index].slots[slot];
  return allocation.id != 0 ? &allocation : nullptr;
}

std::optional<Allocation> AddressSpace::free(void* address) {
  std::size_t offset = 0;
  Allocation* const allocation = find(address, &offset);
  if (allocation == nullptr || offset != 0) return std::nullopt;
  const std::uintptr_t distance = reinterpret_cast<std::uintptr_t>(address) - range_.base();
  Region& region = regions_[distance >> region_log2_];
  region.free.push_back(static_cast<std::uint32_t>(allocation - region.slots.data()));
  return std::exchange(*allocation, {});
}

}  // namespace evergpu::runtime
