// What one kernel's executable sees while it is launched: dispatches with their buffers and
// arguments, and scratch memory.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "adapters/adapter.h"
#include "adapters/vulkan/pipeline.h"

namespace evergpu::adapters::vulkan {

class CommandQueue;
class MemoryPool;

/// A buffer that a dispatch reads, writes, or both. The region's offset is a multiple of
/// Capabilities::buffer_alignment. No byte outside [offset, offset + bytes) is changed, or read but
/// as a part of a 32-bit word.
struct BufferUse {
  enum class Access : std::uint8_t { read, write, read_write };
  Region region;
  std::size_t bytes = 0;
  Access access = Access::read;
};

/// Workgroups along x, y and z.
using Groups = std::array<std::uint32_t, 3>;

/// At least `count` workgroups, over x and y since each axis is limited. Code finds its number as
/// gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x, and must leave when it is not below
/// `count`. Many short rows, since a dispatch is cut into pieces between them.
Groups spread_groups(std::uint64_t count);

class Encoder {
 public:
  /// `work` is the kernel's, as compiler::work_of says.
  Encoder(CommandQueue& queue, MemoryPool& memory, std::uint64_t work)
      : queue_(queue), memory_(memory), work_(work) {}
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  /// One dispatch. `arguments` are copied and bound as readonly storage buffer 0 (std430
  /// `uint arguments[]`); `buffers` are storage buffers 1, 2, … It runs after all earlier
  /// dispatches that it shares bytes with. A dispatch of no workgroups does nothing. It has one of
  /// `work_parts` equal parts of the kernel's work.
  Status dispatch(const Pipeline& pipeline, std::span<const BufferUse> buffers,
                  std::span<const std::uint32_t> arguments, Groups groups,
                  std::uint64_t work_parts = 1);

  /// Device memory that is this kernel's until it has run.
  Result<Region> scratch(std::size_t bytes);

  /// Fills bytes (a multiple of 4, at an offset that is a multiple of 4) with a repeated word.
  Status fill(Region region, std::size_t bytes, std::uint32_t word);
  /// Copies bytes between regions that do not overlap.
  Status copy(Region to, Region from, std::size_t bytes);

 private:
  CommandQueue& queue_;
  MemoryPool& memory_;
  const std::uint64_t work_;
  std::vector<std::unique_ptr<Memory>> scratch_;
};

}  // namespace evergpu::adapters::vulkan
