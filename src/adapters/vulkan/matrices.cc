#include "adapters/vulkan/matrices.h"

#include <bit>
#include <vector>

#include "base/os.h"

namespace evergpu::adapters::vulkan {
namespace {

constexpr std::uint32_t amd = 0x1002;
constexpr std::uint32_t intel = 0x8086;
constexpr std::uint32_t nvidia = 0x10de;

// TU116 and TU117 (GTX 16, MX450, T1000 …): Turing without tensor cores.
bool is_turing_without_units(std::uint32_t id) {
  return (id >= 0x1f80 && id <= 0x1fff) || (id >= 0x2180 && id <= 0x21ff);
}

bool has_all(const InstanceFunctions& functions, VkPhysicalDevice device) {
  for (const char* name :
       {VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME, VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME})
    if (!has_extension(functions, device, name)) return false;
  VkPhysicalDeviceCooperativeMatrixFeaturesKHR matrices = {};
  matrices.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR;
  VkPhysicalDeviceSubgroupSizeControlFeatures sizes = {};
  sizes.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES;
  sizes.pNext = &matrices;
  VkPhysicalDeviceVulkan12Features of_12 = {};
  of_12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
  of_12.pNext = &sizes;
  VkPhysicalDeviceFeatures2 features = {};
  features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
  features.pNext = &of_12;
  functions.GetPhysicalDeviceFeatures2(device, &features);
  return matrices.cooperativeMatrix == VK_TRUE && sizes.subgroupSizeControl == VK_TRUE &&
         sizes.computeFullSubgroups == VK_TRUE && of_12.vulkanMemoryModel == VK_TRUE;
}

MatrixHardware hardware_of(const InstanceFunctions& functions, const PhysicalDevice& device) {
  VkPhysicalDeviceSubgroupSizeControlProperties sizes = {};
  sizes.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES;
  VkPhysicalDeviceDriverProperties driver = {};
  driver.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES;
  driver.pNext = &sizes;
  VkPhysicalDeviceShaderIntegerDotProductProperties dots = {};
  dots.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_PROPERTIES;
  if (has_extension(functions, device.handle, VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME))
    sizes.pNext = &dots;
  VkPhysicalDeviceProperties2 properties = {};
  properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
  properties.pNext = &driver;
  functions.GetPhysicalDeviceProperties2(device.handle, &properties);
  return {device.vendor_id, device.device_id, driver.driverID, sizes.minSubgroupSize,
          dots.integerDotProduct4x8BitPackedMixedSignednessAccelerated == VK_TRUE};
}

}  // namespace

bool has_matrix_units(const MatrixHardware& hardware) {
  switch (hardware.driver) {
    case VK_DRIVER_ID_MESA_RADV:  // advertises them from RDNA 3 on
      return true;
    case VK_DRIVER_ID_AMD_PROPRIETARY:  // advertise them without hardware, which RDNA 3 has first,
    case VK_DRIVER_ID_AMD_OPEN_SOURCE:  // as it has this product
      return hardware.vendor_id == amd && hardware.has_mixed_dot_product;
    case VK_DRIVER_ID_INTEL_OPEN_SOURCE_MESA:
    case VK_DRIVER_ID_INTEL_PROPRIETARY_WINDOWS:  // Xe2; on Arc A they made llama.cpp no faster
      return hardware.vendor_id == intel && hardware.least_subgroup == 16;
    case VK_DRIVER_ID_NVIDIA_PROPRIETARY:
    case VK_DRIVER_ID_MESA_NVK:
      return hardware.vendor_id == nvidia && !is_turing_without_units(hardware.device_id);
    default:
      return false;
  }
}

Matrices largest_matrices(std::span<const VkCooperativeMatrixPropertiesKHR> all,
                          std::uint32_t lanes) {
  Matrices largest;
  for (const VkCooperativeMatrixPropertiesKHR& one : all) {
    const bool has_types = one.AType == VK_COMPONENT_TYPE_FLOAT16_KHR &&
                           one.BType == VK_COMPONENT_TYPE_FLOAT16_KHR &&
                           one.CType == VK_COMPONENT_TYPE_FLOAT32_KHR &&
                           one.ResultType == VK_COMPONENT_TYPE_FLOAT32_KHR;
    // The kernels divide a matrix of sums evenly among the lanes, in rows of lanes, and have 32
    // rows, columns and terms, or a multiple of them, in a tile.
    const bool is_even = std::has_single_bit(one.MSize) && std::has_single_bit(one.NSize) &&
                         std::has_single_bit(one.KSize) && std::has_single_bit(lanes) &&
                         one.MSize <= 32 && one.NSize <= 32 && one.KSize <= 32 &&
                         one.MSize * std::min(one.NSize, lanes) >= lanes;
    if (!has_types || !is_even || one.scope != VK_SCOPE_SUBGROUP_KHR ||
        one.saturatingAccumulation == VK_TRUE)
      continue;
    if (one.MSize * one.NSize * one.KSize > largest.m * largest.n * largest.k)
      largest = {one.MSize, one.NSize, one.KSize, lanes};
  }
  return largest;
}

Matrices read_matrices(const InstanceFunctions& functions, const PhysicalDevice& device) {
  const std::string profile = os::environment("EVERGPU_VULKAN_PROFILE").value_or("");
  const Capabilities& can = device.capabilities;
  const auto list = functions.GetPhysicalDeviceCooperativeMatrixPropertiesKHR;
  if (profile == "baseline" || profile == "full" || list == nullptr || !can.float16 || !can.int16 ||
      !can.storage_8bit || !can.storage_16bit || !has_all(functions, device.handle))
    return {};
  const MatrixHardware hardware = hardware_of(functions, device);
  if (profile != "matrix" && !has_matrix_units(hardware)) return {};
  std::uint32_t count = 0;
  if (list(device.handle, &count, nullptr) != VK_SUCCESS) return {};
  VkCooperativeMatrixPropertiesKHR empty = {};
  empty.sType = VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR;
  std::vector<VkCooperativeMatrixPropertiesKHR> all(count, empty);
  if (list(device.handle, &count, all.data()) != VK_SUCCESS) return {};
  all.resize(count);
  // Intel's matrices are those of its smallest subgroup.
  return largest_matrices(all,
                          device.vendor_id == intel ? hardware.least_subgroup : can.subgroup_size);
}

}  // namespace evergpu::adapters::vulkan
