#include "system/driver_trial.h"

#include <fmt/format.h>

#include <fstream>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/os.h"
#include "base/process.h"
#include "system/machine.h"
#include "system/probe.h"
#include "system/text.h"

namespace evergpu::system {
namespace {

namespace fs = std::filesystem;
using os::Child;

std::string text_of_path(const fs::path& path) {
  const std::u8string text = path.u8string();
  return {text.begin(), text.end()};
}

// A file as it is now: another version of a driver has another size or time, or another name behind
// its link.
std::string state_of(const Source& source, const std::string& path) {
  std::error_code error;
  const fs::path file = fs::canonical(source.locate(path), error);
  if (error) return path + " is not there\n";
  return fmt::format("{} {} {}\n", text_of_path(file), fs::file_size(file, error),
                     fs::last_write_time(file, error).time_since_epoch().count());
}

// All that another outcome could come from.
std::string state_of_drivers(const Source& source, const Vulkan& vulkan) {
  std::string state =
      fmt::format("evergpu {}\n", EVERGPU_VERSION) + state_of(source, vulkan.loader);
  for (const VulkanManifest& manifest : vulkan.manifests) {
    state += state_of(source, manifest.path);
    if (manifest.library_found) state += state_of(source, manifest.library_file);
  }
  for (const Gpu& gpu : examine_gpus(source))
    state += fmt::format("{} {} {}\n", gpu.pci_id, gpu.driver, gpu.driver_version);
  for (const char* name :
       {"VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_ADD_DRIVER_FILES", "VK_LOADER_DRIVERS_SELECT",
        "VK_LOADER_DRIVERS_DISABLE", "VK_LOADER_LAYERS_DISABLE", "VK_LOADER_LAYERS_ENABLE",
        "VK_INSTANCE_LAYERS"}) {
    if (const auto value = source.environment(name)) state += fmt::format("{}={}\n", name, *value);
  }
  return state;
}

std::string name_of_state(std::string_view state) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char character : state)
    hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3;
  return fmt::format("drivers-{:016x}.txt", hash);
}

// Two lines: the fault and the others.
std::optional<TriedDrivers> remembered(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  TriedDrivers tried;
  if (!std::getline(stream, tried.fault) || !std::getline(stream, tried.others))
    return std::nullopt;
  return tried;
}

// Others may write the same file meanwhile. Where it cannot be kept, the next start tries again.
void remember(const fs::path& file, const TriedDrivers& tried) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  const fs::path fresh =
      file.parent_path() / fmt::format("{}.{}", text_of_path(file.filename()), os::process_id());
  std::ofstream(fresh, std::ios::binary) << tried.fault << '\n' << tried.others << '\n';
  fs::rename(fresh, file, error);
  if (error) fs::remove(fresh, error);
}

// "crashes", "hangs", or nothing where the child came to its end. `known` tells whether there was a
// child to say so.
std::string fault_of(const DriverTrial& trial, const std::string& manifest, bool& known) {
  std::vector<std::pair<std::string, std::string>> environment;
  if (!manifest.empty())  // the second is the older name
    environment = {{"VK_DRIVER_FILES", manifest}, {"VK_ICD_FILENAMES", manifest}};
  const Child child = os::run_child({text_of_path(trial.command), probe_option, "vulkan"},
                                    environment, trial.limit);
  known = child.end == Child::End::crashed || child.end == Child::End::timed_out ||
          (child.end == Child::End::exited && child.code == 0);
  if (child.end == Child::End::crashed) return "crashes";
  return child.end == Child::End::timed_out ? "hangs" : "";
}

// With the drivers that are to blame, found by trying each alone.
TriedDrivers blame(const DriverTrial& trial, const Vulkan& vulkan, const std::string& fault) {
  TriedDrivers tried;
  std::string bad;
  for (const VulkanManifest& manifest : vulkan.manifests) {
    if (!manifest.library_found) continue;
    bool known = false;
    std::string& list = fault_of(trial, manifest.path, known).empty() ? tried.others : bad;
    if (!list.empty()) list += ':';
    list += manifest.path;
  }
  if (bad.empty()) {
    tried.others.clear();  // together they fail
    tried.fault = fmt::format(
        "a Vulkan driver {} when a device is made; update the GPU's driver. `evergpu doctor` says "
        "more",
        fault);
  } else {
    tried.fault = fmt::format("the Vulkan driver of {} {} when a device is made{}; update it", bad,
                              fault, tried.others.empty() ? "" : " and is left out");
  }
  return tried;
}

}  // namespace

TriedDrivers try_vulkan_drivers(const Source& source, const DriverTrial& trial) {
  if (trial.command.empty()) return {};
  const Vulkan vulkan = examine_vulkan(source, false);
  fs::path file;
  if (trial.folder) file = *trial.folder / name_of_state(state_of_drivers(source, vulkan));
  std::optional<TriedDrivers> tried = trial.folder ? remembered(file) : std::nullopt;
  if (!tried) {
    bool known = false;
    const std::string fault = fault_of(trial, "", known);
    if (!known) return {};
    tried = fault.empty() ? TriedDrivers() : blame(trial, vulkan, fault);
    if (trial.folder) remember(file, *tried);
  }
  if (!tried->fault.empty() && trial.folder) {
    tried->fault += fmt::format(
        ". Another version of it is tried by itself; to have this one tried again, remove {}",
        text_of_path(file));
  }
  return *tried;
}

fs::path command_beside(const fs::path& library) {
#ifdef _WIN32
  const std::string name = "evergpu.exe";
#else
  const std::string name = "evergpu";
#endif
  // From site-packages the programs are a few folders up, on Windows in Scripts; in a build they
  // are in cli.
  fs::path folder = library.parent_path();
  for (int levels = 0; levels < 6 && folder.has_relative_path(); ++levels) {
    for (const char* programs : {"bin", "Scripts", "cli"}) {
      std::error_code error;
      if (fs::path command = folder / programs / name; fs::is_regular_file(command, error))
        return command;
    }
    folder = folder.parent_path();
  }
  return {};
}

}  // namespace evergpu::system
