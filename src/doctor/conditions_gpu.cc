// GPUs and the drivers of their makers.
#include <fmt/format.h>

#include <algorithm>

#include "doctor/condition.h"
#include "doctor/fix.h"
#include "system/text.h"

namespace evergpu::doctor {
namespace {

bool is_bare_linux(const Machine& machine) {
  return machine.is_linux() && machine.wsl.version == 0 && machine.container.empty();
}

/// A GPU of this vendor that the kernel's driver of that name, or any other, does not drive.
const system::Gpu* gpu_of(const Machine& machine, const std::string& vendor) {
  const auto found = std::find_if(machine.gpus.begin(), machine.gpus.end(),
                                  [&](const system::Gpu& gpu) { return gpu.vendor == vendor; });
  return found == machine.gpus.end() ? nullptr : &*found;
}

Found without_driver(const Machine& machine, const std::string& vendor) {
  const system::Gpu* const gpu = gpu_of(machine, vendor);
  return when(is_bare_linux(machine) && gpu != nullptr && gpu->driver.empty(), gpu == nullptr ? ""
                                                                               : gpu->name.empty()
                                                                                   ? gpu->pci_id
                                                                                   : gpu->name);
}

/// libcuda.so.1 of a Linux driver, found before the one of WSL.
std::string shadowing_library(const Machine& machine) {
  if (machine.wsl.version != 2 || machine.cuda.libraries.empty()) return "";
  const std::string& first = machine.cuda.libraries.front();
  return first.starts_with("/usr/lib/wsl/") ? "" : first;
}

bool nvidia_driver_is_loaded(const Machine& machine) {
  const system::Gpu* const gpu = gpu_of(machine, "nvidia");
  return gpu != nullptr && gpu->driver == "nvidia";
}

/// The commands that install NVIDIA's driver.
std::vector<Step> install_nvidia_driver(const Machine& m) {
  const Step restart = run_here("Restart the machine", {as_administrator(m, "reboot")});
  if (m.os.distribution == "ubuntu")
    return {run_here("Install the driver that Ubuntu recommends",
                     {as_administrator(m, "ubuntu-drivers install")}),
            restart};
  if (m.os.distribution == "debian")
    return {by_hand("Add `contrib non-free non-free-firmware` to Debian's lines in "
                    "/etc/apt/sources.list"),
            install(m, "Install the driver",
                    {.apt = "linux-headers-amd64 nvidia-driver firmware-misc-nonfree",
                     .dnf = "",
                     .pacman = "",
                     .zypper = ""}),
            restart};
  if (m.os.distribution == "arch")
    return {install(m, "Install the driver",
                    {.apt = "", .dnf = "", .pacman = "nvidia nvidia-utils", .zypper = ""}),
            restart};
  return {by_hand("Install NVIDIA's driver as your distribution describes it, and restart.")};
}

const Condition gpu_table[] = {
    {"gpu.windows-no-driver", Part::gpu, Severity::warns, "Windows has no driver for the GPU",
     "Windows draws with its basic driver, which no program can compute with.",
     [](const Machine& m) {
       const bool any = std::any_of(m.gpus.begin(), m.gpus.end(), [](const system::Gpu& gpu) {
         return gpu.vendor != "microsoft" && system::lower(gpu.driver) != "microsoft";
       });
       return when(m.is_windows() && !m.gpus.empty() && !any);
     },
     [](const Machine&) {
       return std::vector{
           by_hand("Install the driver from the GPU's maker: AMD, Intel or NVIDIA.")};
     },
     "https://github.com/microsoft/DirectML/issues/27"},

    {"nvidia.no-driver", Part::gpu, Severity::warns, "The NVIDIA GPU has no driver",
     "No program can use this GPU until a driver is installed.",
     [](const Machine& m) { return without_driver(m, "nvidia"); }, install_nvidia_driver,
     "https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/"},

    {"nvidia.nouveau", Part::gpu, Severity::notes, "The NVIDIA GPU runs with nouveau",
     "CUDA, and with it TensorFlow's and PyTorch's own GPU support, needs NVIDIA's driver instead.",
     [](const Machine& m) {
       const system::Gpu* const gpu = gpu_of(m, "nvidia");
       return when(is_bare_linux(m) && gpu != nullptr && gpu->driver == "nouveau");
     },
     install_nvidia_driver, "https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/"},

    {"nvidia.version-mismatch", Part::gpu, Severity::warns,
     "Two versions of NVIDIA's driver are mixed",
     "The kernel still runs an older driver than the libraries that were installed, and CUDA "
     "fails.",
     [](const Machine& m) {
       return when(
           is_bare_linux(m) && !m.cuda.kernel_version.empty() && !m.cuda.library_version.empty() &&
               system::compare_versions(m.cuda.kernel_version, m.cuda.library_version) != 0,
           fmt::format("kernel {}, libraries {}", m.cuda.kernel_version, m.cuda.library_version));
     },
     [](const Machine& m) {
       return std::vector{run_here("Restart the machine", {as_administrator(m, "reboot")})};
     },
     "https://wiki.archlinux.org/title/NVIDIA/Troubleshooting"},

    {"nvidia.no-cuda-library", Part::gpu, Severity::warns,
     "The driver runs, but its CUDA library is missing",
     "Programs cannot use the GPU for computing until libcuda.so.1 is installed.",
     [](const Machine& m) {
       return when(is_bare_linux(m) && nvidia_driver_is_loaded(m) && m.cuda.libraries.empty());
     },
     [](const Machine& m) {
       if (m.os.distribution == "ubuntu")
         return std::vector{run_here("Install the whole driver again",
                                     {as_administrator(m, "ubuntu-drivers install")})};
       return std::vector{install(m, "Install the driver's CUDA library",
                                  {.apt = "libcuda1",
                                   .dnf = "xorg-x11-drv-nvidia-cuda-libs",
                                   .pacman = "nvidia-utils",
                                   .zypper = ""})};
     },
     "https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/"},

    {"nvidia.wsl-no-cuda-library", Part::gpu, Severity::warns,
     "Windows does not share NVIDIA's CUDA library",
     "WSL takes CUDA from the Windows driver, and that driver is missing or too old.",
     [](const Machine& m) {
       return when(m.wsl.version == 2 && m.container.empty() && m.wsl.device &&
                   m.has_vendor("nvidia") && m.cuda.libraries.empty());
     },
     [](const Machine&) {
       return std::vector{by_hand("Install NVIDIA's newest driver in Windows. Never install an "
                                  "NVIDIA driver within WSL"),
                          restart_wsl()};
     },
     "https://docs.nvidia.com/cuda/wsl-user-guide/index.html"},

    {"nvidia.wsl-shadowed", Part::gpu, Severity::warns,
     "A Linux NVIDIA driver hides the one of Windows",
     "Within WSL, programs load the library of a driver that cannot work there, and find no GPU.",
     [](const Machine& m) { return when(!shadowing_library(m).empty(), shadowing_library(m)); },
     [](const Machine& m) {
       return std::vector{
           removing(run_here("Remove the driver's packages from this distribution",
                             {as_administrator(m,
                                               "apt-get remove -y '^libnvidia-compute-.*' "
                                               "'^nvidia-driver-.*' '^libcuda1$'")}))};
     },
     "https://github.com/microsoft/WSL/issues/8587"},

    {"nvidia.cuda-old", Part::gpu, Severity::warns, "NVIDIA's driver is older than CUDA 12",
     "TensorFlow's and PyTorch's own GPU packages are built for CUDA 12 or newer, driver 525 on.",
     [](const Machine& m) {
       return when(m.cuda.version > 0 && m.cuda.version < 12000,
                   fmt::format("CUDA {}.{}", m.cuda.version / 1000, m.cuda.version % 1000 / 10));
     },
     [](const Machine& m) {
       if (m.wsl.version == 2)
         return std::vector{by_hand("Install NVIDIA's newest driver in Windows"), restart_wsl()};
       if (m.is_windows()) return std::vector{by_hand("Install NVIDIA's newest driver.")};
       return install_nvidia_driver(m);
     },
     "https://docs.nvidia.com/deploy/cuda-compatibility/minor-version-compatibility.html"},

    {"nvidia.cuda-no-device", Part::gpu, Severity::warns, "The CUDA driver finds no GPU",
     "The driver answers, but says that it has no device (CUDA_ERROR_NO_DEVICE).",
     [](const Machine& m) {
       return when(m.cuda.code == 100 && shadowing_library(m).empty() && m.container.empty());
     },
     [](const Machine& m) {
       if (m.wsl.version == 2)
         return std::vector{restart_wsl(), by_hand("Update NVIDIA's driver in Windows")};
       if (!m.variable("CUDA_VISIBLE_DEVICES").empty())
         return std::vector{by_hand("Unset CUDA_VISIBLE_DEVICES.")};
       return std::vector{run_here("Restart the machine", {as_administrator(m, "reboot")})};
     },
     "https://github.com/microsoft/WSL/issues/9099"},

    {"nvidia.cuda-crash", Part::gpu, Severity::warns, "NVIDIA's driver crashes when it is asked",
     "Programs that use CUDA will crash or hang, too.",
     [](const Machine& m) {
       return when(m.cuda.error == "crashed" || m.cuda.error == "hung", m.cuda.error);
     },
     [](const Machine& m) {
       if (m.wsl.version == 2)
         return std::vector{by_hand("Install another version of NVIDIA's driver in Windows, newer "
                                    "or older"),
                            restart_wsl()};
       return std::vector{by_hand("Install another version of the driver, and restart.")};
     },
     "https://github.com/microsoft/WSL/issues/11870"},

    {"nvidia.new-for-tensorflow", Part::gpu, Severity::notes,
     "TensorFlow's CUDA packages hold no code for this GPU",
     "Up to 2.21 they translate their kernels at the first run, which can take half an hour, or "
     "they fail.",
     [](const Machine& m) {
       const system::Python* const python = m.python();
       if (python == nullptr || !python->packages.contains("tensorflow") ||
           system::compare_versions(python->packages.at("tensorflow"), "2.22") >= 0)
         return Found();
       for (const system::CudaDevice& device : m.cuda.devices) {
         if (system::compare_versions(device.capability, "12.0") >= 0)
           return Found(fmt::format("{}, compute capability {}", device.name, device.capability));
       }
       return Found();
     },
     [](const Machine&) {
       return std::vector{
           by_hand("If training with CUDA fails, take a newer TensorFlow, or PyTorch: `evergpu "
                   "guide --level professional --library pytorch`.")};
     },
     "https://github.com/tensorflow/tensorflow/issues/97387"},

    {"nvidia.no-cuda-packages", Part::gpu, Severity::notes,
     "TensorFlow lacks the CUDA libraries for this GPU",
     "The package tensorflow finds the GPU only with NVIDIA's packages beside it, and says "
     "\"Cannot dlopen some GPU libraries\" without them.",
     [](const Machine& m) {
       if (!m.is_linux() || !m.has_vendor("nvidia") || m.python() == nullptr) return Found();
       const auto& packages = m.python()->packages;
       const auto cudnn = packages.lower_bound("nvidia-cudnn-cu");  // …12, …13
       const bool there = cudnn != packages.end() && cudnn->first.starts_with("nvidia-cudnn-cu");
       return when(packages.contains("tensorflow") && !there);
     },
     [](const Machine&) {
       return std::vector{by_hand(
           "To train with CUDA, without evergpu, follow `evergpu guide --level professional "
           "--library tensorflow`.")};
     },
     "https://www.tensorflow.org/install/pip"},

    {"amd.no-driver", Part::gpu, Severity::warns, "The AMD GPU has no driver",
     "No program can use this GPU until the kernel's driver amdgpu drives it.",
     [](const Machine& m) { return without_driver(m, "amd"); },
     [](const Machine& m) {
       return std::vector{install(m, "Install the GPU's firmware",
                                  {.apt = m.os.distribution == "ubuntu" ? "linux-firmware"
                                                                        : "firmware-amd-graphics",
                                   .dnf = "amd-gpu-firmware",
                                   .pacman = "linux-firmware",
                                   .zypper = "kernel-firmware-amdgpu"}),
                          run_here("Restart the machine", {as_administrator(m, "reboot")})};
     },
     "https://docs.kernel.org/gpu/amdgpu/index.html"},

    {"amd.lockup", Part::gpu, Severity::notes, "This GPU can be lost under long loads",
     "On Linux 7, the kernel takes long work of a Strix Halo GPU for a hang and resets it "
     "(\"device "
     "lost\").",
     [](const Machine& m) {
       if (!m.is_linux() || system::compare_versions(m.os.kernel, "7.0") < 0) return Found();
       for (const system::VulkanDevice& device : m.vulkan.devices) {
         const std::string name = system::lower(device.name);
         for (const char* word : {"strix", "gfx1151", "8050s", "8060s"}) {
           if (device.vendor == "amd" && name.find(word) != std::string::npos)
             return Found(device.name);
         }
       }
       return Found();
     },
     [](const Machine&) {
       return std::vector{by_hand(
           "If that happens, let the kernel wait longer: add amdgpu.lockup_timeout=20000 to "
           "its command line, and restart.")};
     },
     "https://github.com/ggml-org/llama.cpp/issues/25664"},

    {"intel.no-driver", Part::gpu, Severity::warns, "The Intel GPU has no driver",
     "No program can use this GPU; for a new one, the kernel may be too old to know it.",
     [](const Machine& m) { return without_driver(m, "intel"); },
     [](const Machine&) {
       return std::vector{by_hand("Install your distribution's newest kernel, and restart.")};
     },
     "https://dgpu-docs.intel.com/driver/client/overview.html"},

    {"gpu.no-permission", Part::gpu, Severity::warns, "You may not use the GPU's device",
     "The GPU is there, but your user is not among those who may compute on it.",
     [](const Machine& m) {
       const auto& nodes = m.render_nodes;
       const bool usable = std::any_of(nodes.begin(), nodes.end(),
                                       [](const system::RenderNode& node) { return node.usable; });
       return when(m.wsl.version == 0 && !nodes.empty() && !usable,
                   nodes.empty() ? "" : nodes.front().path);
     },
     [](const Machine& m) {
       return std::vector{run_here("Join the groups that may",
                                   {as_administrator(m, "usermod -aG render,video $USER")}),
                          by_hand("Log out and in again")};
     },
     "https://rocm.docs.amd.com/projects/install-on-linux/en/latest/install/prerequisites.html"},
};

}  // namespace

std::span<const Condition> gpu_conditions() { return gpu_table; }

}  // namespace evergpu::doctor
