// Cooperative matrices (VK_KHR_cooperative_matrix): which a device has, and where they are used.
#pragma once

#include <span>

#include "adapters/vulkan/instance.h"

namespace evergpu::adapters::vulkan {

/// What decides whether a device's matrices are hardware that is faster than its other arithmetic.
struct MatrixHardware {
  std::uint32_t vendor_id = 0;
  std::uint32_t device_id = 0;
  VkDriverId driver = {};
  std::uint32_t least_subgroup = 0;
  bool has_mixed_dot_product = false;  // of four signed bytes by four unsigned, accelerated
};

/// Whether it is known to be. Drivers advertise matrices where the GPU has nothing for them, too.
bool has_matrix_units(const MatrixHardware& hardware);

/// The largest of a device's matrices of f16 with sums of f32 that a subgroup of `lanes` shares
/// and the kernels can divide among them; of extent 0 where there is none.
Matrices largest_matrices(std::span<const VkCooperativeMatrixPropertiesKHR> all,
                          std::uint32_t lanes);

/// The matrices that kernels use on a device whose other capabilities are known: those of a device
/// with matrix units, or with EVERGPU_VULKAN_PROFILE=matrix those of any; else none.
Matrices read_matrices(const InstanceFunctions& functions, const PhysicalDevice& device);

}  // namespace evergpu::adapters::vulkan
