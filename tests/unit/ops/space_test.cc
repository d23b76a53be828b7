#include "ops/space.h"

#include <gtest/gtest.h>

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::Dims;
using ir::Layout;
using testing::array;
using testing::expect_array;
using testing::expect_failure;

TEST(Space, BlocksToBatchAndBack) {
  const ir::Value x = array({1, 2, 2, 1}, {1, 2, 3, 4});
  expect_array(space_to_batch(x, Dims{2, 2}, Dims{0, 0, 0, 0}), {4, 1, 1, 1}, {1, 2, 3, 4});
  // Padded to [1,2,4,1]: columns 0 1 2 0 and 0 3 4 0.
  const ir::Value padded = space_to_batch(x, Dims{1, 2}, Dims{0, 0, 1, 1});
  expect_array(padded, {2, 2, 2, 1}, {0, 2, 0, 4, 1, 0, 3, 0});
  expect_array(batch_to_space(padded, Dims{1, 2}, Dims{0, 0, 1, 1}), {1, 2, 2, 1}, {1, 2, 3, 4});
  expect_failure(space_to_batch(x, Dims{3, 1}, Dims{0, 0, 0, 0}), "not divisible by block_shape");
  expect_failure(batch_to_space(x, Dims{2, 1}, Dims{0, 0, 0, 0}), "product of block sizes");
}

TEST(Space, BlocksToDepthAndBack) {
  const ir::Value image = testing::random_array({2, 4, 6, 3}, 1);
  const ir::Value deep = space_to_depth(image, 2, Layout::channels_last);
  EXPECT_EQ(deep.shape(), (ir::Shape{2, 2, 3, 12}));
  expect_array(depth_to_space(deep, 2, Layout::channels_last), {2, 4, 6, 3},
               testing::numbers(image));
  expect_array(space_to_depth(array({1, 2, 2, 1}, {1, 2, 3, 4}), 2, Layout::channels_last),
               {1, 1, 1, 4}, {1, 2, 3, 4});
}

TEST(Space, LayoutsAgree) {
  const ir::Value image = testing::random_array({2, 3, 4, 6}, 1);
  const Dims to_last{0, 2, 3, 1};
  const ir::Value first = space_to_depth(image, 2, Layout::channels_first);
  const ir::Value last = space_to_depth(ir::permute(image, to_last), 2, Layout::channels_last);
  expect_array(ir::permute(first, to_last), {2, 2, 3, 12}, testing::numbers(last));
  expect_array(depth_to_space(first, 2, Layout::channels_first), {2, 3, 4, 6},
               testing::numbers(image));
}

}  // namespace
}  // namespace evergpu::ops
