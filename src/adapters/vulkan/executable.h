// What the Vulkan adapter makes of a kernel, and who makes it: loop.cc for Loops, sequence.cc for
// several, apart.cc for those of one program, library.cc for the rest.
#pragma once

#include <memory>
#include <span>

#include "adapters/adapter.h"
#include "adapters/vulkan/encoder.h"
#include "adapters/vulkan/pipeline.h"
#include "compiler/kernel.h"

namespace evergpu::adapters::vulkan {

/// A kernel that can be launched many times.
class VulkanExecutable : public Executable {
 public:
  /// Records the dispatches of `kernel`, which differs from the compiled one in launch arguments at
  /// most.
  virtual Status encode(const compiler::Kernel& kernel, std::span<const Region> inputs,
                        std::span<const Region> outputs, Encoder& encoder) = 0;
};

Result<std::unique_ptr<VulkanExecutable>> make_loop(const compiler::Loop& loop, Context& context);
Result<std::unique_ptr<VulkanExecutable>> make_sequence(const compiler::Sequence& sequence,
                                                        Context& context);
/// Of a Sequence whose loops are apart and reduce nothing.
Result<std::unique_ptr<VulkanExecutable>> make_apart(const compiler::Sequence& sequence,
                                                     Context& context);
/// Of a contraction: the Loop after it runs at the end of its last dispatch.
Result<std::unique_ptr<VulkanExecutable>> make_pipeline(const compiler::Pipeline& pipeline,
                                                        Context& context);
Result<std::unique_ptr<VulkanExecutable>> make_library(const compiler::Library& library,
                                                       Context& context);

}  // namespace evergpu::adapters::vulkan
