#include "adapters/vulkan/cache_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <system_error>

#include "base/os.h"

namespace evergpu::adapters::vulkan {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t most_bytes = std::uint64_t{64} << 20;

struct Header {
  std::array<char, 8> format;  // changes with what the file means
  CacheKey key;
  std::uint64_t bytes;
  std::uint64_t checksum;
};
constexpr std::array<char, 8> format = {'e', 'v', 'e', 'r', 'g', 'p', 'u', '1'};

std::uint64_t checksum_of(std::span<const std::byte> bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const std::byte byte : bytes)
    hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3;
  return hash;
}

Status failure(const fs::path& path, std::string_view action) {
  return {Code::failed_precondition, fmt::format("'{}' cannot be {}", path.string(), action)};
}

}  // namespace

std::optional<std::vector<std::byte>> read_cache_file(const fs::path& path, const CacheKey& key) {
  std::ifstream file(path, std::ios::binary);
  Header header = {};
  if (!file.read(reinterpret_cast<char*>(&header), sizeof header)) return {};
  if (header.format != format || header.key != key || header.bytes > most_bytes) return {};
  std::vector<std::byte> bytes(header.bytes);
  if (!file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size())))
    return {};
  if (file.peek() != std::ifstream::traits_type::eof()) return {};
  if (checksum_of(bytes) != header.checksum) return {};
  return bytes;
}

Status write_cache_file(const fs::path& path, const CacheKey& key,
                        std::span<const std::byte> bytes) {
  if (bytes.size() > most_bytes) return failure(path, "that large");
  std::error_code error;
  const fs::path folder = path.parent_path();
  if (!fs::exists(folder, error)) {
    fs::create_directories(folder, error);
    if (!error) fs::permissions(folder, fs::perms::owner_all, error);
  }
  if (error) return failure(folder, "made");
  const fs::path fresh = folder / fmt::format("{}.{}", path.filename().string(), os::process_id());
  {
    std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
    fs::permissions(fresh, fs::perms::owner_read | fs::perms::owner_write, error);
    const Header header = {format, key, bytes.size(), checksum_of(bytes)};
    file.write(reinterpret_cast<const char*>(&header), sizeof header);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) error = std::make_error_code(std::errc::io_error);
  }
  if (!error) fs::rename(fresh, path, error);
  if (!error) return {};
  std::error_code ignored;
  fs::remove(fresh, ignored);
  return failure(path, "written");
}

}  // namespace evergpu::adapters::vulkan
