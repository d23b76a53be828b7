#include "ir/shape.h"

#include <gtest/gtest.h>

namespace evergpu::ir {
namespace {

TEST(Shape, PrintsAsTensorFlowDoes) {
  EXPECT_EQ(to_string(Shape()), "[]");
  EXPECT_EQ(to_string(Shape{2, 3}), "[2,3]");
}

TEST(Shape, HasRowMajorStrides) {
  const Shape shape{2, 3, 4};
  EXPECT_EQ(shape.elements(), 24);
  EXPECT_EQ(shape.strides(), (Dims{12, 4, 1}));
  EXPECT_EQ(Shape().elements(), 1);
  EXPECT_EQ((Shape{3, 0}).elements(), 0);
}

TEST(Shape, BroadcastsByNumPysRule) {
  Shape result;
  EXPECT_TRUE(broadcast_shape({2, 1, 4}, {3, 1}, &result));
  EXPECT_EQ(result, (Shape{2, 3, 4}));
  EXPECT_TRUE(broadcast_shape({}, {3}, &result));
  EXPECT_EQ(result, (Shape{3}));
  EXPECT_TRUE(broadcast_shape({0}, {1}, &result));
  EXPECT_EQ(result, (Shape{0}));
  EXPECT_FALSE(broadcast_shape({2}, {3}, &result));
  EXPECT_FALSE(broadcast_shape({0}, {3}, &result));
}

TEST(Shape, KnowsWhatItBroadcastsTo) {
  EXPECT_TRUE(broadcasts_to({}, {2, 3}));
  EXPECT_TRUE(broadcasts_to({3}, {2, 3}));
  EXPECT_TRUE(broadcasts_to({2, 1}, {2, 0}));
  EXPECT_FALSE(broadcasts_to({2, 3}, {3}));
  EXPECT_FALSE(broadcasts_to({2}, {2, 3}));
}

}  // namespace
}  // namespace evergpu::ir
