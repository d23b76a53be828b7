// The operating system, WSL, and containers.
#include <fmt/format.h>

#include <algorithm>

#include "system/machine.h"
#include "system/text.h"

namespace evergpu::system {
namespace {

/// Folders in which Linux distributions keep 64-bit libraries.
const std::vector<std::string> library_folders = {
    "/lib/x86_64-linux-gnu",     "/lib64", "/usr/lib64",
    "/usr/lib/x86_64-linux-gnu", "/lib",   "/usr/lib"};

std::string find_library(const Source& source, const std::string& name) {
  for (const std::string& folder : library_folders) {
    if (std::string path = fmt::format("{}/{}", folder, name); source.exists(path)) return path;
  }
  return "";
}

/// Reads glibc's version out of the library itself, which says it in words.
void examine_libc(const Source& source, OperatingSystem& os) {
  if (const std::string libc = find_library(source, "libc.so.6"); !libc.empty()) {
    os.libc = "glibc";
    os.libc_version = first_version(between(source.read(libc).value_or(""), "GNU C Library", "\n"));
    return;
  }
  for (const std::string& name : source.names("/lib")) {
    if (name.starts_with("ld-musl-")) os.libc = "musl";
  }
}

OperatingSystem examine_windows_version(const Source& source) {
  const std::string key = "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion";
  OperatingSystem os;
  os.family = os.distribution = "windows";
  os.build = std::atoi(source.registry(key, "CurrentBuildNumber").value_or("0").c_str());
  os.version =
      os.build >= 22000 ? "11" : first_version(source.registry(key, "CurrentVersion").value_or(""));
  // From Windows 10 on, CurrentVersion stays at 6.3 and another value counts.
  if (os.build < 22000 && source.registry(key, "CurrentMajorVersionNumber"))
    os.version = *source.registry(key, "CurrentMajorVersionNumber");
  os.name = "Windows " + os.version + " " + source.registry(key, "DisplayVersion").value_or("");
  os.name = trimmed(os.name);
  const std::string processor = source
                                    .registry(
                                        "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session "
                                        "Manager\\Environment",
                                        "PROCESSOR_ARCHITECTURE")
                                    .value_or("AMD64");
  os.processor = processor == "AMD64"   ? "x86_64"
                 : processor == "ARM64" ? "aarch64"
                                        : lower(processor);
  return os;
}

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

/// Whose driver a folder of /usr/lib/wsl/drivers holds, by the names of drivers' files.
std::string vendor_of_driver(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    const std::string name = lower(file);
    if (name.starts_with("libnvwgf2umx") || name.starts_with("nvwgf2um")) return "nvidia";
    if (name.starts_with("amdxc64") || name.starts_with("amdxx64")) return "amd";
    if (name.starts_with("igd12um") || name.starts_with("libigd12um")) return "intel";
  }
  return "";
}

}  // namespace

OperatingSystem examine_os(const Source& source) {
  if (source.is_windows()) return examine_windows_version(source);
  OperatingSystem os;
  os.family = "linux";
  const std::string release =
      source.read("/etc/os-release").value_or(source.read("/usr/lib/os-release").value_or(""));
  os.distribution = value_of(release, "ID");
  os.like = value_of(release, "ID_LIKE");
  os.version = value_of(release, "VERSION_ID");
  os.name = value_of(release, "PRETTY_NAME");
  os.kernel = trimmed(source.read("/proc/sys/kernel/osrelease").value_or(""));
  os.processor = find_library(source, "ld-linux-aarch64.so.1").empty() ? "x86_64" : "aarch64";
  os.openmp = find_library(source, "libgomp.so.1");
  examine_libc(source, os);
  return os;
}

Wsl examine_wsl(const Source& source, const OperatingSystem& os) {
  Wsl wsl;
  if (os.family != "linux") return wsl;
  // WSL 2 has a Linux kernel that says "microsoft-standard"; WSL 1 has none and says "Microsoft".
  if (os.kernel.find("Microsoft") != std::string::npos) wsl.version = 1;
  if (os.kernel.find("microsoft") != std::string::npos) wsl.version = 2;
  if (wsl.version == 0) return wsl;
  wsl.device = source.exists("/dev/dxg");
  wsl.device_usable = wsl.device && source.may_use("/dev/dxg");
  wsl.libraries = source.names("/usr/lib/wsl/lib");
  for (const std::string& folder : source.names("/usr/lib/wsl/drivers")) {
    const std::string vendor = vendor_of_driver(source.names("/usr/lib/wsl/drivers/" + folder));
    if (!vendor.empty() && !contains(wsl.host_vendors, vendor)) wsl.host_vendors.push_back(vendor);
  }
  const std::string settings = lower(source.read("/etc/wsl.conf").value_or(""));
  const std::string gpu = between(settings, "[gpu]", "[");
  wsl.gpu_disabled = value_of(gpu, "enabled") == "false";
  return wsl;
}

std::string examine_container(const Source& source) {
  if (source.exists("/.dockerenv")) return "docker";
  if (source.exists("/run/.containerenv")) return "podman";
  if (source.environment("KUBERNETES_SERVICE_HOST")) return "kubernetes";
  // systemd-detect-virt's first source, readable by root alone; WSL sets it, too.
  const std::string kind = trimmed(source.read("/run/systemd/container").value_or(""));
  return kind == "wsl" ? "" : kind;
}

}  // namespace evergpu::system
