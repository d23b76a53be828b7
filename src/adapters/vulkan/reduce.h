// Loops that end in reductions.
#pragma once

#include <memory>
#include <vector>

#include "adapters/vulkan/executable.h"
#include "adapters/vulkan/loop_code.h"

namespace evergpu::adapters::vulkan {

Result<std::unique_ptr<VulkanExecutable>> make_reduce(const compiler::Loop& loop, Context& context);
/// Whether one workgroup of so many invocations computes a loop that ends in reductions in the
/// order that make_reduce does, without another pass.
bool fits_workgroup(const compiler::Loop& loop, const Context& context, std::uint32_t invocations);
/// The code of that workgroup.
void reduce_in_workgroup(LoopCode& code, const compiler::Loop& loop, const Context& context,
                         std::uint32_t invocations);
/// The kind `reduce` of the library, as a loop.
Result<std::unique_ptr<VulkanExecutable>> make_library_reduce(const compiler::Library& library,
                                                              Context& context);

}  // namespace evergpu::adapters::vulkan
