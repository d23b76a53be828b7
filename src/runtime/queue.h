// The device's work: tasks that run one after the other, in the order they were posted, on a thread
// of their own or on one that waits for them. Waking a thread and being woken by it takes about 0.2
// ms together on a small virtual machine, and most training steps end in somebody who waits.
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

  /// Returns the task's number. Whoever posts then waits, or calls start.
  std::uint64_t post(std::function<void()> task);
  /// Lets the queue's thread run what was posted.
  void start();
  /// Returns when the task of that number and all before it have run; runs them itself while nobody
  /// else does.
  void wait(std::uint64_t number);
  /// The same for everything posted so far.
  void wait_idle();
  /// Forgets the thread without waiting: for a forked child, where it does not exist.
  void abandon();

 private:
  void run();
  void wait_locked(std::unique_lock<std::mutex>& lock, std::uint64_t number);
  /// Runs the first task. There is one, and none is running.
  void run_next(std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable posted_;
  std::condition_variable finished_;
  std::deque<std::function<void()>> tasks_;
  std::uint64_t posted_count_ = 0;
  std::uint64_t finished_count_ = 0;
  bool running_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace evergpu::runtime
