#include "adapters/host/threads.h"

#include <hwy/cache_control.h>
#include <omp.h>

#include <algorithm>
#include <utility>

#include "adapters/host/onednn_library.h"
#include "base/os.h"

namespace evergpu::adapters::host {
namespace {

// Parts per thread: a core that another program slows down leaves parts to the others.
constexpr std::int64_t parts_per_thread = 4;
// Threads beyond it share theirs with others.
constexpr std::size_t most_shares = 16;
// How often a thread looks before it sleeps: some 10 us of pauses, 200 us of yields.
constexpr int looks = 500;

thread_local ThreadPool* current_pool = nullptr;
thread_local bool in_part = false;
thread_local bool count_is_set = false;

// For this thread, in both OpenMPs where oneDNN brings another one.
void set_openmp_threads(int count) {
  omp_set_num_threads(count);
  onednn::set_thread_count(count);
}

// Whether a condition came true while this thread looked; `rest` is what it does between looks.
template <typename Condition, typename Rest>
bool comes_true(Condition condition, Rest rest) {
  for (int look = 0; look < looks; ++look) {
    if (condition()) return true;
    rest();
  }
  return false;
}

}  // namespace

// A thread's own parts come first, and lie together: the next job finds in this core's cache what
// this one left there. Who has no more takes the others'.
struct ThreadPool::Job {
  struct alignas(64) Share {
    std::atomic<std::int64_t> next;
    std::int64_t end;
  };

  std::int64_t n;
  std::int64_t parts;
  Task task;
  void* context;
  std::size_t shares;
  Share share[most_shares];
  std::mutex mutex{};
  std::exception_ptr error{};

  Job(std::int64_t size, std::int64_t count, std::size_t threads, Task function, void* argument)
      : n(size), parts(count), task(function), context(argument) {
    shares = std::min({threads, most_shares, static_cast<std::size_t>(parts)});
    const auto begin_of = [&](std::size_t i) {
      return parts * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(shares);
    };
    for (std::size_t i = 0; i < shares; ++i) {
      share[i].next = begin_of(i);
      share[i].end = begin_of(i + 1);
    }
  }

  // Runs parts until none is left.
  void help(std::size_t thread) {
    in_part = true;
    for (std::size_t i = 0; i < shares; ++i) {
      Share& from = share[(thread + i) % shares];
      for (std::int64_t part; (part = from.next.fetch_add(1)) < from.end;) run(part);
    }
    in_part = false;
  }

  void run(std::int64_t part) {
    try {
      task(context, n * part / parts, n * (part + 1) / parts);
    } catch (...) {
      const std::scoped_lock lock(mutex);
      error = std::current_exception();
    }
  }
};

// An OpenMP team that does nothing. GNU's OpenMP lets idle threads spin for milliseconds after each
// parallel region, on the cores that TensorFlow's threads want; but only as long as it manages no
// more threads than there are cores. With this team there are more.
class ThreadPool::SleepingTeam {
 public:
  SleepingTeam() : thread_([this] { sleep(); }) {}
  ~SleepingTeam() {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    stop_.notify_one();
    thread_.join();
  }
  SleepingTeam(const SleepingTeam&) = delete;
  SleepingTeam& operator=(const SleepingTeam&) = delete;

 private:
  void sleep() {
    // Static, so that the team reads nothing of this thread's stack: the thread sanitizer does not
    // see GNU OpenMP's barrier, after which the stack is used again.
    static std::atomic<int> members{0};
#pragma omp parallel num_threads(2)
    members.fetch_add(1, std::memory_order_relaxed);
    std::unique_lock lock(mutex_);
    stop_.wait(lock, [this] { return stopping_; });
  }

  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

ThreadPool::ThreadPool(int workers) : sleeping_team_(std::make_unique<SleepingTeam>()) {
  for (int i = 0; i < workers; ++i)
    workers_.emplace_back([this, i] { work(static_cast<std::size_t>(i) + 1); });
}

ThreadPool::~ThreadPool() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    ++jobs_;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(std::int64_t n, std::int64_t parts, Task task, void* context) {
  const std::unique_lock only(callers_, std::try_to_lock);
  Job job(n, parts, workers_.size() + 1, task, context);
  if (only.owns_lock()) {
    {
      const std::scoped_lock lock(mutex_);
      job_ = &job;
      ++jobs_;
    }
    wake_.notify_all();
  }
  job.help(0);
  if (only.owns_lock()) {
    {
      const std::scoped_lock lock(mutex_);
      job_ = nullptr;  // nobody joins any more
    }
    // It would not get its core back at once if it gave it away.
    if (!comes_true([this] { return helping_ == 0; }, [] { hwy::Pause(); })) {
      std::unique_lock lock(mutex_);
      done_.wait(lock, [this] { return helping_ == 0; });
    }
  }
  if (job.error) std::rethrow_exception(job.error);
}

void ThreadPool::work(std::size_t thread) {
  std::uint64_t seen = 0;
  for (;;) {
    comes_true([&] { return jobs_.load(std::memory_order_relaxed) != seen; },
               std::this_thread::yield);
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return jobs_.load(std::memory_order_relaxed) != seen; });
    if (stopping_) return;
    seen = jobs_;
    if (job_ == nullptr) continue;  // done already
    Job& job = *job_;
    ++helping_;
    lock.unlock();
    job.help(thread);
    lock.lock();
    if (--helping_ == 0) done_.notify_one();
  }
}

ThreadPool::Scope::Scope(ThreadPool& pool) : previous_(std::exchange(current_pool, &pool)) {
  // A container's share is often less than the cores that OpenMP sees.
  if (!count_is_set) set_thread_count(os::usable_cores());
}

ThreadPool::Scope::~Scope() { current_pool = previous_; }

ThreadPool* ThreadPool::current() { return current_pool; }

int thread_count() { return omp_get_max_threads(); }

void set_thread_count(int count) {
  set_openmp_threads(std::max(count, 1));
  count_is_set = true;
}

OneThread::OneThread(bool alone) : before_(thread_count()) {
  if (alone) set_openmp_threads(1);
}
OneThread::~OneThread() {
  if (before_ != thread_count()) set_openmp_threads(before_);
}

void run_parallel(std::int64_t n, std::int64_t grain, ThreadPool::Task task, void* context) {
  if (n <= 0) return;
  const std::int64_t threads = thread_count();
  ThreadPool* const pool = ThreadPool::current();
  if (n <= grain || threads == 1 || pool == nullptr || in_part) {
    task(context, 0, n);
    return;
  }
  pool->run(n, std::min((n + grain - 1) / grain, threads * parts_per_thread), task, context);
}

}  // namespace evergpu::adapters::host
