// The limits that Linux control groups (containers, systemd slices) put on this process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>

namespace evergpu::os {

/// The tightest limit on the way from this process's groups up to their roots.
struct CgroupLimits {
  static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t memory_bytes = unlimited;
  double cores = std::numeric_limits<double>::infinity();
};

/// Reads /proc and the mounted cgroup file systems, v2 and v1, below `root` ("/" but in tests).
/// What cannot be read limits nothing. man 7 cgroups.
CgroupLimits read_cgroup_limits(const std::filesystem::path& root);

}  // namespace evergpu::os
