// A Loop as the end of a contraction's kernel: it reads each element of the result where that would
// have been stored.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "adapters/vulkan/instance.h"
#include "adapters/vulkan/loop_code.h"
#include "compiler/kernel.h"

namespace evergpu::adapters::vulkan {

/// What the kernel before a Loop takes itself.
struct EpilogueBase {
  std::span<const std::uint32_t> spirv;
  Binding binding = Binding::descriptors;
  std::uint32_t arrays = 0;     // that it reads
  std::uint32_t arguments = 0;  // in words, addresses not counted
};

/// The kernel with pipeline.after in place of its stores.
///
/// A kernel of kernels/ that makes a result stores to no other array, through an access chain whose
/// last index is the number of the element. Each such store becomes a call, with that number and
/// the bits that would have been stored, of a function that is added to the module: the Loop's
/// program at that element. So the Loop reads what it would have read from memory, to the bit. Its
/// arrays come after those that the kernel reads, in place of the result, and its arguments after
/// the kernel's.
std::vector<std::uint32_t> with_epilogue(const EpilogueBase& base,
                                         const compiler::Pipeline& pipeline,
                                         const Capabilities& capabilities);

/// How many arrays the Loop after a contraction reads and writes.
std::size_t epilogue_arrays(const compiler::Pipeline& pipeline);

/// The Loop's buffers and arguments for a launch of the pipeline, whose arrays these are.
Result<LoopLaunch> launch_of_epilogue(const compiler::Pipeline& pipeline,
                                      std::span<const Region> inputs,
                                      std::span<const Region> outputs,
                                      const Capabilities& capabilities);

}  // namespace evergpu::adapters::vulkan
