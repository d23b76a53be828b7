// Loops that end in reductions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "adapters/host/executable.h"
#include "adapters/host/schedule.h"

namespace evergpu::adapters::host {

/// Where the elements to be reduced come from. One per thread at a time.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  /// The most elements that read can take.
  virtual std::int64_t most() const = 0;
  /// How many it takes best from index `begin` on, at most `most`.
  virtual std::int64_t best(std::int64_t /*begin*/) const { return most(); }
  /// Makes indices [begin, begin + n), row-major. Each index is read once in all.
  virtual void read(std::int64_t begin, std::int64_t n) = 0;
  /// The elements of reduction k that were read, as its kernels take them; good until the next
  /// read.
  virtual const std::byte* elements(std::size_t k) = 0;
  /// All elements of the only reduction, if they are in memory as its kernels take them.
  virtual const std::byte* array() const { return nullptr; }
};

/// The reductions of a Loop.
class LoopReducer {
 public:
  using MakeSource = std::function<std::unique_ptr<Source>()>;
  LoopReducer() = default;
  LoopReducer(const LoopReducer&) = delete;
  LoopReducer& operator=(const LoopReducer&) = delete;
  virtual ~LoopReducer() = default;

  /// Reduces what sources, one for each thread, give; results[k] is for reduction k.
  virtual void run(const MakeSource& make_source, Outputs results) = 0;
};

/// `element_cost`: of making one element, in simple instructions. unimplemented when there is no
/// kernel for a dtype.
Result<std::unique_ptr<LoopReducer>> make_reducer(const compiler::Loop& loop,
                                                  std::int64_t element_cost);

/// An executable for `loop`, whose schedule is linear.
Result<std::unique_ptr<HostLoop>> make_reduce(const compiler::Loop& loop, Schedule schedule);

}  // namespace evergpu::adapters::host
