#include "ops/strided_slice.h"

#include <gtest/gtest.h>

#include <numeric>

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::Shape;
using ir::Value;
using testing::array;
using testing::expect_array;
using testing::expect_failure;

Value counted(const Shape& shape) {
  std::vector<double> numbers(static_cast<std::size_t>(shape.elements()));
  std::iota(numbers.begin(), numbers.end(), 0);
  return array(shape, numbers);
}

// x[1, ..., 2:0:-1]
const StridedSliceParameters mixed{.begin = {1, 0, 2},
                                   .end = {2, 0, 0},
                                   .strides = {1, 1, -1},
                                   .ellipsis_mask = 2,
                                   .shrink_mask = 1};

TEST(StridedSlice, IndexEllipsisAndNegativeStride) {
  expect_array(strided_slice(counted({2, 2, 3}), mixed), {2, 2}, {8, 7, 11, 10});
}

TEST(StridedSlice, NewAxisAndMasks) {
  // x[new, :, ::2]
  const StridedSliceParameters parameters{.begin = {0, 5, 5},
                                          .end = {0, 5, 5},
                                          .strides = {1, 1, 2},
                                          .begin_mask = 6,
                                          .end_mask = 6,
                                          .new_axis_mask = 1};
  expect_array(strided_slice(counted({2, 3}), parameters), {1, 2, 2}, {0, 2, 3, 5});
}

TEST(StridedSlice, BoundsAreClamped) {
  const StridedSliceParameters parameters{.begin = {-10}, .end = {10}, .strides = {2}};
  expect_array(strided_slice(counted({5}), parameters), {3}, {0, 2, 4});
  const StridedSliceParameters nothing{.begin = {3}, .end = {1}, .strides = {1}};
  expect_array(strided_slice(counted({5}), nothing), {0}, {});
}

TEST(StridedSlice, Errors) {
  const StridedSliceParameters outside{.begin = {7}, .end = {8}, .strides = {1}, .shrink_mask = 1};
  expect_failure(strided_slice(counted({5}), outside),
                 "slice index 7 of dimension 0 out of bounds");
  const StridedSliceParameters still{.begin = {0}, .end = {8}, .strides = {0}};
  expect_failure(strided_slice(counted({5}), still), "strides[0] must be non-zero");
  const StridedSliceParameters many{.begin = {0, 0}, .end = {1, 1}, .strides = {1, 1}};
  expect_failure(strided_slice(counted({5}), many), "input has only 1 dims");
}

TEST(StridedSlice, GradientPutsElementsBack) {
  const Value gradient = array({2, 2}, {1, 2, 3, 4});
  expect_array(strided_slice_gradient({2, 2, 3}, gradient, mixed), {2, 2, 3},
               {0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 4, 3});
  expect_failure(strided_slice_gradient({2, 2, 3}, array({4}, {1, 2, 3, 4}), mixed),
                 "shape of dy was [4] instead of [2,2]");
}

TEST(StridedSlice, UpdateReplacesTheSelection) {
  const StridedSliceParameters every_second{.begin = {0}, .end = {5}, .strides = {2}};
  expect_array(strided_slice_update(counted({5}), array({3}, {7, 8, 9}), every_second), {5},
               {7, 1, 8, 3, 9});
  expect_array(strided_slice_update(counted({5}), array({}, {7}), every_second), {5},
               {7, 1, 7, 3, 7});
  const StridedSliceParameters backwards{
      .begin = {0}, .end = {0}, .strides = {-1}, .begin_mask = 1, .end_mask = 1};
  expect_array(strided_slice_update(counted({3}), array({3}, {7, 8, 9}), backwards), {3},
               {9, 8, 7});
}

}  // namespace
}  // namespace evergpu::ops
