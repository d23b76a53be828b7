#include "adapters/vulkan/tiles.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace evergpu::adapters::vulkan {
namespace {

// Software rasterisers: invocations are lanes of a vector unit and shared memory is memory like any
// other. Elements that all lanes read are loaded once. Both have the same blocks, and with them the
// same order of sums.
constexpr RegisterTile software_tile{16, 8, 8, 1, Binding::descriptors};
constexpr RegisterTile software_address_tile{16, 8, 8, 8, Binding::addresses};
// GPUs: the first that fits. The small one has 64 invocations and 9.1 KiB (f64), which every device
// has.
constexpr SharedTile gpu_shared_tile{4, 4, 16, 16, 16};
constexpr SharedTile small_shared_tile{4, 4, 8, 8, 16};

// Sums of a subgroup along either side of a tile of cooperative matrices, and terms at a time.
constexpr std::uint32_t subgroup_extent = 32;

// Software rasterisers: as many invocations as a vector has lanes, so that a reduction's tree is
// low, and enough points that a workgroup is worth its start.
constexpr LoopTile software_loop_tile{8, 64};
constexpr LoopTile gpu_loop_tile{256, 1};

// Costs are infinite where the method is out of the question, or asked for.
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr Winograd no_winograd{infinity, 0, 0, 1, 1U << 20U};
constexpr Winograd all_winograd{-infinity, 0, 28, 3, 1U << 18U};
// Software rasterisers, measured: transforming a tile's channel takes as long as 160 to 200
// multiplications, but with few channels the direct method is as slow as its tiles are empty.
constexpr Winograd software_winograd{256, 40, 28, 8, 8U << 20U};
// GPUs, a guess: from 64 channels on, as Lavin and Gray measured it on layers of 64 to 512; ncnn's
// Vulkan layer takes the method from 16.
constexpr Winograd gpu_winograd{512, 512, 0, 1, 32U << 20U};

constexpr RegisterTile all_register_tiles[] = {
    software_tile,
    software_address_tile,
    {8, 2, 32, 1, Binding::descriptors},
    {8, 8, 8, 1, Binding::descriptors},
    {8, 8, 8, 8, Binding::addresses},
    {8, 4, 16, 8, Binding::addresses},
    {4, 4, 32, 1, Binding::descriptors},
    {8, 4, 32, 1, Binding::descriptors},
    {8, 4, 32, 4, Binding::addresses},
    {8, 2, 64, 1, Binding::descriptors},
};
constexpr SharedTile all_shared_tiles[] = {
    gpu_shared_tile, small_shared_tile, {8, 8, 8, 8, 8}, {4, 8, 16, 16, 16}, {8, 8, 16, 16, 8},
};
constexpr LoopTile all_loop_tiles[] = {
    software_loop_tile, gpu_loop_tile, {8, 16}, {32, 8}, {64, 4}, {128, 1}, {256, 4}, {512, 1},
};
constexpr Winograd all_winograd_choices[] = {software_winograd, gpu_winograd, no_winograd};

}  // namespace

std::optional<MatrixTile> matrix_tile(const PhysicalDevice& device, bool for_gpu) {
  const Matrices& matrices = device.capabilities.matrices;
  if (matrices.m == 0) return {};
  // A software rasteriser switches between subgroups at each barrier.
  const std::uint32_t across = for_gpu ? 2 : 1;
  const MatrixTile tile{subgroup_extent / matrices.m,
                        subgroup_extent / matrices.n,
                        across,
                        across,
                        subgroup_extent,
                        matrices};
  return fits(tile, device.capabilities) ? std::optional(tile) : std::nullopt;
}

Tiles default_tiles(const PhysicalDevice& device, bool for_gpu) {
  const RegisterTile software = device.has_fast_addresses ? software_address_tile : software_tile;
  const SharedTile shared =
      fits(gpu_shared_tile, device.capabilities) ? gpu_shared_tile : small_shared_tile;
  Tiles tiles = for_gpu ? Tiles{shared, shared, gpu_loop_tile, gpu_winograd}
                        : Tiles{software, software, software_loop_tile, software_winograd};
  tiles.matrix = matrix_tile(device, for_gpu);
  tiles.loop.invocations = std::min(tiles.loop.invocations, device.capabilities.max_workgroup_size);
  return tiles;
}

