#include "runtime/trace.h"

#include <utility>

namespace evergpu::runtime {

void Trace::start() {
  const std::lock_guard lock(mutex_);
  recording_ = {};
  running_ = true;
}

Trace::Recording Trace::stop() {
  const std::lock_guard lock(mutex_);
  running_ = false;
  return std::exchange(recording_, {});
}

void Trace::add(Launch launch) {
  const std::lock_guard lock(mutex_);
  if (!running_) return;
  if (recording_.launches.size() < limit) {
    recording_.launches.push_back(std::move(launch));
  } else {
    ++recording_.dropped;
  }
}

}  // namespace evergpu::runtime
