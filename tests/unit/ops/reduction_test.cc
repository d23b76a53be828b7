#include "ops/reduction.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::Dims;
using ir::DType;
using ir::ReduceOp;
using ir::Value;
using testing::array;
using testing::expect_array;
using testing::expect_failure;

TEST(Reduction, AxesMayBeNegativeAndStay) {
  const Value x = array({2, 3}, {1, 2, 3, 4, 5, 6});
  expect_array(ops::reduce(ReduceOp::sum, x, Dims{-1}, false), {2}, {6, 15});
  expect_array(ops::reduce(ReduceOp::maximum, x, Dims{0, 1}, true), {1, 1}, {6});
  expect_array(ops::reduce(ReduceOp::sum, x, Dims{}, false), {2, 3}, {1, 2, 3, 4, 5, 6});
  expect_failure(ops::reduce(ReduceOp::sum, x, Dims{2}, false), "Invalid reduction dimension (2");
  expect_failure(ops::reduce(ReduceOp::sum, x, Dims{1, -1}, false), "duplicate dimension: 1");
}

TEST(Reduction, Mean) {
  expect_array(mean(array({2, 2}, {1, 2, 3, 6}), Dims{0}, false), {2}, {2, 4});
  // Neither the sum nor the count is a number of the dtype.
  expect_array(mean(array({2}, {60000, 60000}, DType::f16), Dims{0}, false), {}, {60000}, 32);
  expect_array(mean(ir::full({300}, array({}, {7}, DType::i8)), Dims{0}, false), {}, {7});
  expect_array(mean(array({2}, {-3, -4}, DType::i32), Dims{0}, false), {}, {-3});
  expect_array(mean(array({0}, {}), Dims{0}, false), {}, {std::nan("")});
}

TEST(Reduction, Norms) {
  expect_array(euclidean_norm(array({1, 2}, {3, 4}), Dims{1}, false), {1}, {5});
  expect_array(half_sum_of_squares(array({1, 2}, {3, 4})), {}, {12.5});
}

}  // namespace
}  // namespace evergpu::ops
