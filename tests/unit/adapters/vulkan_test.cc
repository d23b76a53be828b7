#include "adapters/vulkan_test.h"

#include <fmt/format.h>

#include <cstdlib>

#include "adapters/vulkan/instance.h"
#include "adapters/vulkan/vulkan.h"
#include "base/os.h"
#include "support/environment.h"

namespace evergpu::adapters {
namespace {

bool required() { return os::environment("EVERGPU_REQUIRE_VULKAN") == "1"; }

}  // namespace

void VulkanTest::SetUp() {
  const auto adapter = make_vulkan_adapter();
  if (!adapter.ok()) {
    ASSERT_FALSE(required()) << adapter.status().message();
    GTEST_SKIP() << adapter.status().message();
  }
  folder_ =
      std::filesystem::temp_directory_path() / fmt::format("evergpu_spirv_{}", os::process_id());
  std::filesystem::create_directories(folder_);
  device_ = open_with("EVERGPU_VULKAN_DUMP", folder_.string().c_str());
  ASSERT_NE(device_, nullptr);
}

std::unique_ptr<Device> VulkanTest::open_with(const char* name, const char* value) {
  const evergpu::testing::ScopedVariable no_cache("EVERGPU_VULKAN_CACHE", "off");
  const evergpu::testing::ScopedVariable variable(name, value);
  const auto adapter = make_vulkan_adapter();
  EXPECT_TRUE(adapter.ok()) << adapter.status().message();
  if (!adapter.ok()) return nullptr;
  auto device = (*adapter)->open(0);
  EXPECT_TRUE(device.ok()) << device.status().message();
  return device.ok() ? std::move(*device) : nullptr;
}

bool VulkanTest::has_matrices() {
  const evergpu::testing::ScopedVariable profile("EVERGPU_VULKAN_PROFILE", "matrix");
  const auto instance = vulkan::Instance::create({});
  const bool found = instance.ok() && !(*instance)->devices().empty() &&
                     (*instance)->devices()[0].capabilities.matrices.m > 0;
  EXPECT_TRUE(found || os::environment("EVERGPU_REQUIRE_MATRICES") != "1")
      << "the device has no cooperative matrices";
  return found;
}

void VulkanTest::TearDown() {
  device_.reset();
  if (folder_.empty()) return;
  const std::filesystem::path log = folder_ / "version.txt";
  const std::string ask = fmt::format("spirv-val --version > \"{}\" 2>&1", log.string());
  const bool has_validator = std::system(ask.c_str()) == 0;
  std::filesystem::remove(log);
#ifndef _WIN32  // where the modules are those of Linux
  EXPECT_TRUE(has_validator || !required())
      << "spirv-val is not installed: apt install spirv-tools";
#endif
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    if (!has_validator) break;
    const std::string command =
        fmt::format("spirv-val --target-env vulkan1.2 \"{}\"", entry.path().string());
    const int result = std::system(command.c_str());
    EXPECT_EQ(result, 0) << command;
    if (result != 0) return;  // the module stays, to be looked at
  }
  std::filesystem::remove_all(folder_);
}

}  // namespace evergpu::adapters
