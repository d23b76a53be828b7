// The host adapter's threads: every part runs once, whoever runs it.
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "adapters/host/threads.h"

namespace evergpu::adapters::host {
namespace {

// How often parallel_for ran each index.
std::vector<int> runs_of(std::int64_t n, std::int64_t grain) {
  std::vector<std::atomic<int>> runs(static_cast<std::size_t>(n));
  parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) ++runs[static_cast<std::size_t>(i)];
  });
  return {runs.begin(), runs.end()};
}

bool all_once(const std::vector<int>& runs) {
  for (const int count : runs)
    if (count != 1) return false;
  return true;
}

class HostThreads : public ::testing::Test {
 protected:
  ~HostThreads() override { set_thread_count(before_); }

 private:
  const int before_ = thread_count();
};

TEST_F(HostThreads, RunEachIndexOnce) {
  for (int workers : {0, 1, 3, 100}) {
    ThreadPool pool(workers);
    const ThreadPool::Scope scope(pool);
    set_thread_count(workers + 1);
    for (std::int64_t n : {0, 1, 2, 3, 7, 8, 9, 1000})
      for (std::int64_t grain : {1, 3, 2000})
        EXPECT_TRUE(all_once(runs_of(n, grain))) << workers << " " << n << " " << grain;
    for (int repeat = 0; repeat < 2000; ++repeat) EXPECT_TRUE(all_once(runs_of(8, 1)));
  }
}

TEST_F(HostThreads, ServeTwoCallersAtOnce) {
  ThreadPool pool(2);
  std::atomic<int> wrong{0};
  const auto call = [&] {
    const ThreadPool::Scope scope(pool);
    set_thread_count(3);
    for (int repeat = 0; repeat < 500; ++repeat) wrong += !all_once(runs_of(20, 1));
  };
  std::thread other(call);
  std::thread third(call);
  other.join();
  third.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(HostThreads, RunPartsOfPartsAlone) {
  ThreadPool pool(2);
  const ThreadPool::Scope scope(pool);
  set_thread_count(3);
  std::atomic<int> wrong{0};
  parallel_for(20, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) wrong += !all_once(runs_of(50, 1));
  });
  EXPECT_EQ(wrong, 0);
}

TEST_F(HostThreads, PassAnExceptionOn) {
  ThreadPool pool(2);
  const ThreadPool::Scope scope(pool);
  set_thread_count(3);
  for (int repeat = 0; repeat < 100; ++repeat) {
    const auto fail = [](std::int64_t begin, std::int64_t end) {
      if (begin <= 13 && 13 < end) throw std::runtime_error("thirteen");
    };
    EXPECT_THROW(parallel_for(20, 1, fail), std::runtime_error);
    EXPECT_TRUE(all_once(runs_of(20, 1)));
  }
}

}  // namespace
}  // namespace evergpu::adapters::host
