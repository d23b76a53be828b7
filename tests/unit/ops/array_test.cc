#include "ops/array.h"

#include <gtest/gtest.h>

#include <limits>

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::Dims;
using ir::DType;
using ir::Shape;
using ir::Value;
using testing::array;
using testing::expect_array;
using testing::expect_failure;

const std::vector<double> six = {1, 2, 3, 4, 5, 6};

TEST(Array, TransposeTakesNegativeAxes) {
  expect_array(transpose(array({2, 3}, six), Dims{-1, 0}), {3, 2}, {1, 4, 2, 5, 3, 6});
  expect_failure(transpose(array({2, 3}, six), Dims{0, 0}), "1 is missing from {0,0}.");
  expect_failure(transpose(array({2, 3}, six), Dims{0}), "vector of size 2");
}

TEST(Array, ConcatenateAndStack) {
  const Value parts[] = {array({2, 1}, {1, 2}), array({2, 2}, {3, 4, 5, 6})};
  expect_array(concatenate(parts, -1), {2, 3}, {1, 3, 4, 2, 5, 6});
  expect_failure(concatenate(parts, 0), "Dimension 1 in both shapes must be equal");
  expect_failure(concatenate(parts, 2), "range [-2, 2)");
  const Value rows[] = {array({2}, {1, 2}), array({2}, {3, 4})};
  expect_array(stack(rows, 0), {2, 2}, {1, 2, 3, 4});
  expect_array(stack(rows, -1), {2, 2}, {1, 3, 2, 4});
  expect_failure(stack(parts, 0), "Shapes of all inputs must match");
}

TEST(Array, SplitAndUnstack) {
  const auto parts = split(array({2, 3}, six), 1, Dims{1, -1});
  ASSERT_TRUE(parts.ok());
  ASSERT_EQ(parts->size(), 2u);
  expect_array((*parts)[0], {2, 1}, {1, 4});
  expect_array((*parts)[1], {2, 2}, {2, 3, 5, 6});
  EXPECT_FALSE(split(array({2, 3}, six), 1, Dims{1, 1}).ok());
  EXPECT_FALSE(split(array({2, 3}, six), 1, Dims{-1, -1}).ok());
  const auto columns = unstack(array({2, 3}, six), 1);
  ASSERT_TRUE(columns.ok());
  ASSERT_EQ(columns->size(), 3u);
  expect_array((*columns)[2], {2}, {3, 6});
}

TEST(Array, Slice) {
  expect_array(ops::slice(array({2, 3}, six), Dims{1, 0}, Dims{1, -1}), {1, 3}, {4, 5, 6});
  expect_failure(ops::slice(array({2, 3}, six), Dims{1, 0}, Dims{2, 3}),
                 "Expected size[0] in [0, 1]");
}

TEST(Array, TileReverseRoll) {
  expect_array(tile(array({1, 2}, {1, 2}), Dims{2, 2}), {2, 4}, {1, 2, 1, 2, 1, 2, 1, 2});
  expect_array(tile(array({2}, {1, 2}), Dims{0}), {0}, {});
  expect_array(reverse(array({2, 3}, six), Dims{0, -1}), {2, 3}, {6, 5, 4, 3, 2, 1});
  expect_failure(reverse(array({2, 3}, six), Dims{1, -1}), "more than once");
  expect_array(roll(array({2, 3}, six), Dims{1, 4, -1}, Dims{1, 1, 0}), {2, 3}, {5, 6, 4, 2, 3, 1});
}

TEST(Array, ReverseSequenceLeavesTheTail) {
  expect_array(reverse_sequence(array({2, 3}, six), array({2}, {2, 3}, DType::i64), 1, 0), {2, 3},
               {2, 1, 3, 6, 5, 4});
  expect_failure(reverse_sequence(array({2, 3}, six), array({3}, {1, 1, 1}, DType::i64), 1, 0),
                 "Length of seq_lengths");
}

TEST(Array, OneHotPutsTheAxisAnywhere) {
  const Value on = array({}, {5});
  const Value off = array({}, {-1});
  const Value indices = array({2}, {1, 7}, DType::u8);
  expect_array(one_hot(indices, 3, on, off, -1), {2, 3}, {-1, 5, -1, -1, -1, -1});
  expect_array(one_hot(indices, 3, on, off, 0), {3, 2}, {-1, -1, 5, -1, -1, -1});
  // More positions than a u8 counts: index 1 must match once.
  const std::vector<double> wide = testing::numbers(one_hot(indices, 300, on, off, -1));
  EXPECT_EQ(std::count(wide.begin(), wide.end(), 5.0), 2);
}

TEST(Array, Sequences) {
  expect_array(arithmetic_sequence(array({}, {2}), array({}, {-0.5}), 3), {3}, {2, 1.5, 1});
  expect_array(linear_space(array({}, {0}), array({}, {1}), 5), {5}, {0, 0.25, 0.5, 0.75, 1});
  expect_array(linear_space(array({}, {3}), array({}, {9}), 1), {1}, {3});
  expect_failure(linear_space(array({}, {3}), array({}, {9}), 0), "Requires num > 0");
}

TEST(Array, BucketizeCountsBoundariesNotAbove) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  expect_array(bucketize(array({5}, {-5, 0, 2, 10, nan}), array({3}, {0, 2, 3})), {5},
               {0, 1, 2, 3, 3});
}

TEST(Array, CrossProduct) {
  expect_array(cross_product(array({2, 3}, {1, 0, 0, 1, 2, 3}), array({2, 3}, {0, 1, 0, 4, 5, 6})),
               {2, 3}, {0, 0, 1, -3, 6, -3});
  expect_failure(cross_product(array({2}, {1, 2}), array({2}, {1, 2})), "3-element");
}

}  // namespace
}  // namespace evergpu::ops
