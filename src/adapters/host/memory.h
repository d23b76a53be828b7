// The host adapter's memory: aligned blocks from a pool, so that a training step finds the pages of
// the step before instead of faulting in fresh ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>

#include "adapters/adapter.h"

namespace evergpu::adapters::host {

/// Alignment of every block, in bytes: a cache line, and the longest vector.
inline constexpr std::size_t block_alignment = 64;

/// Blocks by size class; what is freed is kept for the next request of its class, or of one that is
/// a little smaller. A fresh block frees others: all together are at most an eighth more than was
/// handed out at one time, so what a process takes follows from what it has at once, not from how
/// many sizes it asks for. Safe from any thread.
class MemoryPool : public std::enable_shared_from_this<MemoryPool> {
 public:
  /// At most `limit` bytes are handed out; kept blocks count against it too, but go first. With
  /// `poison` fresh blocks hold the bytes 0xFF (a NaN in every float dtype).
  MemoryPool(std::size_t limit, bool poison) : limit_(limit), poison_(poison) {}
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  /// A block of at least `bytes`; resource_exhausted when there is no room.
  Result<std::unique_ptr<Memory>> allocate(std::size_t bytes);

  /// Bytes in blocks that are handed out.
  std::size_t used_bytes() const;
  /// Bytes in blocks that are kept for reuse.
  std::size_t kept_bytes() const;

  /// The size of the block that holds `bytes`: steps of an eighth of a power of two.
  static std::size_t class_of(std::size_t bytes);

 private:
  friend class HostMemory;
  struct Kept {
    std::byte* data;
    std::uint64_t stamp;  // when it was given back; the oldest block goes first
  };

  // Kept blocks that serve a request, or the end.
  std::map<std::size_t, std::deque<Kept>>::iterator find_kept(std::size_t block_bytes);
  void give_back(std::byte* data, std::size_t block_bytes);
  // Frees kept blocks, oldest first, until at most `bytes` are kept.
  void trim(std::size_t bytes);

  const std::size_t limit_;
  const bool poison_;
  mutable std::mutex mutex_;
  std::map<std::size_t, std::deque<Kept>> kept_;
  std::size_t used_bytes_ = 0;
  std::size_t most_used_bytes_ = 0;  // when a fresh block was handed out
  std::size_t kept_bytes_ = 0;
  std::uint64_t stamps_ = 0;
};

/// A block; it goes back to its pool, which lives as long as its blocks.
class HostMemory final : public Memory {
 public:
  HostMemory(std::shared_ptr<MemoryPool> pool, std::byte* data, std::size_t bytes,
             std::size_t block_bytes)
      : pool_(std::move(pool)), data_(data), bytes_(bytes), block_bytes_(block_bytes) {}
  ~HostMemory() override;

  std::size_t bytes() const override { return bytes_; }
  std::byte* data() const { return data_; }

 private:
  std::shared_ptr<MemoryPool> pool_;
  std::byte* data_;
  std::size_t bytes_;
  std::size_t block_bytes_;
};

}  // namespace evergpu::adapters::host
