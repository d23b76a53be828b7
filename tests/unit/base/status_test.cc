// Status and Result.
#include "base/status.h"

#include <gtest/gtest.h>

#include <memory>

namespace evergpu {
namespace {

TEST(StatusTest, KeepsCodeAndMessage) {
  EXPECT_TRUE(Status().ok());
  EXPECT_EQ(Status().code(), Code::ok);
  EXPECT_EQ(Status().message(), "");
  const Status error = invalid_argument("axis 3 is not there");
  EXPECT_FALSE(error.ok());
  EXPECT_EQ(error.code(), Code::invalid_argument);
  EXPECT_EQ(error.message(), "axis 3 is not there");
}

TEST(StatusTest, PrefixesErrorsOnly) {
  const Status error = resource_exhausted("12 MiB").with_prefix("node add: ");
  EXPECT_EQ(error.code(), Code::resource_exhausted);
  EXPECT_EQ(error.message(), "node add: 12 MiB");
  EXPECT_TRUE(Status().with_prefix("node add: ").ok());
}

TEST(StatusTest, ReturnsEarly) {
  const auto run = [](const Status& first) -> Status {
    EVERGPU_RETURN_IF_ERROR(first);
    return internal_error("went on");
  };
  EXPECT_EQ(run(unimplemented("no")).code(), Code::unimplemented);
  EXPECT_EQ(run(Status()).code(), Code::internal);
}

TEST(ResultTest, HoldsAValueThatOnlyMoves) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(5));
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result.status().ok());
  const std::unique_ptr<int> moved = std::move(*result);
  EXPECT_EQ(*moved, 5);
}

TEST(ResultTest, HoldsAnError) {
  const Result<int> result = internal_error("broken");
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.status().message(), "broken");
}

}  // namespace
}  // namespace evergpu
