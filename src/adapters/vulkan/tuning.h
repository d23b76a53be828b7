// The tiles that `evergpu tune` found best for a device with its driver, kept beside its pipelines.
#pragma once

#include <optional>

#include "adapters/vulkan/instance.h"
#include "adapters/vulkan/tiles.h"
#include "base/status.h"

namespace evergpu::adapters::vulkan {

/// What was remembered; nothing where that is nothing, damaged, or no longer what can be measured.
std::optional<Tiles> remembered_tiles(const PhysicalDevice& device);
/// failed_precondition where there is no folder for it.
Status can_remember(const PhysicalDevice& device);
Status remember_tiles(const PhysicalDevice& device, const Tiles& tiles);
/// Whether there was something to forget.
Result<bool> forget_tiles(const PhysicalDevice& device);

}  // namespace evergpu::adapters::vulkan
