// Children, on every system: this test program runs itself.
#include "base/process.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace evergpu::os {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string own_program() { return executable().string(); }

TEST(ChildTest, GivesOutputAndExitCode) {
  const Child child = run_child({own_program(), "--gtest_list_tests"}, {}, seconds(60));
  EXPECT_EQ(child.end, Child::End::exited);
  EXPECT_EQ(child.code, 0);
  EXPECT_NE(child.output.find("GivesOutputAndExitCode"), std::string::npos);
}

TEST(ChildTest, GetsTheEnvironment) {
  // The filter leaves one test, which fails unless the variable has arrived.
  const std::vector<std::string> command = {own_program(), "--gtest_also_run_disabled_tests",
                                            "--gtest_filter=ChildTest.DISABLED_SeesTheVariable"};
  EXPECT_EQ(run_child(command, {{"EVERGPU_TEST_CHILD", "a b=\"c\""}}, seconds(60)).code, 0);
  EXPECT_NE(run_child(command, {}, seconds(60)).code, 0);
}

TEST(ChildTest, DISABLED_SeesTheVariable) {
  const char* const value = std::getenv("EVERGPU_TEST_CHILD");
  ASSERT_NE(value, nullptr);
  EXPECT_STREQ(value, "a b=\"c\"");
}

TEST(ChildTest, ArgumentsArriveAsTheyAre) {
  const std::string argument = "--gtest_filter=a \"b\" \\ c\\\" \\\\";
  const Child child = run_child({own_program(), argument}, {}, seconds(60));
  EXPECT_NE(child.output.find("Note: Google Test filter = a \"b\" \\ c\\\" \\\\"),
            std::string::npos)
      << child.output;
}

TEST(ChildTest, IsEndedInTime) {
  const std::vector<std::string> command = {own_program(), "--gtest_also_run_disabled_tests",
                                            "--gtest_filter=ChildTest.DISABLED_Sleeps"};
  EXPECT_EQ(run_child(command, {}, milliseconds(1500)).end, Child::End::timed_out);
}

TEST(ChildTest, DISABLED_Sleeps) { std::this_thread::sleep_for(seconds(60)); }

TEST(ChildTest, ThatCrashesIsSeen) {
  const std::vector<std::string> command = {own_program(), "--gtest_also_run_disabled_tests",
                                            "--gtest_filter=ChildTest.DISABLED_Crashes"};
  EXPECT_EQ(run_child(command, {}, seconds(60)).end, Child::End::crashed);
}

// (A bad address is an ordinary exit under the address sanitizer, abort() is one on Windows.)
TEST(ChildTest, DISABLED_Crashes) { __builtin_trap(); }

TEST(ChildTest, ThatDoesNotExist) {
  EXPECT_EQ(run_child({"evergpu-no-such-program"}, {}, seconds(5)).end, Child::End::not_started);
}

}  // namespace
}  // namespace evergpu::os
