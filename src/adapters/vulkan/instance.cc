#include "adapters/vulkan/instance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "adapters/vulkan/matrices.h"
#include "base/os.h"

namespace evergpu::adapters::vulkan {
namespace {

DeviceKind kind_of(VkPhysicalDeviceType type) {
  switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
      return DeviceKind::discrete;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
      return DeviceKind::integrated;
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
      return DeviceKind::software;
    default:
      return DeviceKind::other;
  }
}

// Mesa's software driver, whose version stands in its name alone: with 25.0.7 contractions are
// three times as fast through addresses, with 22.3.6 a third as fast. EVERGPU_VULKAN_PROFILE=full
// takes them wherever they are, and so does matrix.
bool has_fast_addresses(const VkPhysicalDeviceVulkan12Properties& driver) {
  const std::string profile = os::environment("EVERGPU_VULKAN_PROFILE").value_or("");
  if (profile == "full" || profile == "matrix") return true;
  constexpr std::string_view maker = "Mesa ";
  constexpr int first_fast = 25;
  const std::string_view name = driver.driverInfo;
  return driver.driverID == VK_DRIVER_ID_MESA_LLVMPIPE && name.starts_with(maker) &&
         std::atoi(name.data() + maker.size()) >= first_fast;
}

void read_properties(const InstanceFunctions& functions, PhysicalDevice& device) {
  VkPhysicalDeviceVulkan12Properties of_12 = {};
  of_12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES;
  VkPhysicalDeviceVulkan11Properties of_11 = {};
  of_11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES;
  of_11.pNext = &of_12;
  VkPhysicalDeviceProperties2 properties = {};
  properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
  properties.pNext = &of_11;
  functions.GetPhysicalDeviceProperties2(device.handle, &properties);

  const VkPhysicalDeviceProperties& base = properties.properties;
  device.name = base.deviceName;
  device.driver = fmt::format("{} {}", of_12.driverName, of_12.driverInfo);
  device.has_fast_addresses = has_fast_addresses(of_12);
  device.vendor_id = base.vendorID;
  device.device_id = base.deviceID;
  std::copy_n(base.pipelineCacheUUID, VK_UUID_SIZE, device.cache_uuid.begin());
  std::copy_n(of_11.driverUUID, VK_UUID_SIZE, device.driver_uuid.begin());
  device.kind = kind_of(base.deviceType);
  device.clock_nanoseconds = static_cast<double>(base.limits.timestampPeriod);

  Capabilities& can = device.capabilities;
  can.subgroup_size = of_11.subgroupSize;
  can.subgroup_shuffle = (of_11.subgroupSupportedStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0 &&
                         (of_11.subgroupSupportedOperations & VK_SUBGROUP_FEATURE_SHUFFLE_BIT) != 0;
  can.preserves_nan_f32 = of_12.shaderSignedZeroInfNanPreserveFloat32 == VK_TRUE;
  can.preserves_nan_f64 = of_12.shaderSignedZeroInfNanPreserveFloat64 == VK_TRUE;
  can.preserves_denormals_f32 = of_12.shaderDenormPreserveFloat32 == VK_TRUE;
  can.preserves_denormals_f64 = of_12.shaderDenormPreserveFloat64 == VK_TRUE;
  const VkPhysicalDeviceLimits& limits = base.limits;
  can.max_buffers = std::min({limits.maxPerStageDescriptorStorageBuffers,
                              limits.maxDescriptorSetStorageBuffers, limits.maxPerStageResources});
  can.max_buffer_bytes = limits.maxStorageBufferRange;
  can.buffer_alignment = std::max<std::uint32_t>(
      static_cast<std::uint32_t>(limits.minStorageBufferOffsetAlignment), 8);
  can.shared_bytes = limits.maxComputeSharedMemorySize;
  can.max_workgroup_size =
      std::min(limits.maxComputeWorkGroupInvocations, limits.maxComputeWorkGroupSize[0]);
  can.max_groups = std::min({limits.maxComputeWorkGroupCount[0], limits.maxComputeWorkGroupCount[1],
                             limits.maxComputeWorkGroupCount[2], 65535U});
}

// False when evergpu cannot use the device at all.
bool read_features(const InstanceFunctions& functions, PhysicalDevice& device) {
  VkPhysicalDeviceVulkan12Features of_12 = {};
  of_12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
  VkPhysicalDeviceVulkan11Features of_11 = {};
  of_11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES;
  of_11.pNext = &of_12;
  VkPhysicalDeviceFeatures2 features = {};
  features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
  features.pNext = &of_11;
  functions.GetPhysicalDeviceFeatures2(device.handle, &features);

  Capabilities& can = device.capabilities;
  // As with Mesa's dzn, which has the least.
  const bool baseline = os::environment("EVERGPU_VULKAN_PROFILE") == "baseline";
  can.storage_8bit = of_12.storageBuffer8BitAccess == VK_TRUE && !baseline;
  can.storage_16bit = of_11.storageBuffer16BitAccess == VK_TRUE;
  can.float16 = of_12.shaderFloat16 == VK_TRUE;
  can.float64 = features.features.shaderFloat64 == VK_TRUE;
  can.int8 = of_12.shaderInt8 == VK_TRUE && !baseline;
  can.int16 = features.features.shaderInt16 == VK_TRUE;
  can.int64 = features.features.shaderInt64 == VK_TRUE;
  can.device_addresses = of_12.bufferDeviceAddress == VK_TRUE && can.int64 && !baseline;
  return of_12.timelineSemaphore == VK_TRUE;
}

void read_memory(const InstanceFunctions& functions, PhysicalDevice& device) {
  VkPhysicalDeviceMemoryProperties2 memory = {};
  memory.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2;
  VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {};
  budget.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT;
  const bool knows_budget =
      has_extension(functions, device.handle, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
  if (knows_budget) memory.pNext = &budget;
  functions.GetPhysicalDeviceMemoryProperties2(device.handle, &memory);
  for (std::uint32_t i = 0; i < memory.memoryProperties.memoryHeapCount; ++i) {
    const VkMemoryHeap& heap = memory.memoryProperties.memoryHeaps[i];
    if ((heap.flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) == 0) continue;
    // Some drivers say 0 where they do not know.
    const VkDeviceSize free = knows_budget && budget.heapBudget[i] > 0
                                  ? std::min(heap.size, budget.heapBudget[i])
                                  : heap.size;
    device.memory_bytes = std::max<std::uint64_t>(device.memory_bytes, free);
  }
}

// A family of queues that compute; one that does nothing else is likelier to be free.
std::optional<std::uint32_t> compute_family(const std::vector<VkQueueFamilyProperties>& families) {
  std::optional<std::uint32_t> found;
  for (std::uint32_t i = 0; i < families.size(); ++i) {
    if ((families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) == 0) continue;
    if ((families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT) == 0) return i;
    if (!found) found = i;
  }
  return found;
}

// False when the device has no queue that computes.
bool read_queue(const InstanceFunctions& functions, PhysicalDevice& device) {
  std::uint32_t count = 0;
  functions.GetPhysicalDeviceQueueFamilyProperties(device.handle, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  functions.GetPhysicalDeviceQueueFamilyProperties(device.handle, &count, families.data());
  families.resize(count);
  const std::optional<std::uint32_t> family = compute_family(families);
  if (!family) return false;
  device.queue_family = *family;
  device.clock_bits = families[*family].timestampValidBits;
  return true;
}

}  // namespace

bool has_extension(const InstanceFunctions& functions, VkPhysicalDevice device,
                   std::string_view name) {
  std::uint32_t count = 0;
  if (functions.EnumerateDeviceExtensionProperties(device, nullptr, &count, nullptr) != VK_SUCCESS)
    return false;
  std::vector<VkExtensionProperties> extensions(count);
  if (functions.EnumerateDeviceExtensionProperties(device, nullptr, &count, extensions.data()) !=
      VK_SUCCESS)
    return false;
  return std::any_of(extensions.begin(), extensions.end(),
                     [&](const auto& extension) { return name == extension.extensionName; });
}

std::string vendor_name(std::uint32_t vendor_id) {
  switch (vendor_id) {
    case 0x1002:
      return "AMD";
    case 0x8086:
      return "Intel";
    case 0x10de:
      return "NVIDIA";
    case 0x106b:
      return "Apple";
    case 0x13b5:
      return "ARM";
    case 0x5143:
      return "Qualcomm";
    case VK_VENDOR_ID_MESA:
      return "Mesa";
    default:
      return fmt::format("vendor {:#06x}", vendor_id);
  }
}

Result<std::shared_ptr<const Instance>> Instance::create(const std::string& loader) {
  const Result<GlobalFunctions> global = load_vulkan(loader);
  if (!global.ok()) return global.status();
  std::uint32_t version = 0;
  EVERGPU_RETURN_IF_ERROR(
      check(global->EnumerateInstanceVersion(&version), "asking for the loader's version"));
  if (version < VK_API_VERSION_1_2) {
    return Status(Code::failed_precondition,
                  fmt::format("the Vulkan loader is of version {}.{}; evergpu needs 1.2. Update it",
                              VK_API_VERSION_MAJOR(version), VK_API_VERSION_MINOR(version)));
  }
  VkApplicationInfo application = {};
  application.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO;
  application.pApplicationName = "evergpu";
  application.apiVersion = VK_API_VERSION_1_2;
  VkInstanceCreateInfo wanted = {};
  wanted.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
  wanted.pApplicationInfo = &application;
  const std::shared_ptr<Instance> made(new Instance());
  EVERGPU_RETURN_IF_ERROR(
      check(global->CreateInstance(&wanted, nullptr, &made->instance_), "making an instance"));
  Result<InstanceFunctions> functions = load_functions(*global, made->instance_);
  if (!functions.ok()) return functions.status();
  made->functions_ = *functions;
  EVERGPU_RETURN_IF_ERROR(made->find_devices());
  return std::shared_ptr<const Instance>(made);
}

Instance::~Instance() {
  if (functions_.DestroyInstance != nullptr) functions_.DestroyInstance(instance_, nullptr);
}

Status Instance::find_devices() {
  std::uint32_t count = 0;
  EVERGPU_RETURN_IF_ERROR(check(functions_.EnumeratePhysicalDevices(instance_, &count, nullptr),
                                "counting the devices"));
  std::vector<VkPhysicalDevice> handles(count);
  EVERGPU_RETURN_IF_ERROR(check(
      functions_.EnumeratePhysicalDevices(instance_, &count, handles.data()), "listing devices"));
  handles.resize(count);
  for (VkPhysicalDevice handle : handles) {
    VkPhysicalDeviceProperties base = {};
    functions_.GetPhysicalDeviceProperties(handle, &base);
    if (base.apiVersion < VK_API_VERSION_1_2) continue;
    PhysicalDevice device;
    device.handle = handle;
    if (!read_queue(functions_, device)) continue;
    read_properties(functions_, device);
    read_memory(functions_, device);
    if (!read_features(functions_, device)) continue;
    // Words that hold bytes are reached through descriptors alone: an array may begin within one.
    device.has_fast_addresses = device.has_fast_addresses && device.capabilities.device_addresses &&
                                device.capabilities.storage_8bit;
    device.capabilities.matrices = read_matrices(functions_, device);
    devices_.push_back(std::move(device));
  }
  std::stable_sort(devices_.begin(), devices_.end(),
                   [](const auto& a, const auto& b) { return a.kind < b.kind; });
  return {};
}

}  // namespace evergpu::adapters::vulkan
