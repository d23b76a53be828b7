#include "adapters/vulkan/red_zones.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "adapters/vulkan/memory.h"

namespace evergpu::adapters::vulkan {
namespace {

constexpr std::size_t kernels_named = 4;

// A NaN in every float dtype, so that a sum over what was read outside shows too. Blocks next to
// each other differ: a kernel that copies too much would otherwise bring what is there already.
std::uint32_t word_of(std::uint32_t number) {
  return 0xfff1ff81U + (number % 15 << 16) + number % 127;
}

struct Zones {
  std::span<std::uint32_t> before;
  std::span<std::uint32_t> after;
};

Zones zones_of(const Chunk& chunk, std::uint64_t offset, std::uint64_t taken_bytes,
               std::size_t bytes) {
  auto* const words = reinterpret_cast<std::uint32_t*>(chunk.mapped() + offset);
  constexpr std::size_t zone_words = RedZones::zone_bytes / 4;
  return {{words, zone_words}, {words + zone_words + (bytes + 3) / 4, words + taken_bytes / 4}};
}

void fill(const Zones& zones, std::uint32_t word) {
  std::fill(zones.before.begin(), zones.before.end(), word);
  std::fill(zones.after.begin(), zones.after.end(), word);
}

// The byte of a changed word that differs from `word`, the first or the last of them.
std::int64_t changed_byte(std::uint32_t found, std::uint32_t word, bool last) {
  const auto differs = std::bit_cast<std::array<std::uint8_t, 4>>(found ^ word);
  const auto is_set = [](std::uint8_t byte) { return byte != 0; };
  return last ? 3 - (std::find_if(differs.rbegin(), differs.rend(), is_set) - differs.rbegin())
              : std::find_if(differs.begin(), differs.end(), is_set) - differs.begin();
}

// The changed byte that is nearest to the block, counted from where the block begins.
std::optional<std::int64_t> changed(const Zones& zones, std::uint32_t word, std::size_t bytes) {
  const auto differs = [&](std::uint32_t found) { return found != word; };
  if (const auto after = std::find_if(zones.after.begin(), zones.after.end(), differs);
      after != zones.after.end())
    return static_cast<std::int64_t>((bytes + 3) / 4 * 4) + (after - zones.after.begin()) * 4 +
           changed_byte(*after, word, false);
  if (const auto before = std::find_if(zones.before.rbegin(), zones.before.rend(), differs);
      before != zones.before.rend())
    return (before - zones.before.rbegin() + 1) * -4 + changed_byte(*before, word, true);
  return {};
}

}  // namespace

void RedZones::add(const Span& taken, std::size_t bytes) {
  const Block block = {taken.bytes, bytes, word_of(added_++)};
  fill(zones_of(*taken.chunk, taken.offset, taken.bytes, bytes), block.word);
  blocks_[{taken.chunk, taken.offset}] = block;
}

void RedZones::retire(const Span& taken) {
  blocks_[{taken.chunk, taken.offset}].retired = true;
  has_retired_ = true;
}

void RedZones::note(std::string kernel, std::span<const Region> outputs) {
  Launch launch{std::move(kernel), {}};
  for (const Region& output : outputs) {
    const auto& memory = static_cast<const VulkanMemory&>(*output.memory);
    launch.outputs.emplace_back(&memory.chunk(), memory.offset() - zone_bytes);
  }
  launches_.push_back(std::move(launch));
}

std::string RedZones::kernels_that_wrote(const Place& place) const {
  std::vector<std::string> names;
  const auto name = [&](const auto& is_wanted) {
    for (auto launch = launches_.rbegin(); launch != launches_.rend(); ++launch)
      if (names.size() < kernels_named && is_wanted(*launch)) names.push_back(launch->kernel);
  };
  name([&](const Launch& launch) {
    return std::find(launch.outputs.begin(), launch.outputs.end(), place) != launch.outputs.end();
  });
  if (!names.empty())
    return fmt::format("the last kernels that wrote to the block: {}", fmt::join(names, "; "));
  name([](const Launch&) { return true; });
  if (names.empty()) return "no kernel was launched";
  return fmt::format("no kernel wrote to the block; the last were: {}", fmt::join(names, "; "));
}

Status RedZones::check(const std::function<void(const Span&)>& release) {
  Status status;
  for (auto it = blocks_.begin(); it != blocks_.end();) {
    const auto& [chunk, offset] = it->first;
    const Block& block = it->second;
    const Zones zones = zones_of(*chunk, offset, block.taken_bytes, block.bytes);
    if (const auto at = changed(zones, block.word, block.bytes)) {
      if (status.ok()) {
        status = internal_error(fmt::format(
            "memory outside of any array has changed: byte {} of a block of {} bytes, which begins "
            "at byte {} of an allocation of {}. Since the wait before, latest first, {}",
            *at, block.bytes, offset + zone_bytes, chunk->bytes(), kernels_that_wrote(it->first)));
      }
      fill(zones, block.word);
    }
    if (block.retired) release({chunk, offset, block.taken_bytes});
    it = block.retired ? blocks_.erase(it) : std::next(it);
  }
  has_retired_ = false;
  launches_.clear();
  return status;
}

}  // namespace evergpu::adapters::vulkan
