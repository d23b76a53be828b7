// Sources and movements.
#include <cmath>
#include <numeric>

#include "ir/arrays.h"

namespace evergpu::ir {
namespace {

using Floats = std::vector<float>;

/// 0, 1, 2, …
Value counting(const Shape& shape) {
  Floats numbers(static_cast<std::size_t>(shape.elements()));
  std::iota(numbers.begin(), numbers.end(), 0.0f);
  return array<float>(shape, numbers);
}

TEST(EvaluateSource, ConstantsAndIotas) {
  EXPECT_EQ(elements<float>(full({2, 2}, constant(DType::f32, 1.5))), (Floats{1.5, 1.5, 1.5, 1.5}));
  EXPECT_EQ(elements<std::int64_t>(constant_integer(DType::i64, INT64_MIN)),
            (std::vector<std::int64_t>{INT64_MIN}));
  EXPECT_EQ(elements<bool>(zeros(DType::boolean, {2})), (std::vector<bool>{false, false}));
  EXPECT_EQ(elements<std::int32_t>(iota(DType::i32, {2, 3}, 0)),
            (std::vector<std::int32_t>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(elements<BFloat16>(iota(DType::bf16, {2, 3}, -1)), (Floats{0, 1, 2, 0, 1, 2}));
}

TEST(EvaluateMovement, Broadcast) {
  EXPECT_EQ(elements<float>(broadcast(array<float>({2, 1}, {1, 2}), {2, 2, 3})),
            (Floats{1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2}));
  EXPECT_EQ(elements<float>(broadcast(list<float>({1, 2}), {2, 2})), (Floats{1, 2, 1, 2}));
  EXPECT_EQ(elements<float>(broadcast(array<float>({1}, {1}), {0})), Floats());
}

TEST(EvaluateMovement, PermuteMatchesItsDefinition) {
  const Value x = counting({2, 3, 4, 5});
  const Dims axes{2, 0, 3, 1};
  const Floats actual = elements<float>(permute(x, axes));
  std::size_t at = 0;
  for (int c = 0; c < 4; ++c)
    for (int a = 0; a < 2; ++a)
      for (int d = 0; d < 5; ++d)
        for (int b = 0; b < 3; ++b)
          ASSERT_EQ(actual[at++], static_cast<float>(((a * 3 + b) * 4 + c) * 5 + d));
}

TEST(EvaluateMovement, PermuteOfEveryElementSizeAndRank12) {
  for (DType dtype : all_dtypes) {
    const Value x = cast(reshape(counting({6}), {2, 3}), dtype);
    const Value y = cast(permute(x, Dims{1, 0}), DType::f32);
    const Floats expected =
        dtype == DType::boolean ? Floats{0, 1, 1, 1, 1, 1} : Floats{0, 3, 1, 4, 2, 5};
    EXPECT_EQ(elements<float>(y), expected) << name_of(dtype);
  }
  Dims extents(12, 2);
  Dims reversed(12);
  for (std::size_t i = 0; i < 12; ++i) reversed[i] = 11 - static_cast<std::int64_t>(i);
  const Floats actual = elements<float>(permute(counting(Shape(extents)), reversed));
  for (unsigned i = 0; i < 4096; ++i) {
    unsigned mirrored = 0;
    for (unsigned bit = 0; bit < 12; ++bit) mirrored |= ((i >> bit) & 1u) << (11 - bit);
    ASSERT_EQ(actual[i], static_cast<float>(mirrored));
  }
}

TEST(EvaluateMovement, SliceAndFlip) {
  const Value x = counting({3, 4});
  EXPECT_EQ(elements<float>(slice(x, {1, 1}, {2, 2})), (Floats{5, 6, 9, 10}));
  EXPECT_EQ(elements<float>(slice(x, {0, 3}, {2, 2}, {2, -3})), (Floats{3, 0, 11, 8}));
  EXPECT_EQ(elements<float>(slice(x, {3, 0}, {0, 4})), Floats());
  EXPECT_EQ(elements<float>(flip(x, Dims{0})), (Floats{8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3}));
  EXPECT_EQ(elements<float>(flip(x, Dims{-1, 0})), (Floats{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}));
}

TEST(EvaluateMovement, Pad) {
  const Value nine = constant(DType::f32, 9);
  EXPECT_EQ(elements<float>(pad(counting({2, 2}), nine, {1, 0}, {0, 1})),
            (Floats{9, 9, 9, 0, 1, 9, 2, 3, 9}));
  EXPECT_EQ(elements<float>(pad(counting({3}), nine, {1}, {2}, {2})),
            (Floats{9, 0, 9, 9, 1, 9, 9, 2, 9, 9}));
  EXPECT_EQ(elements<float>(pad(counting({0}), nine, {1}, {1}, {3})), (Floats{9, 9}));
}

TEST(EvaluateMovement, Concat) {
  const Value x = counting({2, 2});
  const Value y = array<float>({2, 1}, {8, 9});
  const Value none = array<float>({2, 0}, {});
  EXPECT_EQ(elements<float>(concat(Operands{x, none, y}, 1)), (Floats{0, 1, 8, 2, 3, 9}));
  EXPECT_EQ(elements<float>(concat(Operands{x, x}, 0)), (Floats{0, 1, 2, 3, 0, 1, 2, 3}));
}

TEST(EvaluateGraph, ReturnsWantedValuesInOrderAndLeavesToo) {
  const Value x = list<float>({1, 2});
  const Value y = x * 2.0;
  const Value z = y + x;
  const Graph graph = graph_of(std::vector<Value>{z, x, y});
  const TensorView leaf = static_cast<const TensorStorage&>(*x->storage()).view();
  const std::vector<Tensor> results = evaluate(graph, {&leaf, 1});
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].as<float>()[1], 2);
  EXPECT_EQ(results[1].as<float>()[1], 4);
  EXPECT_EQ(results[2].as<float>()[1], 6);
}

}  // namespace
}  // namespace evergpu::ir
