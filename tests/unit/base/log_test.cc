// The categories of EVERGPU_LOG, and how messages look.
#include "base/log.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace evergpu::log {
namespace {

using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

TEST(LogTest, ParsesCategories) {
  EXPECT_EQ(parse_categories(""), 0U);
  EXPECT_EQ(parse_categories("record"), 1U);
  EXPECT_EQ(parse_categories("run, plan,"), 6U);
}

TEST(LogTest, NamesTheCategoriesThereAre) {
  CaptureStderr();
  EXPECT_EQ(parse_categories("plann,run,all"), 4U);
  EXPECT_EQ(GetCapturedStderr(),
            "evergpu: warning: EVERGPU_LOG: no category named plann, all; there are record, plan, "
            "run\n");
}

TEST(LogTest, SaysWhoSpeaks) {
  CaptureStderr();
  write(Category::plan, "3 kernels");
  info("device: CPU");
  warning("slow");
  EXPECT_EQ(GetCapturedStderr(),
            "evergpu plan: 3 kernels\nevergpu: device: CPU\nevergpu: warning: slow\n");
}

TEST(LogTest, ThreadsDoNotMixTheirLines) {
  CaptureStderr();
  std::vector<std::thread> threads;
  for (const char letter : {'a', 'b', 'c', 'd'}) {
    threads.emplace_back([letter] {
      for (int i = 0; i < 50; ++i) info(std::string(60, letter));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::string output = GetCapturedStderr();
  int lines = 0;
  for (std::size_t end = 0; (end = output.find('\n')) != std::string::npos; ++lines) {
    const std::string line = output.substr(0, end);
    ASSERT_EQ(line, "evergpu: " + std::string(60, line.back()));
    output.erase(0, end + 1);
  }
  EXPECT_EQ(lines, 200);
}

}  // namespace
}  // namespace evergpu::log
