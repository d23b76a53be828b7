#include "ops/point.h"

#include <gtest/gtest.h>

#include <limits>

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::BinaryOp;
using ir::DType;
using ir::Shape;
using ir::Value;
using testing::array;
using testing::expect_array;
using testing::expect_failure;
using testing::infinity;
using testing::nan;

TEST(Point, BroadcastsOrSaysWhatDoesNotFit) {
  expect_array(ops::binary(BinaryOp::add, array({2, 1}, {1, 2}), array({3}, {10, 20, 30})), {2, 3},
               {11, 21, 31, 12, 22, 32});
  expect_failure(ops::binary(BinaryOp::add, array({2}, {1, 2}), array({3}, {1, 2, 3})),
                 "Incompatible shapes: [2] vs. [3]");
}

TEST(Point, ZeroWinsOverNanAndInfinity) {
  const Value x = array({4}, {6, infinity, nan, 0});
  const Value y = array({4}, {3, 0, 0, 0});
  expect_array(divide_no_nan(x, y), {4}, {2, 0, 0, 0});
  expect_array(multiply_no_nan(x, y), {4}, {18, 0, 0, 0});
  const Value zero = array({3}, {0, 2, 0});
  expect_array(xdivy(zero, array({3}, {0, 4, nan})), {3}, {0, 0.5, 0});
  expect_array(xlogy(zero, array({3}, {0, 1, nan})), {3}, {0, 0, 0});
  expect_array(xlog1py(zero, array({3}, {-1, 0, nan})), {3}, {0, 0, 0});
}

TEST(Point, TruncatesTowardsZero) {
  expect_array(truncate_divide(array({2}, {-7, 7}), array({}, {2})), {2}, {-3, 3});
  expect_array(truncate_divide(array({2}, {-7, 7}, DType::i32), array({}, {2}, DType::i32)), {2},
               {-3, 3});
}

TEST(Point, ApproximatelyEqualIncludesTheTolerance) {
  expect_array(approximately_equal(array({3}, {1, 1, 1}), array({3}, {1.25, 1.5, 2}), 0.5), {3},
               {1, 1, 0});
}

TEST(Point, NextAfterMovesByOneFloat) {
  const double ulp = std::numeric_limits<float>::epsilon();
  const double least = std::numeric_limits<float>::denorm_min();
  const Value x = array({6}, {1, 1, 0, -1, 3, nan});
  const Value y = array({6}, {2, 0, -1, -2, 3, 1});
  expect_array(next_after(x, y), {6}, {1 + ulp, 1 - ulp / 2, -least, -1 - ulp, 3, nan}, 0);
}

TEST(Point, IntegersRoundToThemselves) {
  expect_array(round(array({4}, {0.5, 1.5, 2.5, -0.5})), {4}, {0, 2, 2, 0});
  expect_array(round(array({2}, {3, -4}, DType::i64)), {2}, {3, -4});
  expect_array(reciprocal(array({3}, {1, -1, 5}, DType::i64)), {3}, {1, -1, 0});
}

TEST(Point, NormalQuantileInTheTail) {
  // Quantiles of the standard normal distribution: 1e-7, 0.025, 0.5, 0.975.
  expect_array(normal_quantile(array({4}, {1e-7, 0.025, 0.5, 0.975})), {4},
               {-5.199338, -1.959964, 0, 1.959964}, 2e-6);
}

TEST(Point, CountsBitsOfEveryWidth) {
  expect_array(population_count(array({4}, {0, 1, -1, 127}, DType::i8)), {4}, {0, 1, 8, 7});
  expect_array(population_count(array({2}, {-1, 5}, DType::i64)), {2}, {64, 2});
  expect_array(population_count(array({2}, {65535, 4096}, DType::u16)), {2}, {16, 1});
}

TEST(Point, ClipTakesScalarsOrTheSameShape) {
  const Value x = array({3}, {-5, 1, 5});
  expect_array(clip(x, array({}, {-1}), array({1}, {2})), {3}, {-1, 1, 2});
  expect_array(clip(x, array({3}, {-9, 2, 6}), array({}, {10})), {3}, {-5, 2, 6});
  expect_failure(clip(x, array({2}, {0, 0}), array({}, {1})), "same shape");
}

TEST(Point, AddAllKeepsSmallTermsOf16BitFloats) {
  // 2048 + 1 is no f16; 2048 + 1 + 1 is.
  const auto half = [](double x) { return array({1}, {x}, DType::f16); };
  const Value terms[] = {half(2048), half(1), half(1)};
  expect_array(add_all(terms), {1}, {2050});
  const Value unequal[] = {array({2}, {1, 2}), array({1}, {1})};
  expect_failure(add_all(unequal), "same size and shape");
}

TEST(Point, SelectRowsByVector) {
  const Value x = array({2, 2}, {1, 2, 3, 4});
  const Value y = array({2, 2}, {5, 6, 7, 8});
  expect_array(select_rows(array({2}, {0, 1}, DType::boolean), x, y), {2, 2}, {5, 6, 3, 4});
  expect_array(select_rows(array({}, {1}, DType::boolean), x, y), {2, 2}, {1, 2, 3, 4});
  expect_failure(select_rows(array({3}, {0, 1, 1}, DType::boolean), x, y), "'cond'");
}

TEST(Point, Gradients) {
  const Value y = array({1}, {0.5});
  const Value gradient = array({1}, {3});
  expect_array(sqrt_gradient(y, gradient), {1}, {3});            // 0.5 / y
  expect_array(rsqrt_gradient(y, gradient), {1}, {-0.1875});     // -0.5 y³
  expect_array(reciprocal_gradient(y, gradient), {1}, {-0.75});  // -y²
}

}  // namespace
}  // namespace evergpu::ops
