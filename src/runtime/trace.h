// What a device launched and how long each launch took, kept while somebody asks for it.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/adapter.h"

namespace evergpu::runtime {

/// One kernel that ran.
struct Launch {
  adapters::Interval interval;
  std::string kernel;                   // compiler::summary
  std::vector<std::string> operations;  // of the framework, that it computed
  std::size_t bytes_stored = 0;
};

class Trace {
 public:
  /// More than a minute of any model we know; what comes later is only counted.
  static constexpr std::size_t limit = 1'000'000;

  /// Begins with an empty list.
  void start();
  /// Ends, and gives what was launched since start, in order.
  struct Recording {
    std::vector<Launch> launches;
    std::size_t dropped = 0;  // launches beyond the limit
  };
  Recording stop();

  bool running() const { return running_.load(std::memory_order_relaxed); }
  void add(Launch launch);

 private:
  std::atomic<bool> running_{false};
  std::mutex mutex_;
  Recording recording_;
};

}  // namespace evergpu::runtime
