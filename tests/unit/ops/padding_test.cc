#include "ops/padding.h"

#include <gtest/gtest.h>

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::Dims;
using testing::array;
using testing::dot;
using testing::expect_array;
using testing::expect_failure;
using testing::expect_gradient;
using testing::numbers;

TEST(Padding, Constant) {
  expect_array(ops::pad(array({1, 2}, {1, 2}), Dims{0, 1, 2, 0}, array({}, {9})), {2, 4},
               {9, 9, 1, 2, 9, 9, 9, 9});
  expect_failure(ops::pad(array({2}, {1, 2}), Dims{-1, 0}, array({}, {9})),
                 "Paddings must be non-negative");
  expect_failure(ops::pad(array({2}, {1, 2}), Dims{1, 0, 0, 0}, array({}, {9})), "rank of inputs");
}

TEST(Padding, Mirror) {
  expect_array(mirror_pad(array({3}, {1, 2, 3}), Dims{2, 1}, MirrorMode::reflect), {6},
               {3, 2, 1, 2, 3, 2});
  expect_array(mirror_pad(array({3}, {1, 2, 3}), Dims{2, 3}, MirrorMode::symmetric), {8},
               {2, 1, 1, 2, 3, 3, 2, 1});
  expect_failure(mirror_pad(array({3}, {1, 2, 3}), Dims{3, 0}, MirrorMode::reflect),
                 "paddings must be less than the dimension size");
}

TEST(Padding, MirrorGradient) {
  const std::vector<double> x = testing::random_numbers(6, 1);
  for (const MirrorMode mode : {MirrorMode::reflect, MirrorMode::symmetric}) {
    const Dims paddings{1, 1, 2, 1};
    const ir::Value gradient = testing::random_array({4, 6}, 2);
    expect_gradient(
        mirror_pad_gradient(gradient, paddings, mode), x,
        [&](const std::vector<double>& moved) {
          return dot(numbers(mirror_pad(array({2, 3}, moved), paddings, mode)), numbers(gradient));
        },
        0.5, 1e-5);
  }
}

}  // namespace
}  // namespace evergpu::ops
