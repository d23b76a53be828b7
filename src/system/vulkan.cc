// The Vulkan loader, the drivers installed for it, and the devices they offer.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "system/machine.h"
#include "system/text.h"

namespace evergpu::system {
namespace {

using nlohmann::json;

const std::vector<std::string> library_folders = {"/usr/lib/x86_64-linux-gnu",
                                                  "/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib",
                                                  "/usr/local/lib"};

std::string find_library(const Source& source, const std::string& name) {
  for (const std::string& folder : library_folders) {
    if (std::string path = fmt::format("{}/{}", folder, name); source.exists(path)) return path;
  }
  return "";
}

/// The manifests that the loader would read, by its rules: a variable instead of the folders.
std::vector<std::string> manifest_paths(const Source& source) {
  for (const char* variable : {"VK_DRIVER_FILES", "VK_ICD_FILENAMES"}) {
    if (const auto files = source.environment(variable)) return split(*files, ':');
  }
  std::vector<std::string> paths;
  for (const char* folder :
       {"/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/usr/share/vulkan/icd.d"}) {
    for (const std::string& name : source.names(folder)) {
      if (name.ends_with(".json")) paths.push_back(std::string(folder) + "/" + name);
    }
  }
  return paths;
}

VulkanManifest read_manifest(const Source& source, const std::string& path) {
  VulkanManifest manifest{path, "", "", false};
  const json content = json::parse(source.read(path).value_or(""), nullptr, false);
  if (!content.is_object() || !content.contains("ICD") || !content["ICD"].is_object() ||
      !content["ICD"].contains("library_path") || !content["ICD"]["library_path"].is_string())
    return manifest;
  manifest.library = content["ICD"]["library_path"];
  if (manifest.library.find('/') == std::string::npos) {
    manifest.library_file = find_library(source, manifest.library);
    manifest.library_found = !manifest.library_file.empty();
    return manifest;
  }
  const std::string folder = path.substr(0, path.rfind('/'));
  manifest.library_file =
      manifest.library.starts_with('/') ? manifest.library : folder + "/" + manifest.library;
  manifest.library_found = source.exists(manifest.library_file);
  return manifest;
}

VulkanDevice read_device(const json& answer) {
  VulkanDevice device;
  device.name = answer.value("name", "");
  device.vendor = vendor_name(answer.value("vendor", 0U));
  device.type = answer.value("type", "");
  device.driver = answer.value("driver", "");
  device.driver_version = answer.value("driver_version", "");
  device.api = answer.value("api", "");
  device.memory = answer.value("memory", std::uint64_t{0});
  device.missing = answer.value("missing", std::vector<std::string>());
  device.float16 = answer.value("float16", false);
  return device;
}

}  // namespace

Vulkan examine_vulkan(const Source& source, bool ask) {
  Vulkan vulkan;
  if (source.is_windows()) {
    const std::string loader = "/Windows/System32/vulkan-1.dll";
    if (source.exists(loader)) vulkan.loader = loader;
  } else {
    vulkan.loader = find_library(source, "libvulkan.so.1");
    for (const std::string& path : manifest_paths(source))
      vulkan.manifests.push_back(read_manifest(source, path));
  }
  if (!ask || vulkan.loader.empty()) {
    vulkan.error = "not asked";
    return vulkan;
  }
  const json answer = source.ask("vulkan");
  vulkan.error = answer.value("error", "");
  for (const json& device : answer.value("devices", json::array()))
    vulkan.devices.push_back(read_device(device));
  return vulkan;
}

}  // namespace evergpu::system
