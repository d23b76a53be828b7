// The Windows Subsystem for Linux, seen from inside.
#include <fmt/format.h>

#include <algorithm>

#include "doctor/condition.h"
#include "doctor/fix.h"
#include "system/text.h"

namespace evergpu::doctor {
namespace {

bool is_wsl2(const Machine& machine) { return machine.wsl.version == 2; }

bool has_library(const Machine& machine, const char* name) {
  const auto& libraries = machine.wsl.libraries;
  return std::find(libraries.begin(), libraries.end(), name) != libraries.end();
}

constexpr std::string_view oldest_kernel = "5.10.43.3";

bool kernel_is_old(const Machine& machine) {
  return is_wsl2(machine) && system::compare_versions(machine.os.kernel, oldest_kernel) < 0;
}

const Condition wsl_table[] = {
    {"wsl.version-1", Part::gpu, Severity::warns, "This is WSL 1",
     "WSL 1 has no access to the GPU; WSL 2 has.",
     [](const Machine& m) { return when(m.wsl.version == 1); },
     [](const Machine& m) {
       std::string name = m.os.distribution.empty() ? "NAME" : m.os.distribution;
       name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
       return std::vector{
           run_in_windows("Change this distribution to WSL 2 (its name is in the first command's "
                          "list; files stay)",
                          {"wsl --list --verbose", fmt::format("wsl --set-version {} 2", name)})};
     },
     "https://learn.microsoft.com/windows/wsl/install#upgrade-version-from-wsl-1-to-wsl-2"},

    {"wsl.kernel-old", Part::gpu, Severity::warns, "The kernel of WSL 2 is too old for the GPU",
     "This kernel cannot share the GPU with Windows.",
     [](const Machine& m) {
       return when(kernel_is_old(m), fmt::format("{}; {} is needed", m.os.kernel, oldest_kernel));
     },
     [](const Machine&) {
       return std::vector{run_in_windows("Update WSL", {"wsl --update"}), restart_wsl()};
     },
     "https://learn.microsoft.com/windows/ai/directml/gpu-cuda-in-wsl"},

    {"wsl.gpu-disabled", Part::gpu, Severity::warns, "The GPU is switched off in /etc/wsl.conf",
     "WSL does not pass the GPU into this distribution, because a setting says so.",
     [](const Machine& m) { return when(is_wsl2(m) && m.wsl.gpu_disabled); },
     [](const Machine& m) {
       return std::vector{
           removing(run_here("Remove the setting (a copy stays in /etc/wsl.conf.bak)",
                             {as_administrator(m,
                                               "sed -i.bak '/^\\[gpu\\]/,/^\\[/ "
                                               "s/^[[:space:]]*enabled[[:space:]]*=.*"
                                               "/enabled=true/I' /etc/wsl.conf")})),
           restart_wsl()};
     },
     "https://learn.microsoft.com/windows/wsl/wsl-config#gpu-settings"},

    {"wsl.no-device", Part::gpu, Severity::warns, "WSL 2 does not offer the GPU",
     "The device /dev/dxg, through which WSL 2 reaches the GPU, is missing.",
     [](const Machine& m) {
       return when(is_wsl2(m) && m.container.empty() && !m.wsl.device && !kernel_is_old(m) &&
                   !m.wsl.gpu_disabled);
     },
     [](const Machine&) {
       return std::vector{run_in_windows("Update WSL", {"wsl --update"}),
                          by_hand("Update the GPU's driver in Windows, from its maker's site"),
                          restart_wsl()};
     },
     "https://github.com/microsoft/WSL/issues/6809"},

    {"wsl.no-permission", Part::gpu, Severity::warns, "You may not use the GPU's device",
     "The device /dev/dxg is there, but not for your user.",
     [](const Machine& m) { return when(m.wsl.device && !m.wsl.device_usable); },
     [](const Machine& m) {
       return std::vector{run_here("Allow it until WSL restarts, which normally sets it right",
                                   {as_administrator(m, "chmod 666 /dev/dxg")})};
     },
     "https://github.com/microsoft/WSL/issues/6951"},

    {"wsl.no-libraries", Part::gpu, Severity::warns, "The GPU libraries of WSL are missing",
     "WSL normally shares them in /usr/lib/wsl/lib; without them no program reaches the GPU.",
     [](const Machine& m) {
       return when(m.wsl.device &&
                   !(has_library(m, "libd3d12.so") && has_library(m, "libd3d12core.so") &&
                     has_library(m, "libdxcore.so")));
     },
     [](const Machine&) {
       return std::vector{run_in_windows("Update WSL", {"wsl --update"}), restart_wsl()};
     },
     "https://github.com/microsoft/wslg/issues/1470"},

    {"wsl.library-path", Part::gpu, Severity::warns,
     "LD_LIBRARY_PATH hides the GPU libraries of WSL",
     "Programs load the distribution's libraries first, and with these they find no GPU.",
     [](const Machine& m) {
       const std::vector<std::string> path = system::split(m.variable("LD_LIBRARY_PATH"), ':');
       const auto ours = std::find(path.begin(), path.end(), "/usr/lib/wsl/lib");
       const auto theirs = std::find(path.begin(), path.end(), "/usr/lib/x86_64-linux-gnu");
       return when(is_wsl2(m) && theirs < ours, m.variable("LD_LIBRARY_PATH"));
     },
     [](const Machine&) {
       return std::vector{
           by_hand("Remove it from ~/.bashrc or wherever it is set. In this terminal: "
                   "`unset LD_LIBRARY_PATH`")};
     },
     "https://github.com/microsoft/WSL/issues/9099"},

    {"wsl.adapter-name", Part::gpu, Severity::notes,
     "MESA_D3D12_DEFAULT_ADAPTER_NAME names no GPU of this machine",
     "Mesa takes the GPU whose name begins so, and another one where none does.",
     [](const Machine& m) {
       const std::string wanted = system::lower(m.variable("MESA_D3D12_DEFAULT_ADAPTER_NAME"));
       const auto& devices = m.vulkan.devices;
       const bool named =
           std::any_of(devices.begin(), devices.end(), [&](const system::VulkanDevice& device) {
             return system::lower(device.name).find(wanted) != std::string::npos;
           });
       return when(is_wsl2(m) && !wanted.empty() && !devices.empty() && !named,
                   m.variable("MESA_D3D12_DEFAULT_ADAPTER_NAME"));
     },
     [](const Machine&) {
       return std::vector{
           by_hand("Set it to the beginning of a name that `evergpu devices` shows, "
                   "or unset it.")};
     },
     "https://github.com/microsoft/wslg/wiki/GPU-selection-in-WSLg"},

    {"wsl.slow-folder", Part::machine, Severity::notes, "You work on a Windows drive",
     "Reading files below /mnt from WSL 2 is slow; training data belongs into the Linux home "
     "folder.",
     [](const Machine& m) {
       return when(is_wsl2(m) && m.working_folder.starts_with("/mnt/") &&
                       m.working_folder.size() > 6 && m.working_folder[6] == '/',
                   m.working_folder);
     },
     [](const Machine&) {
       return std::vector{by_hand("Copy data and scripts to ~ and work there.")};
     },
     "https://learn.microsoft.com/windows/wsl/filesystems"},
};

}  // namespace

std::span<const Condition> wsl_conditions() { return wsl_table; }

}  // namespace evergpu::doctor
