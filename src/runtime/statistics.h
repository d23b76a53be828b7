// What a device did so far. EVERGPU_STATS=1 prints it at exit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "adapters/adapter.h"

namespace evergpu::runtime {

struct Statistics {
  std::uint64_t writes = 0;           // values recorded to addresses: one per op result
  std::uint64_t flushes = 0;          // graphs posted to the queue, not empty
  std::uint64_t kernels = 0;          // launches
  std::uint64_t plan_hits = 0;        // graphs run by a plan that was made before
  std::uint64_t plan_misses = 0;      // graphs planned
  std::uint64_t fallbacks = 0;        // graphs run in parts, since a kernel did not compile
  std::uint64_t allocations = 0;      // by the framework
  std::uint64_t bytes_allocated = 0;  // by the framework, in all
  // Blocks that came to exist: temporaries, and wanted values that took over nobody's bytes, in
  // all.
  std::uint64_t bytes_created = 0;
  std::uint64_t bytes_written = 0;  // by kernels, in all
  // Of the queue's work: finding, making and compiling plans; and running them, launching included.
  std::uint64_t nanoseconds_planning = 0;
  std::uint64_t nanoseconds_running = 0;
  std::size_t live_bytes = 0;  // allocated by the framework now
  std::size_t peak_live_bytes = 0;
  std::size_t resident_bytes = 0;  // blocks that exist now
  std::size_t peak_resident_bytes = 0;
  std::optional<adapters::QueueCounts> queue;  // where the device has one
};

/// Lines for people, one figure each.
std::string to_string(const Statistics& statistics);

}  // namespace evergpu::runtime
