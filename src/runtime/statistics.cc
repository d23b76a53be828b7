#include "runtime/statistics.h"

#include <fmt/format.h>

#include "runtime/counters.h"

namespace evergpu::runtime {

Statistics Counters::snapshot() const {
  return {.writes = writes,
          .flushes = flushes,
          .kernels = kernels,
          .plan_hits = plan_hits,
          .plan_misses = plan_misses,
          .fallbacks = fallbacks,
          .allocations = allocations,
          .bytes_allocated = bytes_allocated,
          .bytes_created = bytes_created,
          .bytes_written = bytes_written,
          .nanoseconds_planning = nanoseconds_planning,
          .nanoseconds_running = nanoseconds_running,
          .live_bytes = live.current(),
          .peak_live_bytes = live.peak(),
          .resident_bytes = resident.current(),
          .peak_resident_bytes = resident.peak(),
          .queue = queue.get()};
}

std::string to_string(const Statistics& s) {
  const double existed = s.bytes_allocated == 0 ? 0.0
                                                : 100.0 * static_cast<double>(s.bytes_created) /
                                                      static_cast<double>(s.bytes_allocated);
  std::string text = fmt::format(
      "op results recorded   {}\n"
      "flushes               {}\n"
      "kernels launched      {}\n"
      "plans                 {} made, {} found, {} run in parts\n"
      "buffers allocated     {} ({} bytes)\n"
      "bytes that existed    {} ({:.0f} % of those allocated)\n"
      "bytes written         {}\n"
      "peak memory           {} bytes resident, {} bytes as the framework counts",
      s.writes, s.flushes, s.kernels, s.plan_misses, s.plan_hits, s.fallbacks, s.allocations,
      s.bytes_allocated, s.bytes_created, existed, s.bytes_written, s.peak_resident_bytes,
      s.peak_live_bytes);
  if (s.queue) {
    text += fmt::format(
        "\ncommands              {} ({} barriers, {} submissions)\n"
        "bytes of commands     {} read, {} written",
        s.queue->commands, s.queue->barriers, s.queue->submissions, s.queue->bytes_read,
        s.queue->bytes_written);
  }
  return text;
}

}  // namespace evergpu::runtime
