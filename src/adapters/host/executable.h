// What the host adapter makes of a kernel, and who makes it: loop.cc for Loops, sequence.cc for
// several, pipeline.cc for Pipelines, library.cc for the rest.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "adapters/adapter.h"
#include "compiler/kernel.h"

namespace evergpu::adapters::host {

using Inputs = std::span<const std::byte* const>;
using Outputs = std::span<std::byte* const>;

/// A kernel that can be run. Work space and compiled primitives live in it, so one runs at a time.
class HostExecutable : public Executable {
 public:
  /// Computes `kernel`, which differs from the compiled one in launch arguments at most. The
  /// inputs of a Library begin with the first element of each operand: offsets are added. Returns
  /// when the outputs are written. May throw std::bad_alloc.
  virtual Status run(const compiler::Kernel& kernel, Inputs inputs, Outputs outputs) = 0;
};

/// The executable of a Loop.
class HostLoop : public HostExecutable {
 public:
  Status run(const compiler::Kernel& kernel, Inputs inputs, Outputs outputs) final {
    return run_loop(std::get<compiler::Loop>(kernel), inputs, outputs);
  }
  virtual Status run_loop(const compiler::Loop& loop, Inputs inputs, Outputs outputs) = 0;
};

Result<std::unique_ptr<HostLoop>> make_loop(const compiler::Loop& loop);
Result<std::unique_ptr<HostExecutable>> make_sequence(const compiler::Sequence& sequence);
Result<std::unique_ptr<HostExecutable>> make_library(const compiler::Library& library);
Result<std::unique_ptr<HostExecutable>> make_pipeline(const compiler::Pipeline& pipeline);
/// Of any kernel.
Result<std::unique_ptr<HostExecutable>> make_executable(const compiler::Kernel& kernel);

}  // namespace evergpu::adapters::host
