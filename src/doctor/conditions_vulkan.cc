// Vulkan, through which evergpu's GPU adapter will reach AMD, Intel and NVIDIA alike.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "doctor/condition.h"
#include "doctor/fix.h"
#include "system/text.h"

namespace evergpu::doctor {
namespace {

bool is_gpu(const system::VulkanDevice& device) { return device.type != "cpu"; }

bool has_gpu_device(const Machine& machine) {
  return std::any_of(machine.vulkan.devices.begin(), machine.vulkan.devices.end(), is_gpu);
}

/// GPUs that this system can reach, Vulkan aside.
bool has_reachable_gpu(const Machine& machine) {
  if (machine.wsl.version == 2) return machine.wsl.device_usable && !machine.wsl.libraries.empty();
  if (machine.is_windows()) return !machine.vendors().empty();
  const bool driven = std::any_of(machine.gpus.begin(), machine.gpus.end(),
                                  [](const system::Gpu& gpu) { return !gpu.driver.empty(); });
  const bool reachable = !machine.render_nodes.empty() || machine.cuda.device_nodes;
  return driven && reachable && !machine.vendors().empty();
}

/// The user has replaced the installed drivers.
bool drivers_are_chosen(const Machine& machine) {
  return !machine.variable("VK_DRIVER_FILES").empty() ||
         !machine.variable("VK_ICD_FILENAMES").empty();
}

/// The drivers in the manifests: "radeon_icd.x86_64.json" has radeon.
bool has_manifest(const Machine& machine, std::initializer_list<const char*> names) {
  for (const system::VulkanManifest& manifest : machine.vulkan.manifests) {
    const std::string file = manifest.path.substr(manifest.path.rfind('/') + 1);
    for (const char* name : names) {
      if (manifest.library_found && file.find(name) != std::string::npos) return true;
    }
  }
  return false;
}

Found vendor_without_manifest(const Machine& machine, const std::string& vendor,
                              std::initializer_list<const char*> names) {
  return when(machine.is_linux() && machine.wsl.version == 0 && has_reachable_gpu(machine) &&
              machine.has_vendor(vendor) && !machine.vulkan.loader.empty() &&
              !drivers_are_chosen(machine) && !has_manifest(machine, names));
}

std::vector<Step> install_mesa(const Machine& machine, const std::string& arch) {
  return {install(machine, "Install Mesa's Vulkan drivers",
                  {.apt = "mesa-vulkan-drivers",
                   .dnf = "mesa-vulkan-drivers",
                   .pacman = arch,
                   .zypper = machine.has_vendor("amd") ? "libvulkan_radeon" : "libvulkan_intel"})};
}

std::vector<std::string> features_missing(const Machine& machine) {
  for (const system::VulkanDevice& device : machine.vulkan.devices) {
    if (is_gpu(device) && !device.missing.empty()) return device.missing;
  }
  return {};
}

const Condition vulkan_table[] = {
    {"vulkan.no-loader", Part::vulkan, Severity::warns, "The Vulkan loader is missing",
     "Programs find GPUs of all makers through it.",
     [](const Machine& m) { return when(has_reachable_gpu(m) && m.vulkan.loader.empty()); },
     [](const Machine& m) {
       if (m.is_windows())
         return std::vector{
             by_hand("Install the GPU's driver again, from its maker: it brings the loader.")};
       return std::vector{install(m, "Install the loader",
                                  {.apt = "libvulkan1",
                                   .dnf = "vulkan-loader",
                                   .pacman = "vulkan-icd-loader",
                                   .zypper = "libvulkan1"})};
     },
     "https://github.com/KhronosGroup/Vulkan-Loader/blob/main/docs/LoaderInterfaceArchitecture.md"},

    {"vulkan.variable", Part::vulkan, Severity::warns,
     "A variable names a Vulkan driver that is not there",
     "VK_DRIVER_FILES and VK_ICD_FILENAMES replace all other drivers, so Vulkan finds none.",
     [](const Machine& m) {
       std::string names = m.variable("VK_DRIVER_FILES");
       if (names.empty()) names = m.variable("VK_ICD_FILENAMES");
       const auto& manifests = m.vulkan.manifests;
       const bool any = std::any_of(manifests.begin(), manifests.end(),
                                    [](const auto& manifest) { return manifest.library_found; });
       return when(m.is_linux() && drivers_are_chosen(m) && !any, names);
     },
     [](const Machine&) {
       return std::vector{by_hand("Unset it where it is set, for example in ~/.bashrc.")};
     },
     "https://github.com/KhronosGroup/Vulkan-Loader/blob/main/docs/LoaderDriverInterface.md"},

    {"vulkan.amd-no-driver", Part::vulkan, Severity::warns, "No Vulkan driver for the AMD GPU",
     "The kernel drives the GPU, but the part of the driver that Vulkan needs is not installed.",
     [](const Machine& m) {
       return vendor_without_manifest(m, "amd", {"radeon", "amd_icd", "amdvlk"});
     },
     [](const Machine& m) { return install_mesa(m, "vulkan-radeon"); },
     "https://docs.mesa3d.org/drivers/radv.html"},

    {"vulkan.intel-no-driver", Part::vulkan, Severity::warns, "No Vulkan driver for the Intel GPU",
     "The kernel drives the GPU, but the part of the driver that Vulkan needs is not installed.",
     [](const Machine& m) { return vendor_without_manifest(m, "intel", {"intel"}); },
     [](const Machine& m) { return install_mesa(m, "vulkan-intel"); },
     "https://docs.mesa3d.org/drivers/anv.html"},

    {"vulkan.nvidia-no-driver", Part::vulkan, Severity::warns,
     "No Vulkan driver for the NVIDIA GPU",
     "The kernel drives the GPU, but the part of the driver that Vulkan needs is not installed.",
     [](const Machine& m) {
       return vendor_without_manifest(m, "nvidia", {"nvidia", "nouveau"});
     },
     [](const Machine& m) {
       return std::vector{install(
           m, "Install the driver's part for Vulkan",
           {.apt = m.os.distribution == "debian" ? "nvidia-vulkan-icd" : "mesa-vulkan-drivers",
            .dnf = "xorg-x11-drv-nvidia-libs",
            .pacman = "nvidia-utils",
            .zypper = ""})};
     },
     "https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/"},

    {"vulkan.broken-manifest", Part::vulkan, Severity::notes,
     "A Vulkan driver is listed that is not there",
     "A leftover file names a driver library that is missing; Vulkan skips it.",
     [](const Machine& m) {
       if (drivers_are_chosen(m)) return Found();
       for (const system::VulkanManifest& manifest : m.vulkan.manifests) {
         if (!manifest.library_found) return Found(manifest.path);
       }
       return Found();
     },
     [](const Machine& m) {
       std::vector<std::string> commands;
       for (const system::VulkanManifest& manifest : m.vulkan.manifests) {
         if (!manifest.library_found)
           commands.push_back(as_administrator(m, "rm " + manifest.path));
       }
       return std::vector{removing(run_here("Remove the leftover", std::move(commands)))};
     },
     "https://github.com/KhronosGroup/Vulkan-Loader/blob/main/docs/LoaderDriverInterface.md"},

    {"vulkan.crash", Part::vulkan, Severity::warns, "A Vulkan driver crashes when it is asked",
     "Programs that use Vulkan, even to list devices, will crash or hang, too.",
     [](const Machine& m) {
       return when(m.vulkan.error == "crashed" || m.vulkan.error == "hung", m.vulkan.error);
     },
     [](const Machine& m) {
       std::vector<Step> steps = {
           run_here("See whether an overlay or other add-on is to blame: does this work?",
                    {"VK_LOADER_LAYERS_DISABLE='~implicit~' evergpu devices"})};
       if (m.wsl.version == 2 && m.has_vendor("nvidia"))
         steps.push_back(
             by_hand("In WSL 2 with an NVIDIA GPU, use CUDA instead of Vulkan: "
                     "`evergpu guide --level professional`"));
       else
         steps.push_back(by_hand("Update the GPU's driver"));
       return steps;
     },
     "https://github.com/microsoft/wslg/issues/1492"},

    {"vulkan.wsl-no-dzn", Part::vulkan, Severity::warns, "Vulkan does not reach the GPU in WSL 2",
     "WSL 2 needs Mesa's driver dzn for Vulkan, which Debian and Ubuntu do not ship.",
     [](const Machine& m) {
       return when(m.wsl.version == 2 && has_reachable_gpu(m) && !m.vulkan.loader.empty() &&
                   !has_gpu_device(m) && !has_manifest(m, {"dzn"}) && m.vulkan.error != "crashed");
     },
     [](const Machine& m) {
       if (m.os.distribution == "ubuntu")
         return std::vector{
             run_here("Take Mesa from the archive of Ubuntu's packagers that has it",
                      {as_administrator(m, "add-apt-repository -y ppa:kisak/kisak-mesa"),
                       as_administrator(m, "apt-get update"),
                       as_administrator(m, "apt-get install -y mesa-vulkan-drivers")})};
       return std::vector{
           by_hand("Use Ubuntu 24.04 in WSL 2 (`wsl --install Ubuntu-24.04`), for which packages "
                   "of dzn exist.")};
     },
     "https://github.com/microsoft/wslg/issues/40"},

    {"vulkan.cpu-only", Part::vulkan, Severity::warns, "Vulkan finds only the CPU",
     "Mesa's llvmpipe computes on the CPU; the GPU does not show.",
     [](const Machine& m) {
       return when(has_reachable_gpu(m) && !m.vulkan.devices.empty() && !has_gpu_device(m) &&
                       (m.wsl.version == 0 || has_manifest(m, {"dzn"})),
                   m.vulkan.devices.empty() ? "" : m.vulkan.devices.front().name);
     },
     [](const Machine&) {
       return std::vector{
           by_hand("Mend what this list says about the GPU's driver first; if it "
                   "says nothing, update the driver.")};
     },
     "https://docs.mesa3d.org/drivers/llvmpipe.html"},

    {"vulkan.old", Part::vulkan, Severity::warns, "The GPU's driver offers less than Vulkan 1.2",
     "evergpu's GPU adapter will need Vulkan 1.2.",
     [](const Machine& m) {
       for (const system::VulkanDevice& device : m.vulkan.devices) {
         if (is_gpu(device) && system::compare_versions(device.api, "1.2") < 0)
           return Found(fmt::format("{}: Vulkan {}", device.name, device.api));
       }
       return Found();
     },
     [](const Machine&) { return std::vector{by_hand("Update the GPU's driver.")}; },
     "https://vulkan.gpuinfo.org/"},

    {"vulkan.missing-feature", Part::vulkan, Severity::warns,
     "The GPU lacks a Vulkan feature that evergpu will need",
     "evergpu's GPU adapter will not take this device with its present driver.",
     [](const Machine& m) {
       const std::vector<std::string> missing = features_missing(m);
       return when(!missing.empty(), fmt::format("{}", fmt::join(missing, ", ")));
     },
     [](const Machine&) { return std::vector{by_hand("Update the GPU's driver.")}; },
     "https://vulkan.gpuinfo.org/"},

    {"vulkan.dzn", Part::vulkan, Severity::notes, "Vulkan runs through Direct3D here",
     "Mesa's dzn is experimental: it has fewer features and smaller limits than a native driver.",
     [](const Machine& m) {
       for (const system::VulkanDevice& device : m.vulkan.devices) {
         if (system::lower(device.driver).find("dzn") != std::string::npos ||
             system::lower(device.driver).find("dozen") != std::string::npos)
           return Found(device.name);
       }
       return Found();
     },
     [](const Machine& m) {
       if (m.has_vendor("nvidia"))
         return std::vector{
             by_hand("For an NVIDIA GPU in WSL 2, CUDA is the better way: `evergpu "
                     "guide --level professional`.")};
       return std::vector{
           by_hand("Nothing needs doing in WSL 2. Linux itself has the native "
                   "driver.")};
     },
     "https://docs.mesa3d.org/drivers/dozen.html"},
};

}  // namespace

std::span<const Condition> vulkan_conditions() { return vulkan_table; }

}  // namespace evergpu::doctor
