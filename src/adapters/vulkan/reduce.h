// Loops that end in reductions.
#pragma once

#include <memory>
#include <vector>

#include "adapters/vulkan/executable.h"

namespace evergpu::adapters::vulkan {

Result<std::unique_ptr<VulkanExecutable>> make_reduce(const compiler::Loop& loop, Context& context);
/// The kind `reduce` of the library, as a loop.
Result<std::unique_ptr<VulkanExecutable>> make_library_reduce(const compiler::Library& library,
                                                              Context& context);

}  // namespace evergpu::adapters::vulkan
