// Finds this process's control groups and reads their limits.
#include "base/cgroup.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace evergpu::os {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(const fs::path& file) {
  std::ifstream stream(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// The first numbers in a file; fewer where something else ("max", "-1") stands in their place.
std::vector<std::uint64_t> numbers_in(const fs::path& file) {
  std::ifstream stream(file);
  std::vector<std::uint64_t> numbers;
  for (std::string word; stream >> word;) {
    if (word.find_first_not_of("0123456789") != std::string::npos || word.size() > 19) break;
    numbers.push_back(std::stoull(word));
  }
  return numbers;
}

bool contains_name(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (list.substr(0, comma) == name) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

/// A mounted hierarchy: which part of it is visible, and where.
struct Mount {
  fs::path visible;
  fs::path at;
};

/// The mount of the v2 hierarchy (`controller` empty), or of a v1 controller. man 5 proc.
std::optional<Mount> find_mount(const fs::path& root, std::string_view controller) {
  for (const std::string& line : lines_of(root / "proc/self/mountinfo")) {
    const std::size_t separator = line.find(" - ");
    if (separator == std::string::npos) continue;
    std::string skipped, visible, at, type, source, options;
    std::istringstream(line) >> skipped >> skipped >> skipped >> visible >> at;
    std::istringstream(line.substr(separator + 3)) >> type >> source >> options;
    const bool found = controller.empty() ? type == "cgroup2"
                                          : type == "cgroup" && contains_name(options, controller);
    if (found) return Mount{visible, at};
  }
  return std::nullopt;
}

/// The path of this process's group in a hierarchy.
std::optional<fs::path> find_group(const fs::path& root, std::string_view controller) {
  for (const std::string& line : lines_of(root / "proc/self/cgroup")) {  // number:controllers:path
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string_view controllers =
        std::string_view(line).substr(first + 1, second - first - 1);
    const bool found =
        controller.empty() ? controllers.empty() : contains_name(controllers, controller);
    if (found) return fs::path(line.substr(second + 1));
  }
  return std::nullopt;
}

/// The folders of the process's group and of all groups around it that can be seen, innermost
/// first.
std::vector<fs::path> group_folders(const fs::path& root, std::string_view controller) {
  const std::optional<Mount> mount = find_mount(root, controller);
  const std::optional<fs::path> group = find_group(root, controller);
  if (!mount || !group) return {};
  const fs::path top = root / mount->at.relative_path();
  // Outside of what is visible, as in a container with its own mount but its host's names, the top
  // of the mount is the group.
  fs::path inside = group->lexically_relative(mount->visible);
  if (inside.empty() || *inside.begin() == ".." || inside == ".") inside.clear();
  std::vector<fs::path> folders;
  for (; !inside.empty(); inside = inside.parent_path()) folders.push_back(top / inside);
  folders.push_back(top);
  return folders;
}

}  // namespace

CgroupLimits read_cgroup_limits(const fs::path& root) {
  CgroupLimits limits;
  const auto limit_memory = [&](const fs::path& file) {
    const std::vector<std::uint64_t> bytes = numbers_in(file);
    if (!bytes.empty()) limits.memory_bytes = std::min(limits.memory_bytes, bytes[0]);
  };
  const auto limit_cores = [&](const std::vector<std::uint64_t>& quota, std::uint64_t period) {
    if (quota.empty() || period == 0) return;
    limits.cores =
        std::min(limits.cores, static_cast<double>(quota[0]) / static_cast<double>(period));
  };
  for (const fs::path& folder : group_folders(root, "")) {
    limit_memory(folder / "memory.max");
    const std::vector<std::uint64_t> quota_and_period = numbers_in(folder / "cpu.max");
    if (quota_and_period.size() == 2) limit_cores(quota_and_period, quota_and_period[1]);
  }
  for (const fs::path& folder : group_folders(root, "memory")) {
    limit_memory(folder / "memory.limit_in_bytes");
  }
  for (const fs::path& folder : group_folders(root, "cpu")) {
    const std::vector<std::uint64_t> period = numbers_in(folder / "cpu.cfs_period_us");
    limit_cores(numbers_in(folder / "cpu.cfs_quota_us"), period.empty() ? 0 : period[0]);
  }
  return limits;
}

}  // namespace evergpu::os
