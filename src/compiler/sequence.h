// Loops over few elements that run in one launch.
#pragma once

#include "compiler/plan.h"

namespace evergpu::compiler {

/// Makes Sequences of the small steps: Loops over few elements, whatever they compute, since what a
/// launch costs is more than what they do. A small step waits until one that is not small reads
/// what it makes; then all that wait become one launch. Those that read nothing of the plan's own,
/// and make a few bytes for it, come first. All others keep their order.
///
/// What waits keeps at most 16 KiB of temporaries alive that others made, or is launched earlier.
/// Linear time.
void gather_small_loops(Plan& plan, const SequenceLimits& limits);

/// One launch of the Loops of several, which are given up.
Step sequence_of(std::vector<Step> steps, bool apart);

/// One Loop of a kernel, and where its inputs and outputs begin among the kernel's.
struct LoopPart {
  const Loop* loop = nullptr;  // null: of a Library, or of a window's Pipeline
  std::size_t first_input = 0;
  std::size_t first_output = 0;
  std::size_t no_arrays = 0;  // how many of the Loop's inputs, its first, are no arrays
  bool is_after = true;       // nothing reads the kernel's inputs before `first_input` any more
};
LoopPart part_of_output(const Kernel& kernel, std::size_t output);

}  // namespace evergpu::compiler
