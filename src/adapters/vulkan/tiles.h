// How contractions are divided among invocations: the table of tile shapes by class of device.
#pragma once

#include <algorithm>
#include <cstdint>

#include "adapters/vulkan/pipeline.h"

namespace evergpu::adapters::vulkan {

/// A block of sums that one invocation holds in registers, how many invocations share its rows, how
/// many terms of a sum are read before they are added, and how operands are reached.
struct RegisterTile {
  std::uint32_t rows;
  std::uint32_t columns;
  std::uint32_t invocations;
  std::uint32_t depth;
  Binding binding;

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

/// How generated code is divided: invocations of a workgroup, and how many points of an iteration
/// space each computes where all points are apart from each other.
struct LoopTile {
  std::uint32_t invocations;
  std::uint32_t points;
};

/// Software rasterisers: as many invocations as a vector has lanes, so that a reduction's tree is
/// low, and enough points that a workgroup is worth its start.
inline constexpr LoopTile software_loop_tile{8, 64};
inline constexpr LoopTile gpu_loop_tile{256, 1};

/// Software rasterisers: invocations are lanes of a vector unit and shared memory is memory like
/// any other. Elements that all lanes read are loaded once. Both have the same blocks, and with
/// them the same order of sums.
inline constexpr RegisterTile software_tile{16, 8, 8, 1, Binding::descriptors};
inline constexpr RegisterTile software_address_tile{16, 8, 8, 8, Binding::addresses};
/// GPUs, for convolutions. Their caches serve the rows that invocations share.
inline constexpr RegisterTile gpu_tile{8, 2, 32, 1, Binding::descriptors};
/// GPUs, for matrix products: 17 KiB of shared memory at most (f64), which every device has.
inline constexpr SharedTile gpu_shared_tile{4, 4, 16, 16, 16};

/// The device's.
inline RegisterTile register_tile(const Context& context) {
  if (context.has_gpu_tiles()) return gpu_tile;
  return context.preferred_binding() == Binding::addresses ? software_address_tile : software_tile;
}

inline LoopTile loop_tile(const Context& context) {
  LoopTile tile = context.has_gpu_tiles() ? gpu_loop_tile : software_loop_tile;
  tile.invocations = std::min(tile.invocations, context.capabilities().max_workgroup_size);
  return tile;
}

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
