// How contractions and loops are divided among invocations: shapes as data, what a device takes of
// them where nobody measured, and what `evergpu tune` tries.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "adapters/vulkan/instance.h"
#include "ir/dtype.h"

namespace evergpu::adapters::vulkan {

/// How a pipeline reaches its buffers.
enum class Binding : std::uint8_t {
  descriptors,  // storage buffers 1, 2, …
  addresses,    // 64-bit device addresses before the arguments
};

/// A block of sums that one invocation holds in registers, how many invocations share its rows, how
/// many terms of a sum are read before they are added, and how operands are reached.
struct RegisterTile {
  std::uint32_t rows;
  std::uint32_t columns;
  std::uint32_t invocations;
  std::uint32_t depth;
  Binding binding;

  std::int64_t height() const { return rows; }
  std::int64_t width() const { return std::int64_t{columns} * invocations; }
  friend bool operator==(const RegisterTile&, const RegisterTile&) = default;
};

/// A workgroup's tile in shared memory, whose operands are reached through descriptors.
struct SharedTile {
  std::uint32_t rows;  // of an invocation
  std::uint32_t columns;
  std::uint32_t rows_across;  // invocations along the rows
  std::uint32_t columns_across;
  std::uint32_t depth;

  std::uint32_t invocations() const { return rows_across * columns_across; }
  std::int64_t height() const { return std::int64_t{rows} * rows_across; }
  std::int64_t width() const { return std::int64_t{columns} * columns_across; }
  friend bool operator==(const SharedTile&, const SharedTile&) = default;
};

/// The same, multiplied by cooperative matrices: of f16 alone. They follow from the device, and
/// are no choice.
struct MatrixTile {
  std::uint32_t rows;  // matrices of sums of a subgroup
  std::uint32_t columns;
  std::uint32_t subgroups_down;
  std::uint32_t subgroups_across;
  std::uint32_t depth;
  Matrices matrices;

  std::uint32_t invocations() const { return subgroups_down * subgroups_across * matrices.lanes; }
  std::int64_t height() const { return std::int64_t{rows} * subgroups_down * matrices.m; }
  std::int64_t width() const { return std::int64_t{columns} * subgroups_across * matrices.n; }
  friend bool operator==(const MatrixTile&, const MatrixTile&) = default;
};

using ContractionTile = std::variant<RegisterTile, SharedTile, MatrixTile>;
/// How kernels without a tile do it that stand in for those with one.
Binding binding_of(const ContractionTile& tile);

/// How generated code is divided: invocations of a workgroup, and how many points of an iteration
/// space each computes where all points are apart from each other.
struct LoopTile {
  std::uint32_t invocations;
  std::uint32_t points;
  friend bool operator==(const LoopTile&, const LoopTile&) = default;
};

/// Which 3x3 convolutions go by Winograd's method: those it saves more multiplications than its
/// transforms cost, which are counted in as many. And how they do.
struct Winograd {
  float pair_cost;      // of the filter: of a channel in and a channel out
  float channel_cost;   // of a tile: of each of its channels, in and out
  std::uint32_t rows;   // at most, of a register tile that multiplies images; 0: the product's own
  std::uint32_t tiles;  // of a channel, that an invocation transforms
  std::uint32_t block_bytes;  // of tiles that are transformed at a time

  friend bool operator==(const Winograd&, const Winograd&) = default;
};

/// What a device computes with. The order of sums follows from it.
struct Tiles {
  ContractionTile product;
  ContractionTile convolution;
  LoopTile loop;
  Winograd winograd;
  std::optional<MatrixTile> matrix = {};  // of products and convolutions of f16, where there is one

  ContractionTile product_of(ir::DType dtype) const { return of(dtype, product); }
  ContractionTile convolution_of(ir::DType dtype) const { return of(dtype, convolution); }
  friend bool operator==(const Tiles&, const Tiles&) = default;

 private:
  ContractionTile of(ir::DType dtype, const ContractionTile& otherwise) const {
    return matrix && dtype == ir::DType::f16 ? *matrix : otherwise;
  }
};

/// The tile of a device that has cooperative matrices and room for it.
std::optional<MatrixTile> matrix_tile(const PhysicalDevice& device, bool for_gpu);

/// A device's where nobody measured; `for_gpu` asks for a GPU's.
Tiles default_tiles(const PhysicalDevice& device, bool for_gpu);

/// No convolution; and all that the method can compute, in blocks that small arrays have several
/// of.
Winograd never_winograd();
Winograd always_winograd();

/// What can be measured, all of which the kernels support.
std::span<const RegisterTile> register_tiles();
std::span<const SharedTile> shared_tiles();
std::span<const LoopTile> loop_tiles();
std::span<const Winograd> winograd_choices();

/// Whether a device takes a tile, for every dtype.
bool fits(const RegisterTile& tile, const Capabilities& can);
bool fits(const SharedTile& tile, const Capabilities& can);
bool fits(const MatrixTile& tile, const Capabilities& can);
bool fits(const ContractionTile& tile, const Capabilities& can);
bool fits(const LoopTile& tile, const Capabilities& can);
bool fits(const Winograd& choice, const Capabilities& can);

std::string in_words(const RegisterTile& tile);
std::string in_words(const SharedTile& tile);
std::string in_words(const MatrixTile& tile);
std::string in_words(const ContractionTile& tile);
std::string in_words(const LoopTile& tile);
std::string in_words(const Winograd& choice);

/// Rows and columns of sums.
inline std::pair<std::int64_t, std::int64_t> extents_of(const ContractionTile& tile) {
  return std::visit([](const auto& block) { return std::pair(block.height(), block.width()); },
                    tile);
}

/// A tile no wider than `columns` needs.
ContractionTile fitted(ContractionTile tile, std::int64_t columns);

/// Into how many parts a sum of `depth` terms is cut when there are only `tiles` tiles: enough for
/// `wanted` workgroups, and each of `least` terms or more.
inline std::int64_t parts_of(std::int64_t tiles, std::int64_t depth, std::int64_t wanted,
                             std::int64_t least) {
  return std::clamp<std::int64_t>(wanted / std::max<std::int64_t>(tiles, 1), 1,
                                  std::max<std::int64_t>(depth / least, 1));
}

}  // namespace evergpu::adapters::vulkan
