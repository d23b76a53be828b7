// Philox4x32-10: J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <array>
#include <cstdint>

namespace evergpu::ir {

using PhiloxBlock = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

/// The four random words that belong to `counter`.
constexpr PhiloxBlock philox_block(PhiloxBlock counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {
        static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
        static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

/// A stream of blocks as TensorFlow lays it out in memory: the key as u64[1], the 128-bit counter
/// as u64[2], low half first.
struct PhiloxStream {
  std::uint64_t key = 0;
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  /// The block `index` after the first.
  constexpr PhiloxBlock block(std::uint64_t index) const {
    const std::uint64_t sum = low + index;
    const std::uint64_t carried = high + (sum < low ? 1 : 0);
    return philox_block(
        {static_cast<std::uint32_t>(sum), static_cast<std::uint32_t>(sum >> 32),
         static_cast<std::uint32_t>(carried), static_cast<std::uint32_t>(carried >> 32)},
        {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)});
  }
};

}  // namespace evergpu::ir
