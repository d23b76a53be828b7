#include "ops/patches.h"

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::Value;
using testing::array;
using testing::expect_array;
using testing::expect_failure;

TEST(Patches, AreWindowsInRowMajorOrder) {
  const Value x = array({1, 2, 3, 2}, {1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60});
  expect_array(extract_patches(x, {{2, 2}, {1, 1}, {1, 1}, {}}), {1, 1, 2, 8},
               {1, 10, 2, 20, 4, 40, 5, 50, 2, 20, 3, 30, 5, 50, 6, 60});
  expect_array(extract_patches(x, {{1, 2}, {2, 1}, {1, 2}, {}}), {1, 1, 1, 4}, {1, 10, 3, 30});
  expect_failure(extract_patches(array({2}, {1, 2}), {{2, 2}, {1, 1}, {1, 1}, {}}),
                 "input must be 4-dimensional[2]");
}

TEST(Patches, OutsideAreZeros) {
  const Value x = array({1, 3, 1}, {1, 2, 3});
  expect_array(extract_patches(x, {{2}, {2}, {1}, {PaddingScheme::same, {}, {}}}), {1, 2, 2},
               {1, 2, 3, 0});
}

}  // namespace
}  // namespace evergpu::ops
