// Reductions and scans.
#include <cmath>
#include <random>

#include "ir/arrays.h"

namespace evergpu::ir {
namespace {

using Floats = std::vector<float>;

/// Multiples of 1/8, whose sums are exact.
Floats numbers(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> eighths(-80, 80);
  Floats result(static_cast<std::size_t>(count));
  for (float& number : result) number = static_cast<float>(eighths(random)) / 8;
  return result;
}

TEST(EvaluateReduce, EveryChoiceOfAxesMatchesTheDefinition) {
  const Shape shape{3, 1, 5, 2, 70};
  const Floats x = numbers(shape.elements(), 1);
  const Dims strides = shape.strides();
  for (unsigned mask = 1; mask < 32; ++mask) {
    Dims axes;
    Dims kept_strides(5, 0);
    std::int64_t results = 1;
    for (int axis = 4; axis >= 0; --axis) {
      if ((mask >> axis) & 1u) {
        axes.insert(0, axis);
      } else {
        kept_strides[static_cast<std::size_t>(axis)] = results;
        results *= shape[axis];
      }
    }
    Floats expected(static_cast<std::size_t>(results), 0);
    Floats greatest(static_cast<std::size_t>(results), -inf);
    for (std::int64_t i = 0; i < shape.elements(); ++i) {
      std::int64_t to = 0;
      for (int axis = 0; axis < 5; ++axis) {
        const auto a = static_cast<std::size_t>(axis);
        to += i / strides[a] % shape[axis] * kept_strides[a];
      }
      expected[static_cast<std::size_t>(to)] += x[static_cast<std::size_t>(i)];
      greatest[static_cast<std::size_t>(to)] =
          std::max(greatest[static_cast<std::size_t>(to)], x[static_cast<std::size_t>(i)]);
    }
    EXPECT_EQ(elements<float>(reduce(ReduceOp::sum, array<float>(shape, x), axes)), expected)
        << mask;
    EXPECT_EQ(elements<float>(reduce(ReduceOp::maximum, array<float>(shape, x), axes, true)),
              greatest)
        << mask;
  }
}

TEST(EvaluateReduce, SumsArePairwise) {
  // 2^24 ones and more: one accumulator in float would stop at 2^24.
  const std::int64_t count = (1 << 24) + 1000;
  const Value ones = full({count}, constant(DType::f32, 1));
  EXPECT_EQ(elements<float>(reduce(ReduceOp::sum, ones, Dims{0}))[0], static_cast<float>(count));
  const Value columns = full({1 << 16, 3}, constant(DType::f32, 0.1));
  for (float sum : elements<float>(reduce(ReduceOp::sum, columns, Dims{0})))
    EXPECT_NEAR(sum, 6553.6, 0.002);
}

TEST(EvaluateReduce, SixteenBitSumsRoundOnce) {
  const Value ones = full({1000}, constant(DType::bf16, 1));
  EXPECT_EQ(elements<BFloat16>(reduce(ReduceOp::sum, ones, Dims{0})), Floats{1000});
  const Value halves = full({3, 3000}, constant(DType::f16, 1));
  EXPECT_EQ(elements<Half>(reduce(ReduceOp::sum, halves, Dims{1})), (Floats{3000, 3000, 3000}));
}

TEST(EvaluateReduce, OtherOperations) {
  const Value x = array<float>({2, 3}, {1, nan, 3, 4, -5, 6});
  const auto over = [&](ReduceOp op, std::int64_t axis) {
    return elements<float>(reduce(op, x, Dims{axis}));
  };
  EXPECT_TRUE(std::isnan(over(ReduceOp::maximum, 1)[0]));
  EXPECT_TRUE(std::isnan(over(ReduceOp::minimum, 0)[1]));
  EXPECT_EQ(over(ReduceOp::maximum, 1)[1], 6);
  EXPECT_EQ(over(ReduceOp::minimum, 1)[1], -5);
  EXPECT_EQ(over(ReduceOp::product, 1)[1], -120);
  EXPECT_EQ(elements<std::int8_t>(reduce(ReduceOp::sum, list<std::int8_t>({100, 100}), Dims{0})),
            std::vector<std::int8_t>{-56});
  const Value bools = array<bool>({2, 2}, {true, false, false, false});
  EXPECT_EQ(elements<bool>(reduce(ReduceOp::any, bools, Dims{1})),
            (std::vector<bool>{true, false}));
  EXPECT_EQ(elements<bool>(reduce(ReduceOp::all, bools, Dims{0})),
            (std::vector<bool>{false, false}));
}

TEST(EvaluateReduce, AnEmptyReductionGivesTheIdentity) {
  const auto empty = [](ReduceOp op) {
    return elements<float>(reduce(op, array<float>({2, 0}, {}), Dims{1}));
  };
  EXPECT_EQ(empty(ReduceOp::sum), (Floats{0, 0}));
  EXPECT_EQ(empty(ReduceOp::product), (Floats{1, 1}));
  EXPECT_EQ(empty(ReduceOp::maximum), (Floats{-inf, -inf}));
  EXPECT_EQ(empty(ReduceOp::minimum), (Floats{inf, inf}));
  EXPECT_EQ(elements<std::int32_t>(reduce(ReduceOp::maximum, list<std::int32_t>({}), Dims{0})),
            std::vector<std::int32_t>{INT32_MIN});
  EXPECT_EQ(elements<bool>(reduce(ReduceOp::all, list<bool>({}), Dims{0})),
            std::vector<bool>{true});
  EXPECT_EQ(elements<Half>(reduce(ReduceOp::maximum, list<Half>({}), Dims{0})), Floats{-inf});
  EXPECT_EQ(elements<float>(reduce(ReduceOp::sum, array<float>({0, 3}, {}), Dims{1})), Floats());
}

TEST(EvaluateArgReduce, GivesTheFirstExtreme) {
  const Value x = array<float>({2, 4}, {1, 3, 3, 0, -1, -4, 2, -4});
  EXPECT_EQ(elements<std::int32_t>(arg_reduce(ReduceOp::maximum, x, 1, DType::i32)),
            (std::vector<std::int32_t>{1, 2}));
  EXPECT_EQ(elements<std::int64_t>(arg_reduce(ReduceOp::minimum, x, -1, DType::i64)),
            (std::vector<std::int64_t>{3, 1}));
  EXPECT_EQ(elements<std::int64_t>(arg_reduce(ReduceOp::maximum, x, 0, DType::i64)),
            (std::vector<std::int64_t>{0, 0, 0, 0}));
}

TEST(EvaluateArgReduce, NanIsNoExtremeAsOnTensorFlowsCpu) {
  const auto arg_max = [](const Floats& x) {
    return elements<std::int32_t>(arg_reduce(ReduceOp::maximum, list<float>(x), 0, DType::i32))[0];
  };
  EXPECT_EQ(arg_max({nan, 1, 2}), 2);
  EXPECT_EQ(arg_max({1, nan, 0.5f}), 0);
  EXPECT_EQ(arg_max({nan, nan}), 0);
  EXPECT_EQ(arg_max({-inf, -inf}), 0);
}

TEST(EvaluateScan, RunsEitherWay) {
  const Value x = array<float>({2, 3}, {1, 2, 3, 4, 5, 6});
  const auto sum = [&](int axis, bool exclusive, bool reverse) {
    return elements<float>(scan(ReduceOp::sum, x, axis, exclusive, reverse));
  };
  EXPECT_EQ(sum(1, false, false), (Floats{1, 3, 6, 4, 9, 15}));
  EXPECT_EQ(sum(1, true, false), (Floats{0, 1, 3, 0, 4, 9}));
  EXPECT_EQ(sum(1, false, true), (Floats{6, 5, 3, 15, 11, 6}));
  EXPECT_EQ(sum(-1, true, true), (Floats{5, 3, 0, 11, 6, 0}));
  EXPECT_EQ(sum(0, false, false), (Floats{1, 2, 3, 5, 7, 9}));
  EXPECT_EQ(elements<float>(scan(ReduceOp::product, x, 1, true, false)),
            (Floats{1, 1, 2, 1, 4, 20}));
  const Value y = list<std::int32_t>({3, 1, 4, 1});
  EXPECT_EQ(elements<std::int32_t>(scan(ReduceOp::maximum, y, 0, false, false)),
            (std::vector<std::int32_t>{3, 3, 4, 4}));
  EXPECT_EQ(elements<std::int32_t>(scan(ReduceOp::minimum, y, 0, true, false)),
            (std::vector<std::int32_t>{INT32_MAX, 3, 1, 1}));
  EXPECT_EQ(elements<BFloat16>(
                scan(ReduceOp::sum, full({300}, constant(DType::bf16, 1)), 0, false, false))[299],
            300);
}

}  // namespace
}  // namespace evergpu::ir
