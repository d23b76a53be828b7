// Which bytes the commands since the last barrier read and wrote: a command that shares bytes with
// them, one of both writing, needs a barrier before it. Where a byte is reached through the 32-bit
// word that holds it, the whole word counts.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "adapters/vulkan/memory.h"

namespace evergpu::adapters::vulkan {

class Hazards {
 public:
  /// Whether a command that reads or writes `span` must wait for an earlier one.
  bool conflicts(const Span& span, bool writes) const;
  void add(const Span& span, bool writes);
  /// After a barrier over all memory, nothing is left to wait for.
  void clear() { accesses_.clear(); }

 private:
  struct Access {
    std::uint64_t begin;
    std::uint64_t end;
    bool writes;
  };
  std::unordered_map<const Chunk*, std::vector<Access>> accesses_;
};

}  // namespace evergpu::adapters::vulkan
