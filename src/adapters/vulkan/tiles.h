// How contractions are divided among invocations: the table of tile shapes by class of device.
#pragma once

#include <algorithm>
#include <cstdint>

namespace evergpu::adapters::vulkan {

/// A block of sums that one invocation holds in registers, and how many invocations share its rows.
struct RegisterTile {
  std::uint32_t rows;
  std::uint32_t columns;
  std::uint32_t invocations;

  std::int64_t width() const { return std::int64_t{columns} * invocations; }
};

/// A workgroup's tile in shared memory.
struct SharedTile {
  std::uint32_t rows;  // of an invocation
  std::uint32_t columns;
  std::uint32_t rows_across;  // invocations along the rows
  std::uint32_t columns_across;
  std::uint32_t depth;
};

/// Software rasterisers: invocations are lanes of a vector unit and shared memory is memory like
/// any other. Elements that all lanes read are loaded once.
inline constexpr RegisterTile software_tile{16, 8, 8};
/// GPUs, for convolutions. Their caches serve the rows that invocations share.
inline constexpr RegisterTile gpu_tile{8, 2, 32};
/// GPUs, for matrix products: 17 KiB of shared memory at most (f64), which every device has.
inline constexpr SharedTile gpu_shared_tile{4, 4, 16, 16, 16};

/// A tile no wider than `columns` needs.
inline RegisterTile fitted(RegisterTile tile, std::int64_t columns) {
  while (tile.columns > 1 && tile.width() / 2 >= columns) tile.columns /= 2;
  return tile;
}

/// Into how many parts a sum of `depth` terms is cut when there are only `tiles` tiles: enough for
/// `wanted` workgroups, and each of `least` terms or more.
inline std::int64_t parts_of(std::int64_t tiles, std::int64_t depth, std::int64_t wanted,
                             std::int64_t least) {
  return std::clamp<std::int64_t>(wanted / std::max<std::int64_t>(tiles, 1), 1,
                                  std::max<std::int64_t>(depth / least, 1));
}

}  // namespace evergpu::adapters::vulkan
