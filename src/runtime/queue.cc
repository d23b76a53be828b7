#include "runtime/queue.h"

namespace evergpu::runtime {

Queue::Queue() : thread_([this] { run(); }) {}

Queue::~Queue() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  posted_.notify_one();
  thread_.join();
}

std::uint64_t Queue::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  return ++posted_count_;
}

void Queue::start() { posted_.notify_one(); }

void Queue::wait(std::uint64_t number) {
  std::unique_lock lock(mutex_);
  wait_locked(lock, number);
}

void Queue::wait_idle() {
  std::unique_lock lock(mutex_);
  wait_locked(lock, posted_count_);
}

void Queue::wait_locked(std::unique_lock<std::mutex>& lock, std::uint64_t number) {
  while (finished_count_ < number) {
    if (running_) {
      finished_.wait(lock);
    } else {
      run_next(lock);
    }
  }
  // They may have been started, when this thread was running one.
  if (!tasks_.empty()) posted_.notify_one();
}

void Queue::abandon() { thread_.detach(); }

void Queue::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    posted_.wait(lock, [&] { return tasks_.empty() ? stopping_ : !running_; });
    if (tasks_.empty()) return;
    run_next(lock);
  }
}

void Queue::run_next(std::unique_lock<std::mutex>& lock) {
  std::function<void()> task = std::move(tasks_.front());
  tasks_.pop_front();
  running_ = true;
  lock.unlock();
  task();
  task = nullptr;  // what it holds goes before anybody is told that it ran
  lock.lock();
  running_ = false;
  ++finished_count_;
  finished_.notify_all();
}

}  // namespace evergpu::runtime
