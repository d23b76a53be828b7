// The Vulkan adapter: the GPUs (and, when asked for, software rasterisers) that the Vulkan loader
// knows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/adapter.h"

namespace evergpu::adapters {

/// A device that an adapter could open, before it is opened.
struct VulkanCandidate {
  std::string name;
  bool is_gpu = false;  // false: a software rasteriser
};

/// The Vulkan devices of this machine: discrete GPUs first, then integrated ones, software last.
class VulkanAdapter : public Adapter {
 public:
  virtual const std::vector<VulkanCandidate>& candidates() const = 0;
};

/// What the loader finds. An error says what is missing: the loader, a driver, a usable device.
/// `loader` names the loader's library; empty means the system's.
Result<std::unique_ptr<VulkanAdapter>> make_vulkan_adapter(const std::string& loader = {});

}  // namespace evergpu::adapters
