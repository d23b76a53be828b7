// The operating system, its libraries, memory and disk, and containers.
#include <fmt/format.h>

#include "base/product.h"
#include "doctor/condition.h"
#include "doctor/fix.h"
#include "system/text.h"

namespace evergpu::doctor {
namespace {

constexpr double gibibyte = 1024.0 * 1024.0 * 1024.0;

bool has_tensorflow(const Machine& machine) {
  return machine.python() != nullptr && machine.python()->packages.contains("tensorflow-cpu");
}

/// A container on a machine with a GPU of this vendor that it was not given.
bool lacks_gpu(const Machine& machine, const std::string& vendor) {
  if (machine.container.empty() || machine.wsl.version != 0) return false;
  if (vendor == "nvidia")
    return (machine.has_vendor("nvidia") || !machine.cuda.kernel_version.empty()) &&
           !machine.cuda.device_nodes;
  return machine.has_vendor(vendor) && machine.render_nodes.empty();
}

const Condition host_table[] = {
    {"host.processor", Part::machine, Severity::blocks, "Not an x86-64 processor",
     "TensorFlow plug-ins of evergpu exist for 64-bit Intel and AMD processors alone.",
     [](const Machine& m) { return when(m.os.processor != "x86_64", m.os.processor); },
     [](const Machine&) {
       return std::vector{by_hand("Use stock TensorFlow on this machine, or another machine.")};
     },
     "https://www.tensorflow.org/install/pip"},

    {"host.musl", Part::machine, Severity::blocks, "A Linux without glibc",
     "TensorFlow's packages need the C library glibc, and this distribution has musl.",
     [](const Machine& m) { return when(m.os.libc == "musl", m.os.name); },
     [](const Machine& m) {
       if (m.wsl.version != 0)
         return std::vector{run_in_windows("Install Ubuntu beside it", {"wsl --install Ubuntu"})};
       if (!m.container.empty())
         return std::vector{
             run_outside("Start from an image of Debian", {"docker run -it debian:12"})};
       return std::vector{by_hand("Use a distribution such as Debian 12 or Ubuntu 24.04.")};
     },
     "https://peps.python.org/pep-0656/"},

    {"host.glibc-old", Part::machine, Severity::blocks, "A C library older than evergpu's wheel",
     "pip will not install evergpu's wheel here, since it is built for a newer Linux.",
     [](const Machine& m) {
       return when(m.os.libc == "glibc" && !m.os.libc_version.empty() &&
                       system::compare_versions(m.os.libc_version, product::oldest_glibc) < 0,
                   fmt::format("glibc {}; {} is needed", m.os.libc_version, product::oldest_glibc));
     },
     [](const Machine& m) {
       if (m.wsl.version != 0)
         return std::vector{
             run_in_windows("Install a newer Ubuntu beside it", {"wsl --install Ubuntu-24.04"})};
       if (!m.container.empty())
         return std::vector{run_outside("Start from a newer image", {"docker run -it debian:12"})};
       return std::vector{by_hand("Upgrade to Debian 12, Ubuntu 22.04 or newer.")};
     },
     "https://peps.python.org/pep-0600/"},

    {"host.openmp", Part::evergpu, Severity::blocks, "GNU's OpenMP library is missing",
     "evergpu's CPU adapter cannot be loaded without libgomp.so.1.",
     [](const Machine& m) {
       return when(m.is_linux() && m.os.libc == "glibc" && m.os.openmp.empty());
     },
     [](const Machine& m) {
       return std::vector{install(
           m, "Install GNU's OpenMP library",
           {.apt = "libgomp1", .dnf = "libgomp", .pacman = "gcc-libs", .zypper = "libgomp1"})};
     },
     "https://gcc.gnu.org/onlinedocs/libgomp/"},

    {"host.windows-old", Part::machine, Severity::blocks, "A Windows older than Windows 10",
     "No Python that TensorFlow needs runs on this Windows.",
     [](const Machine& m) {
       return when(m.is_windows() && m.os.build > 0 && m.os.build < 10240,
                   fmt::format("build {}", m.os.build));
     },
     [](const Machine&) { return std::vector{by_hand("Upgrade to Windows 11.")}; },
     "https://docs.python.org/3/using/windows.html"},

    {"host.windows-no-wsl-gpu", Part::gpu, Severity::warns,
     "This Windows does not give WSL 2 the GPU",
     "Within WSL 2, programs will not find the GPU before Windows 10 21H2.",
     [](const Machine& m) {
       return when(m.is_windows() && m.os.build >= 10240 && m.os.build < 19044,
                   fmt::format("build {}; 19044 is needed", m.os.build));
     },
     [](const Machine&) {
       return std::vector{run_in_windows("Install updates until `winver` says 21H2 or newer",
                                         {"start ms-settings:windowsupdate"})};
     },
     "https://learn.microsoft.com/windows/ai/directml/gpu-cuda-in-wsl"},

    {"host.windows-runtime", Part::machine, Severity::blocks, "Microsoft's C++ run time is missing",
     "TensorFlow fails to import with \"DLL load failed\" without it, and oneDNN does not load.",
     [](const Machine& m) { return when(m.is_windows() && !m.windows.at("cpp_runtime")); },
     [](const Machine&) {
       return std::vector{
           run_in_windows("Install Microsoft's C++ run time",
                          {"winget install --exact --id Microsoft.VCRedist.2015+.x64"})};
     },
     "https://www.tensorflow.org/install/pip"},

    {"host.windows-long-paths", Part::python, Severity::notes, "Long paths are off",
     "pip can fail on TensorFlow's deep folders, since Windows limits paths to 260 characters.",
     [](const Machine& m) {
       return when(m.is_windows() && !m.windows.at("long_paths") && !has_tensorflow(m));
     },
     [](const Machine&) {
       return std::vector{run_in_windows(
           "Allow them, in a PowerShell opened as administrator",
           {"New-ItemProperty -Path HKLM:\\SYSTEM\\CurrentControlSet\\Control\\FileSystem -Name "
            "LongPathsEnabled -Value 1 -PropertyType DWORD -Force"})};
     },
     "https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation"},

    {"container.no-nvidia", Part::gpu, Severity::warns,
     "The container was not given the NVIDIA GPU",
     "Programs in this container cannot reach the GPU of the machine around it.",
     [](const Machine& m) { return when(lacks_gpu(m, "nvidia"), m.container); },
     [](const Machine& m) {
       if (m.container == "podman")
         return std::vector{run_outside("Start it again with the GPU, from the machine around it",
                                        {"podman run --device nvidia.com/gpu=all …"})};
       return std::vector{run_outside("Start it again with the GPU, from the machine around it",
                                      {"docker run --gpus all …"})};
     },
     "https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/"
     "docker-specialized.html"},

    {"container.no-dri", Part::gpu, Severity::warns, "The container was not given the GPU",
     "Programs in this container cannot reach the GPU of the machine around it.",
     [](const Machine& m) {
       return when(lacks_gpu(m, "amd") || lacks_gpu(m, "intel"), m.container);
     },
     [](const Machine& m) {
       const std::string program = m.container == "podman" ? "podman" : "docker";
       return std::vector{run_outside("Start it again with the GPU, from the machine around it",
                                      {program + " run --device /dev/dri …"})};
     },
     "https://docs.docker.com/reference/cli/docker/container/run/#device"},

    {"container.no-dxg", Part::gpu, Severity::warns,
     "The container was not given the GPU of Windows",
     "Programs in this container cannot reach the GPU, although WSL 2 around it may.",
     [](const Machine& m) {
       return when(!m.container.empty() && m.wsl.version == 2 && !m.wsl.device, m.container);
     },
     [](const Machine& m) {
       const std::string program = m.container == "podman" ? "podman" : "docker";
       return std::vector{
           run_outside("Start it again with the GPU, from WSL",
                       {program + " run --device /dev/dxg -v /usr/lib/wsl:/usr/lib/wsl -e "
                                  "LD_LIBRARY_PATH=/usr/lib/wsl/lib …"})};
     },
     "https://github.com/microsoft/WSL/issues/6951"},

    {"host.memory-low", Part::machine, Severity::warns, "Little memory",
     "The system may end training when it runs out of memory; small models still fit.",
     [](const Machine& m) {
       const double limit = static_cast<double>(m.memory.limit) / gibibyte;
       return when(m.memory.limit > 0 && limit < 3.5, fmt::format("{:.1f} GiB", limit));
     },
     [](const Machine& m) {
       if (!m.container.empty() && m.memory.limit < m.memory.total)
         return std::vector{run_outside("Start the container again with a higher limit",
                                        {"docker run --memory 8g …"})};
       if (m.wsl.version == 2)
         return std::vector{
             by_hand("In Windows, write these two lines into the file .wslconfig of your user "
                     "folder (UTF-8): [wsl2] and memory=8GB"),
             restart_wsl()};
       return std::vector{by_hand("Close other programs, and use small models and batches.")};
     },
     "https://learn.microsoft.com/windows/wsl/wsl-config#wslconfig"},

    {"host.disk-low", Part::python, Severity::warns, "Little free disk",
     "TensorFlow with all it needs takes about 2 GB of disk, and half a GB more during the "
     "installation.",
     [](const Machine& m) {
       const double gigabytes = static_cast<double>(m.free_bytes) / 1e9;
       return when(m.free_bytes > 0 && gigabytes < 3 && !has_tensorflow(m),
                   fmt::format("{:.1f} GB free", gigabytes));
     },
     [](const Machine& m) {
       if (m.python() == nullptr) return std::vector{by_hand("Free some disk.")};
       return std::vector{
           by_hand("Free some disk, for example pip's store of downloads with `pip "
                   "cache purge`.")};
     },
     "https://pip.pypa.io/en/stable/cli/pip_cache/"},
};

}  // namespace

std::span<const Condition> host_conditions() { return host_table; }

}  // namespace evergpu::doctor
