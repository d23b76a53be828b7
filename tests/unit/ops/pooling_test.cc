#include "ops/pooling.h"

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::DType;
using ir::Value;
using testing::array;
using testing::expect_array;
using testing::expect_failure;

// A row of five pixels with one channel, windows of three, two apart.
PoolingParameters row(PaddingScheme scheme) {
  return {{1, 1, 3, 1}, {1, 1, 2, 1}, {scheme, {}, {}}};
}

TEST(Pooling, MaximumAndItsGradient) {
  const Value x = array({1, 1, 5, 1}, {1, 5, 5, 2, 4});
  expect_array(max_pool(x, row(PaddingScheme::valid)), {1, 1, 2, 1}, {5, 5});
  expect_array(max_pool(x, row(PaddingScheme::same)), {1, 1, 3, 1}, {5, 5, 4});
  // Of equal maxima the first gets the gradient.
  const Value g = array({1, 1, 2, 1}, {10, 100});
  expect_array(max_pool_gradient(x, {1, 1, 2, 1}, g, row(PaddingScheme::valid)), {1, 1, 5, 1},
               {0, 10, 100, 0, 0});
}

TEST(Pooling, NegativeMaximaAreNotPadding) {
  const Value x = array({1, 1, 2, 1}, {-3, -2});
  expect_array(max_pool(x, row(PaddingScheme::same)), {1, 1, 1, 1}, {-2});
  const PoolingParameters given{
      {1, 1, 2, 1}, {1, 1, 2, 1}, {PaddingScheme::given, {0, 0, 1, 0}, {0, 0, 1, 0}}};
  expect_array(max_pool(x, given), {1, 1, 2, 1}, {-3, -2});
}

TEST(Pooling, PicksValuesAtTheFirstMaximum) {
  const Value x = array({1, 1, 5, 1}, {1, 5, 5, 2, 4});
  const Value v = array({1, 1, 5, 1}, {10, 20, 30, 40, 50});
  expect_array(pick_at_maximum(x, {1, 1, 2, 1}, v, row(PaddingScheme::valid)), {1, 1, 2, 1},
               {20, 30});
  const Value negative = array({1, 1, 5, 1}, {-1, -5, -5, -2, -4});
  expect_array(pick_at_maximum(negative, {1, 1, 3, 1}, v, row(PaddingScheme::same)), {1, 1, 3, 1},
               {10, 40, 40});
}

TEST(Pooling, PositionsOfMaximaAndBack) {
  const Value x = array({2, 1, 3, 1}, {1, 5, 2, 7, 5, 9});
  const PoolingParameters pairs{{1, 1, 2, 1}, {1, 1, 1, 1}, {}};
  const Value own = max_pool_positions(x, DType::i64, false, pairs);
  const Value all = max_pool_positions(x, DType::i32, true, pairs);
  expect_array(own, {2, 1, 2, 1}, {1, 1, 0, 2});
  expect_array(all, {2, 1, 2, 1}, {1, 1, 3, 5});
  const Value g = array({2, 1, 2, 1}, {1, 2, 3, 4});
  expect_array(scatter_to_maxima(x.shape(), g, own, false), {2, 1, 3, 1}, {0, 3, 0, 3, 0, 4});
  expect_array(scatter_to_maxima(x.shape(), g, all, true), {2, 1, 3, 1}, {0, 3, 0, 3, 0, 4});
}

TEST(Pooling, AveragesLeaveOutPadding) {
  const Value x = array({1, 1, 5, 1}, {1, 2, 3, 4, 6});
  expect_array(average_pool(x, row(PaddingScheme::valid)), {1, 1, 2, 1}, {2, 13.0 / 3});
  expect_array(average_pool(x, row(PaddingScheme::same)), {1, 1, 3, 1}, {1.5, 3, 5});
  const Value g = array({1, 1, 3, 1}, {2, 3, 4});
  expect_array(average_pool_gradient({1, 1, 5, 1}, g, row(PaddingScheme::same)), {1, 1, 5, 1},
               {1, 2, 1, 3, 2});
}

TEST(Pooling, HalvesAreSummedWide) {
  const Value x = array({1, 1, 2, 1}, {60000, 60000}, DType::f16);
  const PoolingParameters both{{1, 1, 2, 1}, {1, 1, 2, 1}, {}};
  expect_array(average_pool(x, both), {1, 1, 1, 1}, {60000});
}

TEST(Pooling, SaysWhatDoesNotFit) {
  expect_failure(max_pool(array({2}, {1, 2}), row(PaddingScheme::valid)), "4-dimensional");
  expect_failure(max_pool(array({1, 1, 2, 1}, {1, 2}), row(PaddingScheme::valid)),
                 "The ksize dimension 2 (value 3) is larger than the input tensor dimension 2 "
                 "(value 2).");
  expect_failure(max_pool_gradient(array({1, 1, 5, 1}, {1, 2, 3, 4, 5}), {1, 1, 2, 1},
                                   array({1}, {1}), row(PaddingScheme::valid)),
                 "Expected grad shape to be [1,1,2,1], but got [1]");
}

}  // namespace
}  // namespace evergpu::ops
