// The host adapter's threads. Our own kernels run on a pool whose caller never waits for a worker
// that has not begun: TensorFlow's threads want the same cores, and waiting for a sleeping worker
// costs more than most kernels take. oneDNN brings OpenMP's pool; its threads are told to sleep.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/status.h"

namespace evergpu::adapters::host {

/// Threads that help whoever calls parallel_for while a Scope holds on its thread.
class ThreadPool {
 public:
  /// A part of some work: task(context, begin, end).
  using Task = void (*)(void* context, std::int64_t begin, std::int64_t end);

  explicit ThreadPool(int workers);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// Runs `task` over [0, n) in `parts` parts, on the calling thread and on workers that are free.
  /// A thread's parts lie together, and where they lie in [0, n) is the same in the next job.
  /// An exception of a part reaches the caller.
  void run(std::int64_t n, std::int64_t parts, Task task, void* context);

  /// While it lives, parallel_for on this thread uses the pool.
  class Scope {
   public:
    explicit Scope(ThreadPool& pool);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    ThreadPool* const previous_;
  };
  /// The pool of this thread's scope; null outside.
  static ThreadPool* current();

 private:
  struct Job;
  class SleepingTeam;

  void work(std::size_t thread);

  std::mutex callers_;  // one job at a time; a second caller works alone
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  Job* job_ = nullptr;
  std::atomic<std::uint64_t> jobs_{0};
  std::atomic<int> helping_{0};  // changed under mutex_
  bool stopping_ = false;
  std::vector<std::thread> workers_;
  std::unique_ptr<SleepingTeam> sleeping_team_;
};

/// How many threads parallel_for and oneDNN count on when the calling thread asks for work: the
/// cores this process may use, unless it was set.
int thread_count();
/// Sets it for the calling thread. No result depends on it, except that oneDNN picks algorithms by
/// it.
void set_thread_count(int count);

/// While it lives, kernels that this thread starts run on it alone, if `alone`.
class OneThread {
 public:
  explicit OneThread(bool alone);
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  const int before_;
};

/// Calls task(context, begin, end) for parts that cover [0, n); see parallel_for.
void run_parallel(std::int64_t n, std::int64_t grain, ThreadPool::Task task, void* context);

/// Calls f(begin, end) for disjoint ranges that cover [0, n), on several threads at once; work of
/// at most `grain` stays on the calling thread. Which ranges depends on the number of threads: f
/// must compute the same bits for each i whatever range it is in. An exception from f reaches the
/// caller.
template <typename F>
void parallel_for(std::int64_t n, std::int64_t grain, F&& f) {
  using Callable = std::remove_reference_t<F>;
  run_parallel(
      n, grain,
      [](void* context, std::int64_t begin, std::int64_t end) {
        (*static_cast<Callable*>(context))(begin, end);
      },
      const_cast<void*>(static_cast<const void*>(std::addressof(f))));
}

/// Calls f(i), which returns a Status, for each i of [0, n), each worth a thread of its own.
/// Returns the error of the first i that has one.
template <typename F>
Status parallel_for_each(std::int64_t n, F&& f) {
  std::vector<Status> status(static_cast<std::size_t>(n));
  parallel_for(n, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) status[static_cast<std::size_t>(i)] = f(i);
  });
  for (Status& one : status) EVERGPU_RETURN_IF_ERROR(std::move(one));
  return {};
}

}  // namespace evergpu::adapters::host
