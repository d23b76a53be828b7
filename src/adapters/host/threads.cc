#include "adapters/host/threads.h"

#include <omp.h>

#include <algorithm>
#include <exception>

#include "base/os.h"

namespace evergpu::adapters::host {
namespace {

// Parts per thread: a core that another program slows down leaves parts to the others.
constexpr std::int64_t parts_per_thread = 4;

thread_local bool count_is_set = false;

}  // namespace

int thread_count() { return omp_get_max_threads(); }

void set_thread_count(int count) {
  omp_set_num_threads(std::max(count, 1));
  count_is_set = true;
}

void respect_usable_cores() {
  if (count_is_set) return;
  set_thread_count(std::min(omp_get_max_threads(), os::usable_cores()));
}

void run_parallel(std::int64_t n, std::int64_t grain,
                  void (*task)(void* context, std::int64_t begin, std::int64_t end),
                  void* context) {
  if (n <= 0) return;
  const std::int64_t threads = thread_count();
  const std::int64_t most = (n + grain - 1) / std::max<std::int64_t>(grain, 1);
  if (n <= grain || threads == 1 || omp_in_parallel() != 0) {
    task(context, 0, n);
    return;
  }
  const std::int64_t parts = std::min(most, threads * parts_per_thread);
  std::exception_ptr error;
#pragma omp parallel for schedule(dynamic, 1)
  for (std::int64_t part = 0; part < parts; ++part) {
    try {
      task(context, n * part / parts, n * (part + 1) / parts);
    } catch (...) {
#pragma omp critical(evergpu_parallel_error)
      error = std::current_exception();
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace evergpu::adapters::host
