// A trial of Vulkan's drivers by a child process: one that crashes or hangs takes down that child,
// and not the program that wants to train.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "system/source.h"

namespace evergpu::system {

struct DriverTrial {
  /// The evergpu command; without it nothing is tried.
  std::filesystem::path command;
  /// Where outcomes are kept, a file for a set of drivers; without it each start tries them.
  std::optional<std::filesystem::path> folder;
  std::chrono::milliseconds limit = std::chrono::seconds(30);
};

struct TriedDrivers {
  /// Which driver crashed or hung, and how to have it tried again, a sentence without its full
  /// stop; empty where none did, or where nothing could be tried.
  std::string fault;
  /// The manifests of the others, as VK_DRIVER_FILES takes them; empty where there are none, or
  /// where drivers have no manifests (Windows).
  std::string others;
};

/// Has a child make an instance and a device of each GPU, once for these versions of the loader and
/// its drivers (their files' names, sizes and times) and these variables.
TriedDrivers try_vulkan_drivers(const Source& source, const DriverTrial& trial);

/// The evergpu command that was installed, or built, with the library at `library`; empty where
/// there is none.
std::filesystem::path command_beside(const std::filesystem::path& library);

}  // namespace evergpu::system
