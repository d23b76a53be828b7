#include "adapters/vulkan/cache_place.h"

#include <fmt/format.h>

#include <cstring>

#include "base/os.h"

namespace evergpu::adapters::vulkan {
namespace {

namespace fs = std::filesystem;

std::optional<fs::path> cache_folder() {
  if (const auto given = os::environment("EVERGPU_VULKAN_CACHE"); given && !given->empty()) {
    if (*given == "off") return {};
    return fs::path(*given);
  }
  if (const auto folder = os::cache_folder()) return *folder / "vulkan";
  return {};
}

}  // namespace

std::optional<CachePlace> cache_place(const PhysicalDevice& device, std::string_view extension) {
  const std::optional<fs::path> folder = cache_folder();
  if (!folder) return {};
  CachePlace place;
  static_assert(sizeof place.key == 2 * VK_UUID_SIZE);
  std::memcpy(place.key.data(), device.cache_uuid.data(), VK_UUID_SIZE);
  std::memcpy(place.key.data() + VK_UUID_SIZE, device.driver_uuid.data(), VK_UUID_SIZE);
  std::string name;
  for (const std::uint8_t byte : place.key) name += fmt::format("{:02x}", byte);
  place.path = *folder / (name + std::string(extension));
  return place;
}

}  // namespace evergpu::adapters::vulkan
