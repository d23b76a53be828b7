// The Vulkan adapter: the GPUs (and, when asked for, software rasterisers) that the Vulkan loader
// knows.
#pragma once

#include <functional>
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

/// A shape of the tiles that work is divided into, measured on a device.
struct TileRate {
  std::string use;      // "matrix products"
  std::string tile;     // the shape, in words
  std::string unit;     // "GFLOP/s"
  double rate = 0.0;    // in `unit`; 0 where there is a problem
  std::string problem;  // why it cannot be taken
  bool is_default = false;
  bool is_chosen = false;
};

/// The Vulkan devices of this machine: discrete GPUs first, then integrated ones, software last.
class VulkanAdapter : public Adapter {
 public:
  virtual const std::vector<VulkanCandidate>& candidates() const = 0;

  /// Measures the tiles that device `index` takes, tells `measured` of each, and remembers the
  /// fastest: devices opened from now on compute with them, in this process and others. Other tiles
  /// add up in another order. Returns all that was measured.
  virtual Result<std::vector<TileRate>> tune(
      int index, const std::function<void(const TileRate&)>& measured) = 0;
  /// Forgets what tune() remembered; whether there was something.
  virtual Result<bool> forget_tiles(int index) = 0;
};

/// What the loader finds. An error says what is missing: the loader, a driver, a usable device.
/// `loader` names the loader's library; empty means the system's.
Result<std::unique_ptr<VulkanAdapter>> make_vulkan_adapter(const std::string& loader = {});

}  // namespace evergpu::adapters
