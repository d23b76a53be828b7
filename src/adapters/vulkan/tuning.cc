#include "adapters/vulkan/tuning.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <type_traits>

#include "adapters/vulkan/cache_place.h"

namespace evergpu::adapters::vulkan {
namespace {

constexpr std::string_view extension = ".tiles";

// What stands in the file. `version` changes with what its words mean, and with kernels that are
// so different that they must be measured again.
struct Words {
  std::uint32_t version;
  std::array<std::uint32_t, 6> product;
  std::array<std::uint32_t, 6> convolution;
  std::array<std::uint32_t, 2> loop;
  std::array<std::uint32_t, 5> winograd;
};
static_assert(std::is_trivially_copyable_v<Words> && sizeof(Words) == 20 * sizeof(std::uint32_t));
constexpr std::uint32_t version = 3;

// The first word says which kind of tile it is.
std::array<std::uint32_t, 6> words_of(const RegisterTile& tile) {
  return {0,
          tile.rows,
          tile.columns,
          tile.invocations,
          tile.depth,
          static_cast<std::uint32_t>(tile.binding)};
}
std::array<std::uint32_t, 6> words_of(const SharedTile& tile) {
  return {1, tile.rows, tile.columns, tile.rows_across, tile.columns_across, tile.depth};
}
std::array<std::uint32_t, 6> words_of(const ContractionTile& tile) {
  const auto* const block = std::get_if<RegisterTile>(&tile);
  return block != nullptr ? words_of(*block) : words_of(std::get<SharedTile>(tile));
}
std::array<std::uint32_t, 2> words_of(const LoopTile& tile) {
  return {tile.invocations, tile.points};
}
std::array<std::uint32_t, 5> words_of(const Winograd& choice) {
  return {std::bit_cast<std::uint32_t>(choice.pair_cost),
          std::bit_cast<std::uint32_t>(choice.channel_cost), choice.rows, choice.tiles,
          choice.block_bytes};
}

// The one of `tiles` that has these words, where the device takes it.
template <typename Tile, typename Numbers>
std::optional<Tile> found(std::span<const Tile> tiles, const Numbers& words,
                          const Capabilities& can) {
  const auto at = std::find_if(tiles.begin(), tiles.end(), [&](const Tile& tile) {
    return words_of(tile) == words && fits(tile, can);
  });
  return at == tiles.end() ? std::optional<Tile>() : *at;
}
std::optional<ContractionTile> found_contraction(const std::array<std::uint32_t, 6>& words,
                                                 const Capabilities& can) {
  if (const auto block = found(register_tiles(), words, can)) return *block;
  if (const auto shared = found(shared_tiles(), words, can)) return *shared;
  return {};
}

}  // namespace

std::optional<Tiles> remembered_tiles(const PhysicalDevice& device) {
  const std::optional<CachePlace> place = cache_place(device, extension);
  if (!place) return {};
  const auto bytes = read_cache_file(place->path, place->key);
  Words words = {};
  if (!bytes || bytes->size() != sizeof words) return {};
  std::memcpy(&words, bytes->data(), sizeof words);
  if (words.version != version) return {};
  const Capabilities& can = device.capabilities;
  const auto product = found_contraction(words.product, can);
  const auto convolution = found_contraction(words.convolution, can);
  const auto loop = found(loop_tiles(), words.loop, can);
  const auto winograd = found(winograd_choices(), words.winograd, can);
  if (!product || !convolution || !loop || !winograd) return {};
  return Tiles{*product, *convolution, *loop, *winograd,
               matrix_tile(device, device.kind != DeviceKind::software)};
}

Status can_remember(const PhysicalDevice& device) {
  if (cache_place(device, extension)) return {};
  return {Code::failed_precondition,
          "there is no folder to remember anything in; EVERGPU_VULKAN_CACHE can name one"};
}

Status remember_tiles(const PhysicalDevice& device, const Tiles& tiles) {
  EVERGPU_RETURN_IF_ERROR(can_remember(device));
  const std::optional<CachePlace> place = cache_place(device, extension);
  const Words words = {version, words_of(tiles.product), words_of(tiles.convolution),
                       words_of(tiles.loop), words_of(tiles.winograd)};
  return write_cache_file(place->path, place->key, std::as_bytes(std::span(&words, 1)));
}

Result<bool> forget_tiles(const PhysicalDevice& device) {
  const std::optional<CachePlace> place = cache_place(device, extension);
  if (!place) return false;
  std::error_code error;
  const bool was_there = std::filesystem::remove(place->path, error);
  if (!error) return was_there;
  return Status(Code::failed_precondition,
                fmt::format("'{}' cannot be removed: {}", place->path.string(), error.message()));
}

}  // namespace evergpu::adapters::vulkan
