// The host adapter's threads: one OpenMP pool, the one that oneDNN uses too.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace evergpu::adapters::host {

/// How many threads parallel_for and oneDNN use when the calling thread asks for work.
int thread_count();
/// Sets it for the calling thread. No result depends on it, except that oneDNN picks algorithms by
/// it.
void set_thread_count(int count);
/// Keeps the calling thread's count within the cores this process may use (a container's share is
/// often less than what OpenMP sees), unless set_thread_count was called.
void respect_usable_cores();

/// Calls task(context, begin, end) for parts that cover [0, n); see parallel_for.
void run_parallel(std::int64_t n, std::int64_t grain,
                  void (*task)(void* context, std::int64_t begin, std::int64_t end), void* context);

/// Calls f(begin, end) for disjoint ranges that cover [0, n), at least `grain` long but for the
/// last, on several threads at once; work of at most `grain` stays on the calling thread. Which
/// ranges depends on the number of threads: f must compute the same bits for each i whatever range
/// it is in. An exception from f reaches the caller.
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

}  // namespace evergpu::adapters::host
