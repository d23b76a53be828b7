// Device memory: blocks cut from few large allocations, each covered by one storage buffer.
//
// A freed block may be handed out again at once, even while kernels that use it are in flight: all
// work goes through one queue in order, and the queue orders accesses to the same bytes of a chunk.
// With red zones it is kept back until all is idle, and chunks lie where the host sees them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "adapters/adapter.h"
#include "adapters/vulkan/pipeline.h"
#include "adapters/vulkan/red_zones.h"
#include "adapters/vulkan/span.h"

namespace evergpu::adapters::vulkan {

/// One allocation of Vulkan's, with a buffer over all of it.
class Chunk {
 public:
  /// Memory of a type that has all of `flags`; the preferred types are tried first.
  static Result<std::unique_ptr<Chunk>> create(const std::shared_ptr<const Context>& context,
                                               std::uint64_t bytes, VkMemoryPropertyFlags flags,
                                               VkMemoryPropertyFlags preferred);
  ~Chunk();
  Chunk(const Chunk&) = delete;
  Chunk& operator=(const Chunk&) = delete;

  VkBuffer buffer() const { return buffer_; }
  std::uint64_t bytes() const { return bytes_; }
  /// Where kernels see it; 0 where the device has no addresses.
  VkDeviceAddress address() const { return address_; }
  /// Where the host sees it; null where it does not.
  std::byte* mapped() const { return mapped_; }

 private:
  explicit Chunk(std::shared_ptr<const Context> context) : context_(std::move(context)) {}

  std::shared_ptr<const Context> context_;
  std::uint64_t bytes_ = 0;
  VkBuffer buffer_ = VK_NULL_HANDLE;
  VkDeviceMemory memory_ = VK_NULL_HANDLE;
  VkDeviceAddress address_ = 0;
  std::byte* mapped_ = nullptr;
};

/// Cuts chunks into blocks: best fit, neighbours merge when they are freed.
class MemoryPool : public std::enable_shared_from_this<MemoryPool> {
 public:
  /// With red zones around blocks where the context asks for them.
  MemoryPool(std::shared_ptr<const Context> context, std::uint64_t limit);

  /// resource_exhausted when the limit or the device's memory is reached.
  Result<std::unique_ptr<Memory>> allocate(std::size_t bytes);

  /// Bytes taken from Vulkan.
  std::uint64_t chunk_bytes() const { return chunk_bytes_; }
  /// Bytes in blocks that are handed out.
  std::uint64_t used_bytes() const { return used_bytes_; }
  /// Null where there are none.
  RedZones* red_zones() const { return red_zones_.get(); }
  /// Only when nothing is in flight. `internal` when memory between blocks has changed; nothing is
  /// done where there are no red zones.
  Status check_red_zones();
  /// Whether a chunk holds no block: release_unused() would free memory.
  bool has_unused() const;
  /// Gives chunks without blocks back to Vulkan. Only when nothing is in flight.
  void release_unused();

 private:
  friend class VulkanMemory;
  struct Divided {
    std::unique_ptr<Chunk> chunk;
    std::map<std::uint64_t, std::uint64_t> free;  // offset → bytes
  };

  std::unique_ptr<Memory> take(Divided& from, std::size_t bytes, std::uint64_t block_bytes);
  void give_back(const Span& taken);
  void release(const Span& taken);

  const std::shared_ptr<const Context> context_;
  const std::uint64_t limit_;
  const std::unique_ptr<RedZones> red_zones_;
  std::vector<std::unique_ptr<Divided>> chunks_;
  std::uint64_t chunk_bytes_ = 0;
  std::uint64_t used_bytes_ = 0;
};

/// A block of a chunk; it goes back to its pool, which lives as long as its blocks.
class VulkanMemory final : public Memory {
 public:
  /// `block` is what kernels may use of `taken`.
  VulkanMemory(std::shared_ptr<MemoryPool> pool, std::size_t bytes, const Span& block,
               const Span& taken)
      : pool_(std::move(pool)), bytes_(bytes), block_(block), taken_(taken) {}
  ~VulkanMemory() override { pool_->give_back(taken_); }

  std::size_t bytes() const override { return bytes_; }
  const Chunk& chunk() const { return *block_.chunk; }
  /// Where the block begins in its chunk.
  std::uint64_t offset() const { return block_.offset; }
  /// All of the block: its bytes, and what fills up the last of its words, at least.
  const Span& block() const { return block_; }

 private:
  std::shared_ptr<MemoryPool> pool_;
  std::size_t bytes_;
  Span block_;
  Span taken_;
};

/// `bytes` of a region; `internal` when they do not lie in its memory.
Result<Span> span_of(Region region, std::size_t bytes);

}  // namespace evergpu::adapters::vulkan
