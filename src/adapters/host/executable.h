// What the host adapter makes of a kernel, and who makes it: loop.cc for Loops, sequence.cc for
// several, pipeline.cc for Pipelines, library.cc for the rest.
#pragma once

#include <cstddef>
#include <cstdint>
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

/// Work for one thread at a time, as HostLoop::Tiles counts it.
inline constexpr std::int64_t parallel_grain = 64 << 10;

/// The executable of a Loop.
class HostLoop : public HostExecutable {
 public:
  Status run(const compiler::Kernel& kernel, Inputs inputs, Outputs outputs) final {
    return run_loop(std::get<compiler::Loop>(kernel), inputs, outputs);
  }
  virtual Status run_loop(const compiler::Loop& loop, Inputs inputs, Outputs outputs) = 0;

  /// Tiles of one loop that threads may run in any order, and roughly what one takes, in
  /// instructions times elements. No tiles: the loop is run whole.
  struct Tiles {
    std::int64_t count = 0;
    std::int64_t cost = 0;
  };
  virtual Tiles tiles() const { return {}; }
  /// Runs tiles [begin, end) on this thread. It may be called on several at once.
  virtual void run_tiles(const compiler::Loop& /*loop*/, Inputs /*inputs*/, Outputs /*outputs*/,
                         std::int64_t /*begin*/, std::int64_t /*end*/) const {}
};

Result<std::unique_ptr<HostLoop>> make_loop(const compiler::Loop& loop);
Result<std::unique_ptr<HostExecutable>> make_sequence(const compiler::Sequence& sequence);
Result<std::unique_ptr<HostExecutable>> make_library(const compiler::Library& library);
Result<std::unique_ptr<HostExecutable>> make_pipeline(const compiler::Pipeline& pipeline);
/// Of any kernel.
Result<std::unique_ptr<HostExecutable>> make_executable(const compiler::Kernel& kernel);

}  // namespace evergpu::adapters::host
