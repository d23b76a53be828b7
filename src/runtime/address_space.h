// Virtual addresses for a device's allocations. They cannot be dereferenced, so a host read is a
// crash instead of a wrong number, and they cost nothing: a tensor that has an address need not
// exist.
//
// One reserved range is cut into equal regions, one for each power of two; an allocation is a slot
// in the region of its size rounded up. So the allocation that holds an address, offsets included,
// is found by two shifts. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/os.h"
#include "base/status.h"
#include "runtime/content.h"

namespace evergpu::runtime {

/// What one live address stands for.
struct Allocation {
  std::uint64_t id = 0;  // never used again, unlike the address; 0: nothing lives here
  std::size_t bytes = 0;
  Content content;
};

class AddressSpace {
 public:
  static Result<std::unique_ptr<AddressSpace>> create();

  /// A new allocation of `bytes` (0 counts as 1), aligned to 256. resource_exhausted when its
  /// region is full.
  Result<void*> allocate(std::size_t bytes);
  /// Ends an allocation and returns what it was; nothing when `address` is not the start of one.
  std::optional<Allocation> free(void* address);

  /// The allocation that contains `address`, and how far inside it lies; null when there is none.
  /// Good until the next call of allocate or free.
  Allocation* find(const void* address, std::size_t* offset);
  /// Whether the address is one of this space, live or not.
  bool contains(const void* address) const;

  /// Calls `visit(Allocation&)` for every live allocation.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const Region& region : regions_) {
      for (const auto& slot : region.slots) {
        if (slot.id != 0) visit(slot);
      }
    }
  }

 private:
  static constexpr int least_log2 = 8;  // TensorFlow asks for alignment 64; copies like 256
  static constexpr int region_count = 32;

  struct Region {
    std::vector<Allocation> slots;
    std::vector<std::uint32_t> free;  // the slot freed last is used first
  };

  explicit AddressSpace(os::ReservedRange range);

  os::ReservedRange range_;
  int region_log2_;
  std::array<Region, region_count> regions_;
  std::uint64_t next_id_ = 1;
};

}  // namespace evergpu::runtime
