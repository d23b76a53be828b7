// Where bytes lie in one of the few allocations that blocks are cut from.
#pragma once

#include <cstdint>

namespace evergpu::adapters::vulkan {

class Chunk;

/// Bytes of a chunk.
struct Span {
  const Chunk* chunk = nullptr;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

}  // namespace evergpu::adapters::vulkan
