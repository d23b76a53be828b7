// The Vulkan instance, and what each physical device is and can do.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/vulkan/functions.h"

namespace evergpu::adapters::vulkan {

/// Matrices that a subgroup shares: of f16, with sums of f32, m x k by k x n.
struct Matrices {
  std::uint32_t m = 0;  // 0: there are none
  std::uint32_t n = 0;
  std::uint32_t k = 0;
  std::uint32_t lanes = 0;  // of the subgroup, which kernels ask for
  friend bool operator==(const Matrices&, const Matrices&) = default;
};

/// What code for a device may use.
struct Capabilities {
  bool storage_8bit = false;   // 8-bit elements in storage buffers
  bool storage_16bit = false;  // 16-bit elements in storage buffers
  bool float16 = false;        // 16-bit float arithmetic
  bool float64 = false;
  bool int8 = false;
  bool int16 = false;
  bool int64 = false;
  bool device_addresses = false;  // buffers may be reached through 64-bit addresses
  bool subgroup_shuffle = false;  // invocations of a subgroup exchange numbers of 32 bits
  std::uint32_t subgroup_size = 1;
  Matrices matrices;
  // Float controls (execution modes) that the device takes.
  bool preserves_nan_f32 = false;
  bool preserves_nan_f64 = false;
  bool preserves_denormals_f32 = false;
  bool preserves_denormals_f64 = false;

  std::uint32_t max_buffers = 0;         // storage buffers of one kernel, the arguments counted
  std::uint64_t max_buffer_bytes = 0;    // of one binding
  std::uint32_t buffer_alignment = 0;    // of a binding's offset
  std::uint32_t shared_bytes = 0;        // of one workgroup
  std::uint32_t max_workgroup_size = 0;  // invocations
  std::uint32_t max_groups = 65535;      // along each axis of a dispatch
};

enum class DeviceKind : std::uint8_t { discrete, integrated, other, software };

struct PhysicalDevice {
  VkPhysicalDevice handle = VK_NULL_HANDLE;
  std::string name;
  std::string driver;
  std::uint32_t vendor_id = 0;
  std::uint32_t device_id = 0;
  std::array<std::uint8_t, VK_UUID_SIZE> cache_uuid = {};  // of pipelines
  std::array<std::uint8_t, VK_UUID_SIZE> driver_uuid = {};
  DeviceKind kind = DeviceKind::other;
  bool has_fast_addresses = false;  // measured: device addresses are faster than descriptors
  std::uint32_t queue_family = 0;
  std::uint32_t clock_bits = 0;    // of a time that the queue writes; 0: it has no clock
  double clock_nanoseconds = 0.0;  // of one tick
  // Of the largest heap that is the device's own; where the driver tells (VK_EXT_memory_budget),
  // what other programs leave of it.
  std::uint64_t memory_bytes = 0;
  Capabilities capabilities;
};

bool has_extension(const InstanceFunctions& functions, VkPhysicalDevice device,
                   std::string_view name);

/// "AMD", "Intel", "NVIDIA" …
std::string vendor_name(std::uint32_t vendor_id);

class Instance {
 public:
  static Result<std::shared_ptr<const Instance>> create(const std::string& loader);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  const InstanceFunctions& functions() const { return functions_; }
  /// The devices that have Vulkan 1.2 and a compute queue: discrete, integrated, others, software.
  const std::vector<PhysicalDevice>& devices() const { return devices_; }

 private:
  Instance() = default;
  Status find_devices();

  VkInstance instance_ = VK_NULL_HANDLE;
  InstanceFunctions functions_;
  std::vector<PhysicalDevice> devices_;
};

}  // namespace evergpu::adapters::vulkan
