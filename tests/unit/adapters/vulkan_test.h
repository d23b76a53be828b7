// What tests of the Vulkan adapter share: the device, and a check of every module that it is given.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "adapters/adapter.h"

namespace evergpu::adapters {

/// Skips where no Vulkan device exists, or fails when EVERGPU_REQUIRE_VULKAN is set. At the end,
/// all modules that the test made go through spirv-val where that is installed;
/// EVERGPU_REQUIRE_VULKAN makes it needed.
class VulkanTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  /// A device of its own, with environment variable `name` set to `value` while it is opened.
  std::unique_ptr<Device> open_with(const char* name, const char* value);

  /// Whether EVERGPU_VULKAN_PROFILE=matrix finds cooperative matrices. EVERGPU_REQUIRE_MATRICES=1
  /// makes it a failure that it does not.
  static bool has_matrices();

  std::unique_ptr<Device> device_;
  std::filesystem::path folder_;  // where each module that device_ was given is written
};

}  // namespace evergpu::adapters
