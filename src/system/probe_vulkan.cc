// Asks the Vulkan loader which devices there are, and whether they have what evergpu's kernels
// need. Makes a device of each.
#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "base/os.h"
#include "system/probe.h"

namespace evergpu::system {
namespace {

using nlohmann::json;

Result<os::Library> open_loader() {
#ifdef _WIN32
  return os::Library::open("vulkan-1.dll");
#else
  return os::Library::open("libvulkan.so.1");
#endif
}

const char* type_name(VkPhysicalDeviceType type) {
  switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
      return "discrete";
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
      return "integrated";
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
      return "virtual";
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
      return "cpu";
    default:
      return "other";
  }
}

/// The functions of one instance.
struct Functions {
  PFN_vkGetInstanceProcAddr get;
  VkInstance instance;
  template <typename Function>
  Function named(const char* name) const {
    return reinterpret_cast<Function>(get(instance, name));
  }
};

std::uint64_t device_memory(const Functions& functions, VkPhysicalDevice device) {
  const auto ask = functions.named<PFN_vkGetPhysicalDeviceMemoryProperties>(
      "vkGetPhysicalDeviceMemoryProperties");
  VkPhysicalDeviceMemoryProperties memory = {};
  ask(device, &memory);
  std::uint64_t most = 0;
  for (std::uint32_t i = 0; i < memory.memoryHeapCount; ++i) {
    const VkMemoryHeap& heap = memory.memoryHeaps[i];
    if ((heap.flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0 && heap.size > most) most = heap.size;
  }
  return most;
}

json describe(const Functions& functions, VkPhysicalDevice device) {
  VkPhysicalDeviceProperties base = {};
  functions.named<PFN_vkGetPhysicalDeviceProperties>("vkGetPhysicalDeviceProperties")(device,
                                                                                      &base);
  const std::uint32_t api = base.apiVersion;
  json answer = {{"name", base.deviceName},
                 {"vendor", base.vendorID},
                 {"type", type_name(base.deviceType)},
                 {"api", std::to_string(VK_API_VERSION_MAJOR(api)) + "." +
                             std::to_string(VK_API_VERSION_MINOR(api))},
                 {"memory", device_memory(functions, device)},
                 {"missing", json::array()}};
  if (api < VK_API_VERSION_1_2) return answer;

  VkPhysicalDeviceDriverProperties driver = {};
  driver.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES;
  VkPhysicalDeviceProperties2 properties = {};
  properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
  properties.pNext = &driver;
  functions.named<PFN_vkGetPhysicalDeviceProperties2>("vkGetPhysicalDeviceProperties2")(
      device, &properties);
  answer["driver"] = driver.driverName;
  answer["driver_version"] = driver.driverInfo;

  VkPhysicalDeviceVulkan12Features of_12 = {};
  of_12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
  VkPhysicalDeviceVulkan11Features of_11 = {};
  of_11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES;
  of_11.pNext = &of_12;
  VkPhysicalDeviceFeatures2 features = {};
  features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
  features.pNext = &of_11;
  functions.named<PFN_vkGetPhysicalDeviceFeatures2>("vkGetPhysicalDeviceFeatures2")(device,
                                                                                    &features);
  const auto need = [&](VkBool32 there, const char* name) {
    if (there == VK_FALSE) answer["missing"].push_back(name);
  };
  need(of_12.bufferDeviceAddress, "bufferDeviceAddress");
  need(of_12.timelineSemaphore, "timelineSemaphore");
  need(of_11.storageBuffer16BitAccess, "storageBuffer16BitAccess");
  answer["float16"] = of_12.shaderFloat16 == VK_TRUE;
  return answer;
}

// Makes a device with a queue and the features that kernels are most likely to use, since some
// drivers crash only then. What becomes of it is asked nowhere: that this process goes on is the
// answer.
void make_device(const Functions& functions, VkPhysicalDevice device) {
  VkPhysicalDeviceProperties base = {};
  functions.named<PFN_vkGetPhysicalDeviceProperties>("vkGetPhysicalDeviceProperties")(device,
                                                                                      &base);
  if (base.apiVersion < VK_API_VERSION_1_2) return;
  const auto families = functions.named<PFN_vkGetPhysicalDeviceQueueFamilyProperties>(
      "vkGetPhysicalDeviceQueueFamilyProperties");
  std::uint32_t count = 0;
  families(device, &count, nullptr);
  std::vector<VkQueueFamilyProperties> properties(count);
  families(device, &count, properties.data());
  std::uint32_t family = 0;
  while (family < count && (properties[family].queueFlags & VK_QUEUE_COMPUTE_BIT) == 0) ++family;
  if (family == count) return;
  const float priority = 1;
  VkDeviceQueueCreateInfo queue = {};
  queue.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO;
  queue.queueFamilyIndex = family;
  queue.queueCount = 1;
  queue.pQueuePriorities = &priority;
  VkPhysicalDeviceVulkan12Features can = {};
  can.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
  VkPhysicalDeviceFeatures2 features = {};
  features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
  features.pNext = &can;
  functions.named<PFN_vkGetPhysicalDeviceFeatures2>("vkGetPhysicalDeviceFeatures2")(device,
                                                                                    &features);
  VkPhysicalDeviceVulkan12Features of_12 = {};
  of_12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
  of_12.timelineSemaphore = can.timelineSemaphore;
  of_12.bufferDeviceAddress = can.bufferDeviceAddress;
  VkDeviceCreateInfo wanted = {};
  wanted.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
  wanted.pNext = &of_12;
  wanted.queueCreateInfoCount = 1;
  wanted.pQueueCreateInfos = &queue;
  VkDevice made = VK_NULL_HANDLE;
  functions.named<PFN_vkCreateDevice>("vkCreateDevice")(device, &wanted, nullptr, &made);
}

}  // namespace

json ask_vulkan() {
  const Result<os::Library> loader = open_loader();
  if (!loader.ok()) return {{"error", "no library"}};
  const auto get =
      reinterpret_cast<PFN_vkGetInstanceProcAddr>(loader->symbol("vkGetInstanceProcAddr"));
  if (get == nullptr) return {{"error", "not a Vulkan loader"}};
  const auto create =
      reinterpret_cast<PFN_vkCreateInstance>(get(VK_NULL_HANDLE, "vkCreateInstance"));
  VkApplicationInfo application = {};
  application.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO;
  application.apiVersion = VK_API_VERSION_1_2;
  VkInstanceCreateInfo wanted = {};
  wanted.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
  wanted.pApplicationInfo = &application;
  VkInstance instance = VK_NULL_HANDLE;
  if (const VkResult result = create(&wanted, nullptr, &instance); result != VK_SUCCESS) {
    const bool no_driver = result == VK_ERROR_INCOMPATIBLE_DRIVER;
    return {{"error", no_driver ? "no driver" : "vkCreateInstance failed"},
            {"code", static_cast<int>(result)}};
  }
  const Functions functions = {get, instance};
  const auto enumerate =
      functions.named<PFN_vkEnumeratePhysicalDevices>("vkEnumeratePhysicalDevices");
  std::uint32_t count = 0;
  enumerate(instance, &count, nullptr);
  std::vector<VkPhysicalDevice> devices(count);
  enumerate(instance, &count, devices.data());
  json answer = {{"devices", json::array()}};
  for (VkPhysicalDevice device : devices) {
    answer["devices"].push_back(describe(functions, device));
    make_device(functions, device);
  }
  // Nothing is destroyed: this process ends now, and drivers have crashed in doing so.
  return answer;
}

}  // namespace evergpu::system
