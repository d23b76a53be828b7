// Where what is kept for a device with its driver lies.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "adapters/vulkan/cache_file.h"
#include "adapters/vulkan/instance.h"

namespace evergpu::adapters::vulkan {

struct CachePlace {
  std::filesystem::path path;
  CacheKey key = {};
};

/// The file with this extension (".bin") in the folder that EVERGPU_VULKAN_CACHE names, or else
/// where this system keeps what can be made again. Nothing where that is "off", or nowhere.
std::optional<CachePlace> cache_place(const PhysicalDevice& device, std::string_view extension);

}  // namespace evergpu::adapters::vulkan
