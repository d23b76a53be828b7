#include "system/source.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <system_error>

namespace evergpu::system {

namespace fs = std::filesystem;

std::optional<std::string> Source::read(const std::string& path) const {
  constexpr std::size_t most = 4 << 20;
  std::ifstream stream(locate(path), std::ios::binary);
  if (!stream) return std::nullopt;
  std::string text;
  std::array<char, 1 << 14> buffer;
  while (text.size() < most && stream) {
    stream.read(buffer.data(), buffer.size());
    text.append(buffer.data(), static_cast<std::size_t>(stream.gcount()));
  }
  return text;
}

bool Source::exists(const std::string& path) const {
  std::error_code error;
  return fs::exists(locate(path), error);
}

bool Source::is_folder(const std::string& path) const {
  std::error_code error;
  return fs::is_directory(locate(path), error);
}

std::vector<std::string> Source::names(const std::string& folder) const {
  std::vector<std::string> result;
  std::error_code error;
  const fs::directory_iterator end;
  for (fs::directory_iterator entry(locate(folder), error); !error && entry != end;
       entry.increment(error)) {
    const std::u8string name = entry->path().filename().u8string();
    result.emplace_back(name.begin(), name.end());
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::optional<std::string> Source::link_target(const std::string& path) const {
  std::error_code error;
  const fs::path target = fs::read_symlink(locate(path), error);
  if (error || target.empty()) return std::nullopt;
  return target.filename().string();
}

}  // namespace evergpu::system