std::span<const RegisterTile> register_tiles() { return all_register_tiles; }
std::span<const SharedTile> shared_tiles() { return all_shared_tiles; }
std::span<const LoopTile> loop_tiles() { return all_loop_tiles; }

std::span<const Winograd> winograd_choices() { return all_winograd_choices; }

Winograd never_winograd() { return no_winograd; }
Winograd always_winograd() { return all_winograd; }

Binding binding_of(const ContractionTile& tile) {
  const auto* const block = std::get_if<RegisterTile>(&tile);
  return block != nullptr ? block->binding : Binding::descriptors;
}

ContractionTile fitted(ContractionTile tile, std::int64_t columns) {
  std::visit(
      [columns](auto& block) {
        while (block.columns > 1 && block.width() / 2 >= columns) block.columns /= 2;
      },
      tile);
  return tile;
}

bool fits(const RegisterTile& tile, const Capabilities& can) {
  // Words that hold bytes are reached through descriptors alone.
  return tile.invocations <= can.max_workgroup_size &&
         (tile.binding == Binding::descriptors || (can.device_addresses && can.storage_8bit));
}

bool fits(const SharedTile& tile, const Capabilities& can) {
  // As kernels/shared_tile.glsl has them, and kernels/convolution_shared.comp their places.
  const std::int64_t elements = tile.depth * (tile.height() + 1 + tile.width() + 1);
  const std::int64_t words = 4 * tile.height() + 5 * std::int64_t{tile.depth};
  return tile.invocations() <= can.max_workgroup_size &&
         elements * static_cast<std::int64_t>(sizeof(double)) +
                 words * static_cast<std::int64_t>(sizeof(std::uint32_t)) <=
             can.shared_bytes;
}

bool fits(const MatrixTile& tile, const Capabilities& can) {
  // As kernels/shared_tile.glsl and kernels/matrix_sums.glsl have them, and
  // kernels/convolution_shared.comp its places.
  const std::int64_t halves = tile.depth * (tile.height() + 8 + tile.width() + 8);
  const std::int64_t sums =
      std::int64_t{tile.subgroups_down} * tile.subgroups_across * tile.matrices.m * tile.matrices.n;
  const std::int64_t words = 4 * tile.height() + 5 * std::int64_t{tile.depth} + sums;
  return tile.invocations() <= can.max_workgroup_size && halves * 2 + words * 4 <= can.shared_bytes;
}

bool fits(const ContractionTile& tile, const Capabilities& can) {
  return std::visit([&](const auto& alternative) { return fits(alternative, can); }, tile);
}

bool fits(const LoopTile& tile, const Capabilities& can) {
  return tile.invocations <= can.max_workgroup_size;
}

bool fits(const Winograd& /*choice*/, const Capabilities& /*can*/) { return true; }

std::string in_words(const RegisterTile& tile) {
  return fmt::format("{} x {} sums, {} of them in an invocation, {} term{} at a time, {}",
                     tile.height(), tile.width(), tile.rows * tile.columns, tile.depth,
                     tile.depth == 1 ? "" : "s",
                     tile.binding == Binding::addresses ? "addresses" : "descriptors");
}

std::string in_words(const SharedTile& tile) {
  return fmt::format("{} x {} sums, {} of them in an invocation, {} terms in shared memory",
                     tile.height(), tile.width(), tile.rows * tile.columns, tile.depth);
}

std::string in_words(const MatrixTile& tile) {
  return fmt::format(
      "{} x {} sums, {} matrices of {} x {} in a subgroup, {} terms in shared memory",
      tile.height(), tile.width(), tile.rows * tile.columns, tile.matrices.m, tile.matrices.n,
      tile.depth);
}

std::string in_words(const ContractionTile& tile) {
  return std::visit([](const auto& alternative) { return in_words(alternative); }, tile);
}

std::string in_words(const LoopTile& tile) {
  return fmt::format("{} invocations, {} point{} each", tile.invocations, tile.points,
                     tile.points == 1 ? "" : "s");
}

std::string in_words(const Winograd& choice) {
  if (std::isinf(choice.pair_cost))
    return choice.pair_cost > 0 ? "the direct method" : "Winograd's method";
  return fmt::format("Winograd's method, its transforms taken for {} and {} multiplications",
                     choice.pair_cost, choice.channel_cost);
}

}  // namespace evergpu::adapters::vulkan
