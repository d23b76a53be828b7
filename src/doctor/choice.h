// Which device evergpu takes on a machine, and why.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/product.h"
#include "system/machine.h"

namespace evergpu::doctor {

using GpuSupport = std::span<const product::GpuSupport>;

/// The row for a vendor and system ("windows", "wsl", "linux"); null where GPUs are not used.
const product::GpuSupport* find_support(GpuSupport support, std::string_view vendor,
                                        std::string_view system);

/// "windows", "wsl" or "linux".
std::string system_word(const system::Machine& machine);

/// The GPUs that evergpu can compute on: discrete ones first, then integrated ones.
std::vector<const system::VulkanDevice*> usable_gpus(const system::Machine& machine,
                                                     GpuSupport support = product::gpu_support);

struct Choice {
  std::string adapter;                        // "host" for the CPU; empty: no device at all
  const system::VulkanDevice* gpu = nullptr;  // where it is one
  std::string why;                            // after a colon
};

Choice choose(const system::Machine& machine, GpuSupport support = product::gpu_support);

}  // namespace evergpu::doctor
