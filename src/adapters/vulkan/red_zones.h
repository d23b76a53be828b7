// Red zones (EVERGPU_RED_ZONES=1): bytes before and after each block of memory that no kernel may
// change. The host fills and compares them, so a kernel that does is found at the next wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "adapters/adapter.h"
#include "adapters/vulkan/span.h"

namespace evergpu::adapters::vulkan {

/// The zones of all blocks that were cut from memory which the host sees.
class RedZones {
 public:
  /// Of one zone, at least: what is left of a block's last unit of alignment belongs to the second.
  static constexpr std::uint64_t zone_bytes = 1024;

  /// Fills the zones of `taken`, whose bytes [zone_bytes, zone_bytes + bytes) are the block's own.
  /// No command in flight uses any of it.
  void add(const Span& taken, std::size_t bytes);
  /// Nobody owns the block any more, but commands in flight may use it until the next check.
  void retire(const Span& taken);
  bool has_retired() const { return has_retired_; }
  /// A kernel was launched; a message about a block names the last that wrote to it.
  void note(std::string kernel, std::span<const Region> outputs);

  /// Compares all zones; nothing is in flight. Retired blocks go to `release`. `internal` names the
  /// first block whose zones have changed since the last check; they are filled again, so that a
  /// change is told once.
  Status check(const std::function<void(const Span&)>& release);

 private:
  using Place = std::pair<const Chunk*, std::uint64_t>;  // where what was taken begins
  struct Block {
    std::uint64_t taken_bytes = 0;
    std::size_t bytes = 0;
    std::uint32_t word = 0;  // what its zones are filled with
    bool retired = false;
  };
  struct Launch {
    std::string kernel;
    std::vector<Place> outputs;
  };

  std::string kernels_that_wrote(const Place& place) const;

  std::map<Place, Block> blocks_;
  std::vector<Launch> launches_;  // since the last check
  std::uint32_t added_ = 0;
  bool has_retired_ = false;
};

}  // namespace evergpu::adapters::vulkan
