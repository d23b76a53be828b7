#include "adapters/host/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

namespace evergpu::adapters::host {
namespace {

// From this size on a kept block that is larger than asked for serves, by at most a quarter: arenas
// of plans that differ a little share one.
constexpr std::size_t large_block = 1 << 20;
// All blocks together are at most one part in so many larger than what was handed out at one time.
constexpr std::size_t parts_of_most = 8;

void free_block(std::byte* data) { ::operator delete(data, std::align_val_t(block_alignment)); }

}  // namespace

HostMemory::~HostMemory() { pool_->give_back(data_, block_bytes_); }

MemoryPool::~MemoryPool() { trim(0); }

std::size_t MemoryPool::class_of(std::size_t bytes) {
  const std::size_t power = std::bit_floor(std::max<std::size_t>(bytes, 1));
  const std::size_t step = std::max(power / 8, block_alignment);
  return (std::max<std::size_t>(bytes, 1) + step - 1) / step * step;
}

Result<std::unique_ptr<Memory>> MemoryPool::allocate(std::size_t bytes) {
  const auto no_room = [&](std::size_t used) {
    return resource_exhausted(
        fmt::format("no room for {} bytes: {} of the {} bytes this device may use are taken; try a "
                    "smaller batch",
                    bytes, used, limit_));
  };
  const std::scoped_lock lock(mutex_);
  if (bytes > limit_) return no_room(used_bytes_);
  std::size_t block_bytes = class_of(bytes);
  std::byte* data = nullptr;
  if (const auto found = find_kept(block_bytes); found != kept_.end()) {
    block_bytes = found->first;
    data = found->second.back().data;  // the most recent one is likeliest in the cache
    found->second.pop_back();
    if (found->second.empty()) kept_.erase(found);
    kept_bytes_ -= block_bytes;
  } else {
    if (used_bytes_ + block_bytes > limit_) return no_room(used_bytes_);
    const std::size_t used = used_bytes_ + block_bytes;
    most_used_bytes_ = std::max(most_used_bytes_, used);
    const std::size_t most = most_used_bytes_ + most_used_bytes_ / parts_of_most;
    trim(std::min(most, limit_) - used);
    const auto get = [&] {
      return static_cast<std::byte*>(
          ::operator new(block_bytes, std::align_val_t(block_alignment), std::nothrow));
    };
    data = get();
    if (data == nullptr) {
      trim(0);
      data = get();
    }
    if (data == nullptr) return no_room(used_bytes_);
  }
  used_bytes_ += block_bytes;
  if (poison_) std::memset(data, 0xff, block_bytes);
  return std::unique_ptr<Memory>(
      std::make_unique<HostMemory>(shared_from_this(), data, bytes, block_bytes));
}

std::map<std::size_t, std::deque<MemoryPool::Kept>>::iterator MemoryPool::find_kept(
    std::size_t block_bytes) {
  const auto found = kept_.lower_bound(block_bytes);
  if (found == kept_.end() || found->first == block_bytes) return found;
  const bool serves = block_bytes >= large_block && found->first <= block_bytes + block_bytes / 4;
  return serves ? found : kept_.end();
}

void MemoryPool::give_back(std::byte* data, std::size_t block_bytes) {
  const std::scoped_lock lock(mutex_);
  used_bytes_ -= block_bytes;
  kept_bytes_ += block_bytes;
  kept_[block_bytes].push_back({data, stamps_++});
  trim(limit_ / 4);
}

void MemoryPool::trim(std::size_t bytes) {
  while (kept_bytes_ > bytes) {
    const auto oldest = std::min_element(kept_.begin(), kept_.end(), [](auto& a, auto& b) {
      return a.second.front().stamp < b.second.front().stamp;
    });
    free_block(oldest->second.front().data);
    kept_bytes_ -= oldest->first;
    oldest->second.pop_front();
    if (oldest->second.empty()) kept_.erase(oldest);
  }
}

std::size_t MemoryPool::used_bytes() const {
  const std::scoped_lock lock(mutex_);
  return used_bytes_;
}

std::size_t MemoryPool::kept_bytes() const {
  const std::scoped_lock lock(mutex_);
  return kept_bytes_;
}

}  // namespace evergpu::adapters::host
