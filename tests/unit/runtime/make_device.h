// Devices for tests: the host adapter, or the first Vulkan device, behind the runtime.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "adapters/faulty.h"
#include "adapters/host/host.h"
#include "adapters/vulkan/vulkan.h"
#include "base/os.h"
#include "runtime/device.h"

namespace evergpu::runtime {

inline std::unique_ptr<Device> make_device(const Options& options = {},
                                           std::optional<adapters::Fault> fault = {}) {
  auto hardware = adapters::make_host_adapter(1)->open(0);
  EXPECT_TRUE(hardware.ok()) << hardware.status().message();
  auto device = Device::create(
      fault ? adapters::with_fault(std::move(*hardware), *fault) : std::move(*hardware), options);
  EXPECT_TRUE(device.ok()) << device.status().message();
  return std::move(*device);
}

/// Null where this machine has no Vulkan device; that is a failure when EVERGPU_REQUIRE_VULKAN is
/// set.
inline std::unique_ptr<Device> make_vulkan_device(const Options& options = {}) {
  const auto adapter = adapters::make_vulkan_adapter();
  if (!adapter.ok()) {
    EXPECT_NE(os::environment("EVERGPU_REQUIRE_VULKAN"), "1") << adapter.status().message();
    return nullptr;
  }
  auto hardware = (*adapter)->open(0);
  EXPECT_TRUE(hardware.ok()) << hardware.status().message();
  auto device = Device::create(std::move(*hardware), options);
  EXPECT_TRUE(device.ok()) << device.status().message();
  return std::move(*device);
}

/// An allocation that ends with its scope.
class Buffer {
 public:
  Buffer(Device& device, std::size_t bytes) : device_(device), address_(*device.allocate(bytes)) {}
  ~Buffer() { device_.free(address_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  std::byte* address() const { return static_cast<std::byte*>(address_); }

 private:
  Device& device_;
  void* address_;
};

}  // namespace evergpu::runtime
