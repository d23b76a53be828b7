// The device thread: runs tasks one after the other, in the order they were posted.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace evergpu::runtime {

class Queue {
 public:
  Queue();
  /// Runs what was posted, then ends the thread.
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  /// Returns the task's number.
  std::uint64_t post(std::function<void()> task);
  /// Waits until the task of that number and all before it have run.
  void wait(std::uint64_t number);
  /// Waits for everything posted so far.
  void wait_idle();
  /// Forgets the thread without waiting: for a forked child, where it does not exist.
  void abandon();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable posted_;
  std::condition_variable finished_;
  std::deque<std::function<void()>> tasks_;
  std::uint64_t posted_count_ = 0;
  std::uint64_t finished_count_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace evergpu::runtime
