// The live form of Statistics: counted while others read.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>

#include "runtime/statistics.h"

namespace evergpu::runtime {

/// Counted by one thread at a time, under a lock of its owner's; read at any time. Recording an
/// operation changes several of these, and an atomic addition costs as much as the rest of each.
class LockedCounter {
 public:
  void add(std::uint64_t amount) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  operator std::uint64_t() const { return value_.load(std::memory_order_relaxed); }  // NOLINT

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// A number of bytes in use, and the most it has been; changed under a lock as LockedCounter.
class LockedGauge {
 public:
  void add(std::size_t bytes) {
    current_.add(bytes);
    if (current_ > peak_.load(std::memory_order_relaxed)) reset_peak();
  }
  void subtract(std::size_t bytes) { current_.add(-bytes); }
  std::size_t current() const { return current_; }
  std::size_t peak() const { return peak_.load(std::memory_order_relaxed); }
  void reset_peak() { peak_.store(current_, std::memory_order_relaxed); }

 private:
  LockedCounter current_;
  std::atomic<std::size_t> peak_{0};
};

/// A number of bytes in use, and the most it has been; changed from any thread.
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

/// What the device's queue counted when it last said so; set by the thread that uses the device,
/// read at any time.
class SharedQueueCounts {
 public:
  void set(const std::optional<adapters::QueueCounts>& counts) {
    const std::lock_guard lock(mutex_);
    counts_ = counts;
  }
  std::optional<adapters::QueueCounts> get() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<adapters::QueueCounts> counts_;
};

struct Counters {
  // under the device's lock
  LockedCounter writes;
  LockedCounter allocations;
  LockedCounter bytes_allocated;
  LockedGauge live;
  // from any thread
  std::atomic<std::uint64_t> flushes{0};
  std::atomic<std::uint64_t> kernels{0};
  std::atomic<std::uint64_t> plan_hits{0};
  std::atomic<std::uint64_t> plan_misses{0};
  std::atomic<std::uint64_t> fallbacks{0};
  std::atomic<std::uint64_t> bytes_created{0};
  std::atomic<std::uint64_t> bytes_written{0};
  std::atomic<std::uint64_t> nanoseconds_planning{0};
  std::atomic<std::uint64_t> nanoseconds_running{0};
  Gauge resident;
  SharedQueueCounts queue;

  Statistics snapshot() const;
};

}  // namespace evergpu::runtime
