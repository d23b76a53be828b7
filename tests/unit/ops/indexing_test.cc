#include "ops/indexing.h"

#include <gtest/gtest.h>

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::DType;
using ir::ScatterOp;
using ir::Value;
using testing::array;
using testing::expect_array;
using testing::expect_failure;

Value indices(const ir::Shape& shape, const std::vector<double>& numbers,
              DType dtype = DType::i32) {
  return array(shape, numbers, dtype);
}

TEST(Indexing, GatherAlongAnAxisAndInBatches) {
  const Value x = array({2, 3}, {1, 2, 3, 4, 5, 6});
  expect_array(ops::gather(x, indices({2}, {2, 0}), -1, 0), {2, 2}, {3, 1, 6, 4});
  expect_array(ops::gather(x, indices({2, 1}, {2, 0}), 1, 1), {2, 1}, {3, 4});
  expect_array(ops::gather(x, indices({2}, {1, 7}), 0, 0), {2, 3}, {4, 5, 6, 0, 0, 0});
  expect_failure(ops::gather(x, indices({1}, {0}), 2, 0), "Expected axis in the range [-2, 2)");
}

TEST(Indexing, GatherNd) {
  const Value x = array({2, 3}, {1, 2, 3, 4, 5, 6});
  expect_array(gather_nd(x, indices({3, 2}, {1, 2, 0, 1, 0, 5})), {3}, {6, 2, 0});
  expect_array(gather_nd(x, indices({1, 1}, {1})), {1, 3}, {4, 5, 6});
  // A column too far to the right is out of range, not an element of the next row.
  expect_array(gather_nd(x, indices({1, 2}, {0, 3}, DType::i64)), {1}, {0});
  expect_array(gather_nd(x, indices({2, 0}, {})), {2, 2, 3}, {1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6});
  expect_failure(gather_nd(x, indices({1, 3}, {0, 0, 0})), "params rank");
}

TEST(Indexing, ScatterNdAddsAtRepeatedPositions) {
  const Value base = ir::zeros(DType::f32, {2, 3});
  const Value at = indices({3, 2}, {0, 1, 1, 2, 0, 1});
  expect_array(scatter_nd(ScatterOp::add, base, at, array({3}, {1, 2, 4})), {2, 3},
               {0, 5, 0, 0, 0, 2});
  expect_array(scatter_nd(ScatterOp::set, base, indices({1, 1}, {1}), array({1, 3}, {7, 8, 9})),
               {2, 3}, {0, 0, 0, 7, 8, 9});
  expect_failure(scatter_nd(ScatterOp::add, base, at, array({2}, {1, 2})),
                 "must match dimensions [0,1) of updates");
}

TEST(Indexing, UnsortedSegments) {
  const Value data = array({4, 1}, {1, 2, 3, 4});
  const Value ids = indices({4}, {2, 0, 2, -1});
  expect_array(unsorted_segment(ScatterOp::add, data, ids, 3), {3, 1}, {2, 0, 4});
  expect_array(unsorted_segment(ScatterOp::multiply, data, ids, 3), {3, 1}, {2, 1, 3});
  const Value bytes = array({2}, {3, -4}, DType::i8);
  expect_array(unsorted_segment(ScatterOp::maximum, bytes, indices({2}, {1, 1}), 2), {2},
               {-128, 3});
  expect_array(unsorted_segment(ScatterOp::minimum, bytes, indices({2}, {1, 1}), 2), {2},
               {127, -4});
  expect_failure(unsorted_segment(ScatterOp::add, data, indices({2}, {0, 1}), 3),
                 "does not start with segment_ids.shape");
}

TEST(Indexing, SumsOf16BitFloatsAreRoundedOnce) {
  const Value data = array({3}, {2048, 1, 1}, DType::f16);
  expect_array(unsorted_segment(ScatterOp::add, data, indices({3}, {0, 0, 0}), 1), {1}, {2050});
}

TEST(Indexing, SortedSegmentsWithoutRowsAreZero) {
  const Value data = array({3}, {-1, -2, -6});
  const Value ids = indices({3}, {0, 0, 2});
  expect_array(segment(ScatterOp::maximum, data, ids, 3), {3}, {-1, 0, -6});
  expect_array(segment_mean(data, ids, 3), {3}, {-1.5, 0, -6});
  expect_array(segment_sum_over_sqrt(data, indices({3}, {0, 0, 0}), 1), {1}, {-9 / std::sqrt(3.0)});
}

TEST(Indexing, SegmentGradient) {
  // Segment 0 holds rows 2 and 0, segment 1 holds row 2.
  const Value gradient = array({2, 1}, {6, 1});
  const Value rows = indices({3}, {2, 0, 2});
  const Value ids = indices({3}, {0, 0, 1});
  expect_array(segment_gradient(gradient, rows, ids, 4, SegmentScale::sum), {4, 1}, {6, 0, 7, 0});
  expect_array(segment_gradient(gradient, rows, ids, 4, SegmentScale::mean), {4, 1}, {3, 0, 4, 0});
}

TEST(Indexing, BinCount) {
  const Value none = array({0}, {}, DType::i32);
  const Value values = indices({5}, {0, 2, 2, 9, -1});
  expect_array(bin_count(values, 3, none, false), {3}, {1, 0, 2});
  expect_array(bin_count(values, 3, none, true), {3}, {1, 0, 1});
  expect_array(bin_count(values, 3, array({5}, {1, 0.5, 2, 9, 9}), false), {3}, {1, 0, 2.5});
  // A value out of range does not count in another row.
  expect_array(bin_count(indices({2, 2}, {0, 3, 2, -1}), 3, none, false), {2, 3},
               {1, 0, 0, 0, 0, 1});
}

TEST(Indexing, UpdateRows) {
  const Value x = array({2, 2}, {1, 2, 3, 4});
  expect_array(update_rows(ScatterOp::add, x, indices({1}, {1}), array({1, 2}, {10, 20})), {2, 2},
               {1, 2, 13, 24});
  expect_failure(update_rows(ScatterOp::set, x, indices({1}, {1}), array({2}, {1, 2})),
                 "x and v shape doesn't match");
  expect_failure(update_rows(ScatterOp::set, x, indices({1, 1}, {1}), array({1, 2}, {1, 2})),
                 "i must be a vector");
  // Rows count from the end, too, and around.
  expect_array(update_rows(ScatterOp::set, x, indices({1}, {-1}), array({1, 2}, {10, 20})), {2, 2},
               {1, 2, 10, 20});
}

}  // namespace
}  // namespace evergpu::ops
