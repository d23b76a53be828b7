#include "ops/sort.h"

#include <gtest/gtest.h>

#include <limits>

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::DType;
using ir::ReduceOp;
using ir::Value;
using testing::array;
using testing::expect_array;
using testing::expect_failure;

TEST(Sort, TopKTakesTheFirstOfEqualOnes) {
  const TopK top = top_k(array({2, 4}, {1, 3, 3, 2, 0, -1, -2, -3}), 2);
  expect_array(top.values, {2, 2}, {3, 3, 0, -1});
  expect_array(top.indices, {2, 2}, {1, 2, 0, 1});
  expect_failure(top_k(array({2}, {1, 2}), 3).values, "input must have at least k columns");
}

TEST(Sort, NthElement) {
  const Value x = array({2, 3}, {5, 1, 3, 2, 9, 4});
  expect_array(nth_element(x, 0, false), {2}, {1, 2});
  expect_array(nth_element(x, 1, true), {2}, {3, 4});
  expect_failure(nth_element(x, 3, false), "n+1 columns");
}

TEST(Sort, InTopK) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Value predictions = array({4, 3}, {1, 3, 2, 1, 3, 2, 1, nan, 2, 1, 3, 2});
  const Value targets = array({4}, {2, 0, 2, 3}, DType::i32);
  expect_array(in_top_k(predictions, targets, 2), {4}, {1, 0, 0, 0});
  // Ties are in: both are among the greatest.
  expect_array(in_top_k(array({1, 2}, {4, 4}), array({1}, {1}, DType::i64), 1), {1}, {1});
}

TEST(Sort, ArgExtremeTakesTheFirst) {
  const Value x = array({2, 3}, {1, 5, 5, 0, -2, -2});
  expect_array(arg_extreme(ReduceOp::maximum, x, 1, DType::i64), {2}, {1, 0});
  expect_array(arg_extreme(ReduceOp::minimum, x, -2, DType::i32), {3}, {1, 1, 1});
  expect_array(arg_extreme(ReduceOp::maximum, array({3}, {0, 1, 1}, DType::boolean), 0, DType::i32),
               {}, {1});
  expect_failure(arg_extreme(ReduceOp::maximum, array({0}, {}), 0, DType::i32), "is empty");
}

TEST(Sort, Cumulative) {
  const Value x = array({4}, {1, 2, 3, 4});
  expect_array(cumulative(ReduceOp::sum, x, 0, false, false), {4}, {1, 3, 6, 10});
  expect_array(cumulative(ReduceOp::sum, x, 0, true, true), {4}, {9, 7, 4, 0});
  expect_array(cumulative(ReduceOp::product, x, -1, true, false), {4}, {1, 1, 2, 6});
  expect_failure(cumulative(ReduceOp::sum, x, 1, false, false), "scan axis in the range");
}

TEST(Sort, SortedPosition) {
  const Value sorted = array({1, 4}, {1, 2, 2, 5});
  const Value values = array({1, 3}, {2, 0, 9});
  expect_array(sorted_position(sorted, values, false), {1, 3}, {1, 0, 4});
  expect_array(sorted_position(sorted, values, true), {1, 3}, {3, 0, 4});
}

}  // namespace
}  // namespace evergpu::ops
