// What a user can set about the runtime.
#pragma once

#include <cstddef>
#include <cstdint>

namespace evergpu::runtime {

struct Options {
  bool eager = false;  // EVERGPU_EAGER: run each value as it is written, to bisect a wrong result
  std::size_t memory_budget = 0;  // bytes; 0: what the device says. EVERGPU_MEMORY_LIMIT
  std::uint64_t pending_limit =
      20000;  // writes between flushes: recording further flushes without waiting
  /// The same where writes are small: operations on little data take longer to record than to run
  /// (a recurrent layer's steps), so some run while others are being recorded. Where there is more
  /// to compute, a longer graph fuses better.
  std::uint64_t early_limit = 1000;

  /// From the environment.
  static Options from_environment();
};

}  // namespace evergpu::runtime
