// A file that keeps bytes from one process to the next, and gives them back only where they are
// whole and for whom they were made.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"

namespace evergpu::adapters::vulkan {

/// For whom bytes are: a device with its driver.
using CacheKey = std::array<std::uint8_t, 32>;

/// The bytes that were written for `key`; nothing when there is no such file, or it is damaged, or
/// another's, or larger than we write.
std::optional<std::vector<std::byte>> read_cache_file(const std::filesystem::path& path,
                                                      const CacheKey& key);

/// Replaces the file as a whole: who reads it meanwhile sees the old or the new one. Nobody but
/// the user may read or write it. More bytes than are worth keeping are refused.
Status write_cache_file(const std::filesystem::path& path, const CacheKey& key,
                        std::span<const std::byte> bytes);

}  // namespace evergpu::adapters::vulkan
