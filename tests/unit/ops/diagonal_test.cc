#include "ops/diagonal.h"

#include <gtest/gtest.h>

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::Value;
using testing::array;
using testing::expect_array;
using testing::expect_failure;

Value matrix() { return array({3, 4}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}); }
Value padding() { return array({}, {-1}); }

TEST(Diagonal, OneDiagonal) {
  expect_array(diagonal_part(matrix(), {}, padding()), {3}, {1, 6, 11});
  expect_array(diagonal_part(matrix(), {.lower = 2, .upper = 2}, padding()), {2}, {3, 8});
  expect_array(diagonal_part(matrix(), {.lower = -1, .upper = -1}, padding()), {2}, {5, 10});
  expect_failure(diagonal_part(matrix(), {.lower = 4, .upper = 4}, padding()), "out of bound");
}

TEST(Diagonal, PackedDiagonalsLieLeftOrRight) {
  expect_array(diagonal_part(matrix(), {.lower = -1, .upper = 1}, padding()), {3, 3},
               {2, 7, 12, 1, 6, 11, 5, 10, -1});
  expect_array(diagonal_part(matrix(), {.lower = -1, .upper = 2, .super_left = false}, padding()),
               {4, 3}, {-1, 3, 8, 2, 7, 12, 1, 6, 11, 5, 10, -1});
  expect_array(diagonal_part(matrix(), {.lower = -1, .upper = 0, .sub_left = false}, padding()),
               {2, 3}, {1, 6, 11, -1, 5, 10});
}

TEST(Diagonal, PartsGoBackWhereTheyWere) {
  for (const bool super_left : {true, false})
    for (const bool sub_left : {true, false}) {
      const Diagonals all{.lower = -2, .upper = 3, .super_left = super_left, .sub_left = sub_left};
      const Value packed = diagonal_part(matrix(), all, padding());
      expect_array(from_diagonals(packed, all, 3, 4, padding()), {3, 4},
                   testing::numbers(matrix()));
      expect_array(set_diagonals(ir::zeros(ir::DType::f32, {3, 4}), packed, all), {3, 4},
                   testing::numbers(matrix()));
    }
}

TEST(Diagonal, SizeIsInferred) {
  expect_array(from_diagonals(array({2}, {1, 2}), {}, -1, -1, padding()), {2, 2}, {1, -1, -1, 2});
  expect_array(from_diagonals(array({1}, {7}), {.lower = 1, .upper = 1}, -1, -1, padding()), {2, 2},
               {-1, 7, -1, -1});
  expect_array(from_diagonals(array({1}, {7}), {.lower = -1, .upper = -1}, -1, 1, padding()),
               {2, 1}, {-1, 7});
  expect_failure(from_diagonals(array({2}, {1, 2}), {}, 5, 5, padding()), "not consistent");
}

TEST(Diagonal, SetInBatches) {
  const Value x = ir::zeros(ir::DType::f32, {2, 2, 2});
  expect_array(set_diagonals(x, array({2, 2}, {1, 2, 3, 4}), {}), {2, 2, 2},
               {1, 0, 0, 2, 3, 0, 0, 4});
  expect_failure(set_diagonals(x, array({2}, {1, 2}), {}), "expected diagonal shape: [2,2]");
  expect_failure(set_diagonals(x, array({}, {1}), {}), "diagonal must be at least 1-dim");
}

TEST(Diagonal, BandPart) {
  const Value x = array({3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  expect_array(band_part(x, 0, 1), {3, 3}, {1, 2, 0, 0, 5, 6, 0, 0, 9});
  expect_array(band_part(x, -1, 0), {3, 3}, {1, 0, 0, 4, 5, 0, 7, 8, 9});
  expect_array(band_part(x, -1, -1), {3, 3}, testing::numbers(x));
}

TEST(Diagonal, OfTensors) {
  const Value tensor = diagonal_tensor(array({1, 2}, {3, 4}));
  expect_array(tensor, {1, 2, 1, 2}, {3, 0, 0, 4});
  expect_array(diagonal_of_tensor(tensor), {1, 2}, {3, 4});
  expect_failure(diagonal_of_tensor(matrix()), "do not match");
}

}  // namespace
}  // namespace evergpu::ops
