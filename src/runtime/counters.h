// The live form of Statistics: counted from any thread.
#pragma once

#include <atomic>

#include "runtime/statistics.h"

namespace evergpu::runtime {

/// A number of bytes in use, and the most it has been.
class Gauge {
 public:
  void add(std::size_t bytes) {
    const std::size_t now = current_.fetch_add(bytes) + bytes;
    std::size_t peak = peak_.load();
    while (now > peak && !peak_.compare_exchange_weak(peak, now)) {
    }
  }
  void subtract(std::size_t bytes) { current_.fetch_sub(bytes); }
  std::size_t current() const { return current_.load(); }
  std::size_t peak() const { return peak_.load(); }
  void reset_peak() { peak_.store(current_.load()); }

 private:
  std::atomic<std::size_t> current_{0};
  std::atomic<std::size_t> peak_{0};
};

struct Counters {
  std::atomic<std::uint64_t> writes{0};
  std::atomic<std::uint64_t> flushes{0};
  std::atomic<std::uint64_t> kernels{0};
  std::atomic<std::uint64_t> allocations{0};
  std::atomic<std::uint64_t> bytes_allocated{0};
  std::atomic<std::uint64_t> bytes_created{0};
  Gauge live;
  Gauge resident;

  Statistics snapshot() const;
};

}  // namespace evergpu::runtime
