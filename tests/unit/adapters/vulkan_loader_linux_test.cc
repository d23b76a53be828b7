// The Khronos loader without a driver. Wine has a loader of its own, which reads no list of
// drivers.
#include <gtest/gtest.h>

#include "adapters/vulkan/vulkan.h"
#include "support/environment.h"

namespace evergpu::adapters {
namespace {

TEST(VulkanLoader, FindsNoDriver) {
  const evergpu::testing::ScopedVariable none("VK_DRIVER_FILES", "no-such-driver.json");
  const evergpu::testing::ScopedVariable old_name("VK_ICD_FILENAMES", "no-such-driver.json");
  const auto adapter = make_vulkan_adapter();
  ASSERT_FALSE(adapter.ok());
  EXPECT_EQ(adapter.status().code(), Code::failed_precondition);
  EXPECT_NE(adapter.status().message().find("apt install"), std::string::npos);
}

}  // namespace
}  // namespace evergpu::adapters
