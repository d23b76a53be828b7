// GPUs on the PCI bus (Linux) or in the registry (Windows), and Linux's render nodes.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "system/machine.h"
#include "system/text.h"

namespace evergpu::system {
namespace {

/// The name in pci.ids of "10de:2684"; empty where the list or the entry is missing.
std::string name_in_pci_ids(const Source& source, const std::string& id) {
  static const std::vector<std::string> places = {"/usr/share/misc/pci.ids",
                                                  "/usr/share/hwdata/pci.ids"};
  for (const std::string& place : places) {
    const std::string list = source.read(place).value_or("");
    const std::size_t vendor = list.find("\n" + id.substr(0, 4) + "  ");
    if (vendor == std::string::npos) continue;
    std::size_t line = list.find('\n', vendor + 1);
    while (line != std::string::npos && line + 1 < list.size() && list[line + 1] == '\t') {
      if (list.compare(line + 2, 6, id.substr(5) + "  ") == 0)
        return list.substr(line + 8, list.find('\n', line + 8) - line - 8);
      line = list.find('\n', line + 1);
    }
  }
  return "";
}

unsigned long hexadecimal(const std::string& text) {
  return std::strtoul(text.c_str(), nullptr, 16);
}

std::vector<Gpu> pci_gpus(const Source& source) {
  std::vector<Gpu> gpus;
  const std::string bus = "/sys/bus/pci/devices";
  for (const std::string& slot : source.names(bus)) {
    const std::string facts = source.read(fmt::format("{}/{}/uevent", bus, slot)).value_or("");
    const unsigned long kind = hexadecimal(value_of(facts, "PCI_CLASS")) >> 8;
    // Display controllers: VGA, 3D, other.
    if (kind != 0x300 && kind != 0x302 && kind != 0x380) continue;
    Gpu gpu;
    gpu.pci_id = lower(value_of(facts, "PCI_ID"));
    if (gpu.pci_id.size() != 9) continue;
    gpu.vendor = vendor_name(static_cast<unsigned>(hexadecimal(gpu.pci_id)));
    gpu.driver = value_of(facts, "DRIVER");
    gpu.name = name_in_pci_ids(source, gpu.pci_id);
    gpu.driver_version =
        trimmed(source.read("/sys/module/" + gpu.driver + "/version").value_or(""));
    gpus.push_back(gpu);
  }
  return gpus;
}

std::vector<Gpu> registry_gpus(const Source& source) {
  std::vector<Gpu> gpus;
  const std::string display =
      "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e968-e325-11ce-bfc1-08002be10318}";
  for (const std::string& number : source.registry_keys(display)) {
    const std::string key = fmt::format("{}\\{}", display, number);
    const std::string device = lower(source.registry(key, "MatchingDeviceId").value_or(""));
    if (device.empty()) continue;
    const std::string vendor = between(device, "ven_", "&"), model = between(device, "dev_", "&");
    Gpu gpu;
    gpu.vendor =
        vendor.empty() ? "microsoft" : vendor_name(static_cast<unsigned>(hexadecimal(vendor)));
    gpu.pci_id = vendor.empty() ? "" : fmt::format("{}:{}", vendor, model);
    gpu.name = source.registry(key, "DriverDesc").value_or("");
    gpu.driver = source.registry(key, "ProviderName").value_or("");
    gpu.driver_version = source.registry(key, "DriverVersion").value_or("");
    gpus.push_back(gpu);
  }
  return gpus;
}

}  // namespace

std::string vendor_name(unsigned pci_vendor) {
  switch (pci_vendor) {
    case 0x1002:
      return "amd";
    case 0x8086:
      return "intel";
    case 0x10de:
      return "nvidia";
    case 0x1414:
      return "microsoft";
    default:
      return fmt::format("{:04x}", pci_vendor);
  }
}

std::vector<Gpu> examine_gpus(const Source& source) {
  return source.is_windows() ? registry_gpus(source) : pci_gpus(source);
}

std::vector<RenderNode> examine_render_nodes(const Source& source) {
  std::vector<RenderNode> nodes;
  for (const std::string& name : source.names("/dev/dri")) {
    if (!name.starts_with("renderD")) continue;
    const std::string path = "/dev/dri/" + name;
    nodes.push_back({path, source.may_use(path)});
  }
  return nodes;
}

}  // namespace evergpu::system
