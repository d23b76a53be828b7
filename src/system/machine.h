// What a machine is, as far as training on it is concerned. Plain data: text is empty and numbers
// are 0 where something is unknown.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "system/source.h"

namespace evergpu::system {

struct OperatingSystem {
  std::string family;        // "linux" or "windows"
  std::string distribution;  // "ubuntu", "debian" …: ID of /etc/os-release
  std::string like;          // what that distribution is derived from: ID_LIKE
  std::string version;       // "24.04"
  std::string name;          // "Ubuntu 24.04.1 LTS"
  std::string kernel;        // "6.8.0-45-generic"
  int build = 0;             // of Windows
  std::string processor;     // "x86_64", "aarch64"
  std::string libc;          // "glibc" or "musl"
  std::string libc_version;
  std::string openmp;  // the path of libgomp.so.1
};

/// The Windows Subsystem for Linux, seen from inside.
struct Wsl {
  int version = 0;                        // 1 or 2; 0 where this is not WSL
  bool device = false;                    // /dev/dxg is there
  bool device_usable = false;             // and this user may use it
  std::vector<std::string> libraries;     // in /usr/lib/wsl/lib
  std::vector<std::string> host_vendors;  // whose Windows drivers are shared with us
  bool gpu_disabled = false;              // [gpu] enabled=false in /etc/wsl.conf
};

/// "amd", "intel", "nvidia", "microsoft" (a virtual one), or four hexadecimal digits.
std::string vendor_name(unsigned pci_vendor);

struct Gpu {
  std::string vendor;
  std::string name;
  std::string pci_id;          // "10de:2684"
  std::string driver;          // of the kernel: "nvidia", "amdgpu"; empty when none has it
  std::string driver_version;  // where the driver tells
};

struct RenderNode {
  std::string path;
  bool usable = false;
};

struct VulkanManifest {
  std::string path;
  std::string library;       // as the manifest has it
  std::string library_file;  // its path, where it is there
  bool library_found = false;
};

struct VulkanDevice {
  std::string name;
  std::string vendor;
  std::string type;  // "discrete", "integrated", "virtual", "cpu", "other"
  std::string driver;
  std::string driver_version;
  std::string api;
  std::uint64_t memory = 0;
  std::vector<std::string> missing;  // features that evergpu needs
  bool float16 = false;
};

struct Vulkan {
  std::string loader;  // path of the library
  std::vector<VulkanManifest> manifests;
  std::vector<VulkanDevice> devices;
  std::string error;  // why the devices are unknown
};

struct CudaDevice {
  std::string name;
  std::string capability;
  std::uint64_t memory = 0;
};

struct Cuda {
  std::vector<std::string>
      libraries;                // paths of libcuda.so.1 or nvcuda.dll, as the loader finds them
  std::string library_version;  // of the user-space driver: "550.107.02"
  std::string kernel_version;   // of the loaded kernel driver
  std::string module_version;   // of the installed kernel module, loaded or not
  bool device_nodes = false;    // /dev/nvidiactl is there
  int version = 0;              // 12040 is CUDA 12.4
  std::vector<CudaDevice> devices;
  std::string error;
  int code = 0;  // CUresult of cuInit
};

struct Memory {
  std::uint64_t total = 0;
  std::uint64_t limit = 0;  // of a container or WSL; equals total where there is none
};

struct Python {
  std::string program;                          // its path
  std::string prefix;                           // the folder it is installed in
  int minor = 0;                                // 11 is Python 3.11
  bool is_environment = false;                  // a virtual environment or conda's
  bool externally_managed = false;              // pip may not install here
  bool is_32_bit = false;                       // of Windows, by its folder's name
  std::map<std::string, std::string> packages;  // by normalised name: versions
  std::vector<std::string> plugins;             // libraries in tensorflow-plugins
};

struct Machine {
  OperatingSystem os;
  Wsl wsl;
  std::string container;  // "docker", "podman", "lxc" …; empty outside of one
  bool administrator = false;
  std::vector<Gpu> gpus;
  std::vector<RenderNode> render_nodes;
  Vulkan vulkan;
  Cuda cuda;
  Memory memory;
  std::uint64_t free_bytes = 0;  // of disk, in the home folder
  std::string home;
  std::string working_folder;
  std::vector<Python> pythons;                   // the first is the one in use
  std::map<std::string, std::string> variables;  // environment variables that matter, where set
  std::map<std::string, bool> windows;           // what only Windows has: see windows.cc

  bool is_linux() const { return os.family == "linux"; }
  bool is_windows() const { return os.family == "windows"; }
  /// The Python in use; null when there is none.
  const Python* python() const { return pythons.empty() ? nullptr : &pythons.front(); }
  /// The vendors of its GPUs, those behind WSL included.
  std::vector<std::string> vendors() const;
  bool has_vendor(const std::string& vendor) const;
  std::string variable(const std::string& name) const;
};

/// What to look at besides the usual.
struct Wanted {
  std::string python;       // the Python to look at, instead of the one found first
  bool ask_drivers = true;  // in child processes
};

/// Looks at a machine. Takes no longer than the drivers' time limits.
Machine examine(const Source& source, const Wanted& wanted);

nlohmann::json to_json(const Machine& machine);

// The parts of `examine`, a file each.
OperatingSystem examine_os(const Source& source);
Wsl examine_wsl(const Source& source, const OperatingSystem& os);
std::string examine_container(const Source& source);
std::vector<Gpu> examine_gpus(const Source& source);
std::vector<RenderNode> examine_render_nodes(const Source& source);
Vulkan examine_vulkan(const Source& source, bool ask);
Cuda examine_cuda(const Source& source, bool ask);
Memory examine_memory(const Source& source);
std::vector<Python> examine_pythons(const Source& source, const std::string& wanted);
std::map<std::string, bool> examine_windows(const Source& source);

}  // namespace evergpu::system
