// Index maps: what movement does to views, and which views share loop axes.
#include "compiler/view.h"

#include <gtest/gtest.h>

#include "compiler/graphs.h"

namespace evergpu::compiler {
namespace {

using ir::Dims;
using ir::DType;
using ir::Kind;
using ir::Operation;
using ir::Shape;

Operation type(Shape shape, DType dtype = DType::f32) {
  return {Kind::load, dtype, std::move(shape), ir::Empty{}};
}

View dense(const Operation& type) { return View::dense(0, type.dtype, type.shape.elements()); }

TEST(View, DenseIsOneRun) {
  const View view = dense(type({2, 3, 4}));
  ASSERT_EQ(view.runs.size(), 1u);
  EXPECT_EQ(view.runs[0], (compiler::Run{24, 1}));
  EXPECT_TRUE(view.is_dense());
  EXPECT_EQ(list(*view.strides_over(List{4, 6})), (List{6, 1}));
  EXPECT_TRUE(dense(type({})).is_dense());
}

TEST(View, StridesNeedFittingAxes) {
  const Operation x = type({2, 3});
  const auto turned = move(dense(x), {Kind::permute, x.dtype, {3, 2}, ir::Axes{{1, 0}}}, x);
  ASSERT_TRUE(turned);
  EXPECT_EQ(list(*turned->strides_over(List{3, 1, 2})), (List{1, 0, 3}));
  EXPECT_FALSE(turned->strides_over(List{6}));
  EXPECT_FALSE(turned->strides_over(List{2, 3}));
}

TEST(View, APermuteUndoneIsDense) {
  const Operation x = type({2, 3, 4});
  const Operation y{Kind::permute, x.dtype, {4, 2, 3}, ir::Axes{{2, 0, 1}}};
  const auto turned = move(dense(x), y, x);
  ASSERT_EQ(turned->runs.size(), 2u);
  const Operation z{Kind::permute, x.dtype, {2, 3, 4}, ir::Axes{{1, 2, 0}}};
  EXPECT_TRUE(move(*turned, z, y)->is_dense());
}

TEST(View, BroadcastRepeats) {
  const Operation x = type({3, 1});
  const auto view = move(dense(x), {Kind::broadcast, x.dtype, {2, 3, 4}, ir::Empty{}}, x);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->elements, 24);
  EXPECT_EQ(list(*view->strides_over(List{2, 3, 4})), (List{0, 1, 0}));
}

TEST(View, SlicesAddTheirStarts) {
  const Operation x = type({8, 9});
  const Operation y{Kind::slice, x.dtype, {4, 3}, ir::Slice{{7, 2}, {-2, 3}}};
  const auto view = move(dense(x), y, x);
  EXPECT_EQ(view->offset, 7 * 9 + 2);
  EXPECT_TRUE(view->sliced);
  EXPECT_EQ(list(*view->strides_over(List{4, 3})), (List{-18, 3}));
  const auto again = move(*view, {Kind::slice, x.dtype, {2, 3}, ir::Slice{{3, 0}, {-1, 1}}}, y);
  EXPECT_EQ(again->offset, 1 * 9 + 2);
  EXPECT_EQ(list(*again->strides_over(List{2, 3})), (List{18, 3}));
}

TEST(View, BitcastsScaleStrides) {
  const Operation x = type({4, 6});
  const auto bytes = move(dense(x), {Kind::bitcast, DType::u8, {4, 6, 4}, ir::Empty{}}, x);
  EXPECT_TRUE(bytes->is_dense());
  const Operation turned{Kind::permute, x.dtype, {6, 4}, ir::Axes{{1, 0}}};
  const auto turned_view = move(dense(x), turned, x);
  const auto halves =
      move(*turned_view, {Kind::bitcast, DType::f16, {6, 4, 2}, ir::Empty{}}, turned);
  EXPECT_EQ(list(*halves->strides_over(List{6, 4, 2})), (List{2, 12, 1}));
  const Operation pairs = type({4, 3, 2});
  const auto doubles = move(dense(pairs), {Kind::bitcast, DType::f64, {4, 3}, ir::Empty{}}, pairs);
  EXPECT_TRUE(doubles->is_dense());
  EXPECT_EQ(doubles->elements, 12);
}

TEST(View, BitcastsToLargerElementsNeedNeighbours) {
  const Operation x = type({2, 3});
  const Operation turned{Kind::permute, x.dtype, {3, 2}, ir::Axes{{1, 0}}};
  const Operation wide{Kind::bitcast, DType::f64, {3}, ir::Empty{}};
  EXPECT_FALSE(move(*move(dense(x), turned, x), wide, turned));
  const Operation part{Kind::slice, x.dtype, {2, 2}, ir::Slice{{0, 0}, {1, 1}}};
  const Operation wide_part{Kind::bitcast, DType::f64, {2}, ir::Empty{}};
  EXPECT_FALSE(move(*move(dense(x), part, x), wide_part, part));
}

TEST(View, OrderIsKept) {
  EXPECT_TRUE(keeps_order({Kind::permute, DType::f32, {1, 2, 1, 3}, ir::Axes{{1, 0, 3, 2}}},
                          type({2, 1, 3, 1})));
  EXPECT_FALSE(keeps_order({Kind::permute, DType::f32, {3, 2}, ir::Axes{{1, 0}}}, type({2, 3})));
  EXPECT_TRUE(keeps_order({Kind::broadcast, DType::f32, {1, 2}, ir::Empty{}}, type({2})));
  EXPECT_FALSE(keeps_order({Kind::broadcast, DType::f32, {2, 2}, ir::Empty{}}, type({2})));
  EXPECT_FALSE(keeps_order({Kind::slice, DType::f32, {3}, ir::Slice{{2}, {-1}}}, type({3})));
}

TEST(IterationSpace, IsNoFinerThanNeeded) {
  IterationSpace space(24);
  EXPECT_EQ(list(space.extents()), List{24});
  const Operation row = type({4});
  const View repeated = *move(dense(row), {Kind::broadcast, DType::f32, {6, 4}, ir::Empty{}}, row);
  EXPECT_TRUE(space.admit(repeated));
  EXPECT_EQ(list(space.extents()), (List{6, 4}));
  const Operation column = type({2, 1});
  const View columns =
      *move(dense(column), {Kind::broadcast, DType::f32, {2, 12}, ir::Empty{}}, column);
  EXPECT_TRUE(space.admit(columns));
  EXPECT_EQ(list(space.extents()), (List{2, 3, 4}));
  EXPECT_EQ(list(*columns.strides_over(space.extents())), (List{1, 0, 0}));
}

TEST(IterationSpace, RefusesWhatDoesNotFit) {
  IterationSpace space(6);
  const Operation two = type({2});
  const Operation three = type({3});
  EXPECT_TRUE(
      space.admit(*move(dense(two), {Kind::broadcast, DType::f32, {3, 2}, ir::Empty{}}, two)));
  EXPECT_FALSE(
      space.admit(*move(dense(three), {Kind::broadcast, DType::f32, {2, 3}, ir::Empty{}}, three)));
  EXPECT_EQ(list(space.extents()), (List{3, 2}));
  EXPECT_TRUE(space.admit(dense(type({6}))));
}

TEST(IterationSpace, OneElementHasNoAxes) { EXPECT_TRUE(IterationSpace(1).extents().empty()); }

}  // namespace
}  // namespace evergpu::compiler
