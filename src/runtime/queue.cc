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
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    number = ++posted_count_;
  }
  posted_.notify_one();
  return number;
}

void Queue::wait(std::uint64_t number) {
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [&] { return finished_count_ >= number; });
}

void Queue::wait_idle() {
  std::unique_lock lock(mutex_);
  const std::uint64_t number = posted_count_;
  finished_.wait(lock, [&] { return finished_count_ >= number; });
}

void Queue::abandon() { thread_.detach(); }

void Queue::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    posted_.wait(lock, [&] { return stopping_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // what it holds goes before anybody is told that it ran
    lock.lock();
    ++finished_count_;
    finished_.notify_all();
  }
}

}  // namespace evergpu::runtime
