// Cooperative matrices: which devices' are used, in which tiles, and their code.
#include <algorithm>
#include <array>
#include <map>

#include "adapters/vulkan/kernel_words.h"
#include "adapters/vulkan/matrices.h"
#include "adapters/vulkan/pipeline.h"
#include "adapters/vulkan/spirv_matrix.h"
#include "adapters/vulkan/spirv_template.h"
#include "adapters/vulkan_test.h"
#include "support/environment.h"

namespace evergpu::adapters::vulkan {
namespace {

using evergpu::testing::ScopedVariable;
using ir::DType;

constexpr VkComponentTypeKHR f16 = VK_COMPONENT_TYPE_FLOAT16_KHR;
constexpr VkComponentTypeKHR f32 = VK_COMPONENT_TYPE_FLOAT32_KHR;

VkCooperativeMatrixPropertiesKHR matrices(std::uint32_t m, std::uint32_t n, std::uint32_t k,
                                          VkComponentTypeKHR factor = f16,
                                          VkComponentTypeKHR sum = f32) {
  return {VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR,
          nullptr,
          m,
          n,
          k,
          factor,
          factor,
          sum,
          sum,
          VK_FALSE,
          VK_SCOPE_SUBGROUP_KHR};
}

TEST(VulkanMatrices, AreUsedWhereTheHardwareHasThem) {
  const auto used = [](VkDriverId driver, MatrixHardware hardware) {
    hardware.driver = driver;
    return has_matrix_units(hardware);
  };
  const MatrixHardware rdna3{.vendor_id = 0x1002, .has_mixed_dot_product = true};
  const MatrixHardware rdna2{.vendor_id = 0x1002};
  EXPECT_TRUE(used(VK_DRIVER_ID_MESA_RADV, rdna3));
  EXPECT_TRUE(used(VK_DRIVER_ID_AMD_PROPRIETARY, rdna3));
  EXPECT_FALSE(used(VK_DRIVER_ID_AMD_PROPRIETARY, rdna2));
  EXPECT_FALSE(used(VK_DRIVER_ID_AMD_OPEN_SOURCE, rdna2));
  const MatrixHardware xe2{.vendor_id = 0x8086, .least_subgroup = 16};
  const MatrixHardware arc{.vendor_id = 0x8086, .least_subgroup = 8};
  EXPECT_TRUE(used(VK_DRIVER_ID_INTEL_OPEN_SOURCE_MESA, xe2));
  EXPECT_TRUE(used(VK_DRIVER_ID_INTEL_PROPRIETARY_WINDOWS, xe2));
  EXPECT_FALSE(used(VK_DRIVER_ID_INTEL_OPEN_SOURCE_MESA, arc));
  const MatrixHardware rtx_4060{.vendor_id = 0x10de, .device_id = 0x2882};
  const MatrixHardware rtx_2060{.vendor_id = 0x10de, .device_id = 0x1f08};
  const MatrixHardware gtx_1650{.vendor_id = 0x10de, .device_id = 0x1f82};
  const MatrixHardware gtx_1660{.vendor_id = 0x10de, .device_id = 0x2184};
  for (const VkDriverId driver : {VK_DRIVER_ID_NVIDIA_PROPRIETARY, VK_DRIVER_ID_MESA_NVK}) {
    EXPECT_TRUE(used(driver, rtx_4060));
    EXPECT_TRUE(used(driver, rtx_2060));
    EXPECT_FALSE(used(driver, gtx_1650));
    EXPECT_FALSE(used(driver, gtx_1660));
  }
  EXPECT_FALSE(used(VK_DRIVER_ID_MESA_LLVMPIPE, {}));
  EXPECT_FALSE(used(VK_DRIVER_ID_MESA_DOZEN, rtx_4060));
  EXPECT_FALSE(used(VK_DRIVER_ID_QUALCOMM_PROPRIETARY, {}));
}

TEST(VulkanMatrices, AreTheLargestThatLanesDivide) {
  const std::array list = {matrices(16, 8, 8),
                           matrices(16, 16, 16),
                           matrices(16, 16, 16, f16, f16),
                           matrices(32, 32, 16, f32, f32),
                           matrices(64, 16, 16),
                           matrices(24, 16, 16),
                           matrices(16, 8, 16)};
  EXPECT_EQ(largest_matrices(list, 32), (Matrices{16, 16, 16, 32}));
  EXPECT_EQ(largest_matrices(std::span(list).first(1), 32), (Matrices{16, 8, 8, 32}));
  EXPECT_EQ(largest_matrices(list, 512), Matrices());  // more lanes than sums
  std::array others = {matrices(16, 16, 16), matrices(16, 16, 16)};
  others[0].scope = static_cast<VkScopeKHR>(2);  // a workgroup's
  others[1].saturatingAccumulation = VK_TRUE;
  EXPECT_EQ(largest_matrices(others, 32), Matrices());
}

TEST(VulkanMatrices, HaveTilesThatFit) {
  PhysicalDevice device;
  device.capabilities.shared_bytes = 32 << 10;
  device.capabilities.max_workgroup_size = 256;
  EXPECT_FALSE(matrix_tile(device, true));
  for (const Matrices& one : {Matrices{16, 16, 16, 32}, Matrices{16, 16, 16, 64},
                              Matrices{8, 16, 16, 16}, Matrices{8, 8, 8, 8}}) {
    device.capabilities.matrices = one;
    const auto tile = matrix_tile(device, true);
    ASSERT_TRUE(tile) << in_words(*tile);
    EXPECT_EQ(tile->height(), 64);
    EXPECT_EQ(tile->width(), 64);
    EXPECT_EQ(tile->depth % one.k, 0U);
    EXPECT_EQ(matrix_tile(device, false)->height(), 32);
    EXPECT_EQ(default_tiles(device, true).product_of(DType::f16), ContractionTile(*tile));
    EXPECT_EQ(default_tiles(device, true).convolution_of(DType::f16), ContractionTile(*tile));
    EXPECT_NE(default_tiles(device, true).product_of(DType::bf16), ContractionTile(*tile));
  }
  device.capabilities.shared_bytes = 8 << 10;
  EXPECT_FALSE(matrix_tile(device, true));
}

TEST(VulkanMatrices, AreThoseOfKhronosInFinishedCode) {
  for (const char* name : {"matmul_shared_f16_matrix", "convolution_shared_f16_partial_matrix"}) {
    const auto words = kernel_words(name);
    ASSERT_FALSE(words.empty());
    EXPECT_TRUE(uses_nv_matrices(words));
    const std::vector<std::uint32_t> made = with_khr_matrices(words);
    EXPECT_FALSE(uses_nv_matrices(made));
    std::map<std::uint32_t, std::uint32_t> constants;
    std::vector<std::uint32_t> uses;
    int products = 0;
    for_each_instruction(std::span(made).subspan(spirv_header_words), [&](spv::Op op, auto i) {
      if (op == spv::Op::constant && i.size() == 4) constants[i[2]] = i[3];
      if (op == spv::Op::type_cooperative_matrix_khr) uses.push_back(constants.at(i[6]));
      products += op == spv::Op::cooperative_matrix_mul_add_khr ? 1 : 0;
      EXPECT_FALSE(op >= spv::Op::type_cooperative_matrix_nv &&
                   op <= spv::Op::cooperative_matrix_mul_add_nv);
    });
    std::ranges::sort(uses);
    EXPECT_EQ(uses, (std::vector<std::uint32_t>{0, 1, 2}));
    EXPECT_GE(products, 1);
  }
  EXPECT_FALSE(uses_nv_matrices(kernel_words("matmul_shared_f16")));
}

class VulkanMatrixProfile : public VulkanTest {
 protected:
  static Matrices with_profile(const char* name) {
    const ScopedVariable profile("EVERGPU_VULKAN_PROFILE", name);
    const auto instance = Instance::create({});
    return instance.ok() ? (*instance)->devices()[0].capabilities.matrices : Matrices();
  }
};

// A software rasteriser's are used where they are asked for; lower profiles keep those of GPUs
// unused.
TEST_F(VulkanMatrixProfile, IsAskedForOrKnown) {
  if (!has_matrices()) GTEST_SKIP() << "the device has no cooperative matrices";
  EXPECT_GT(with_profile("matrix").m, 0U);
  EXPECT_EQ(with_profile("full").m, 0U);
  EXPECT_EQ(with_profile("baseline").m, 0U);
  if (!device_->info().is_gpu) {
    EXPECT_EQ(with_profile("").m, 0U);
  }
}

}  // namespace
}  // namespace evergpu::adapters::vulkan
