// Gather, scatter and sort.
#include <cmath>

#include "ir/arrays.h"

namespace evergpu::ir {
namespace {

using Floats = std::vector<float>;
using Ints = std::vector<std::int32_t>;

TEST(EvaluateGather, TakesRowsAndGivesZerosOutOfRange) {
  const Value params = array<float>({3, 2}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(elements<float>(gather(params, list<std::int32_t>({2, -1, 0, 3}), 0)),
            (Floats{5, 6, 0, 0, 1, 2, 0, 0}));
  EXPECT_EQ(elements<float>(gather(params, array<std::int64_t>({1, 2}, {1, 0}), 1)),
            (Floats{2, 1, 4, 3, 6, 5}));
  EXPECT_EQ(gather(params, array<std::int64_t>({1, 2}, {1, 0}), 1).shape(), (Shape{3, 1, 2}));
  EXPECT_EQ(elements<float>(gather(params, list<std::uint64_t>({UINT64_MAX, 1}), 0)),
            (Floats{0, 0, 3, 4}));
  EXPECT_EQ(elements<float>(gather(params, array<std::int32_t>({}, {1}), 0)), (Floats{3, 4}));
  EXPECT_EQ(elements<float>(gather(array<float>({0}, {}), list<std::int32_t>({0, 1}), 0)),
            (Floats{0, 0}));
}

TEST(EvaluateGather, PairsBatchAxes) {
  // params [2, 2, 3], indices [2, 2]: result [2, 2, 2], axis 2.
  const Value params = array<float>({2, 2, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  const Value indices = array<std::int32_t>({2, 2}, {2, 0, 1, 5});
  EXPECT_EQ(elements<float>(gather(params, indices, 2, 1)), (Floats{2, 0, 5, 3, 7, 0, 10, 0}));
  EXPECT_EQ(elements<float>(gather(params, indices, 2, 2)), (Floats{2, 3, 7, 0}));
}

TEST(EvaluateScatter, AppliesUpdatesInOrder) {
  const Value base = list<float>({1, 2, 3});
  const Value indices = list<std::int32_t>({2, 0, 2, -1, 3});
  const Value updates = list<float>({10, 20, 30, 40, 50});
  const auto result = [&](ScatterOp op) {
    return elements<float>(scatter(op, base, indices, updates));
  };
  EXPECT_EQ(result(ScatterOp::set), (Floats{20, 2, 30}));
  EXPECT_EQ(result(ScatterOp::add), (Floats{21, 2, 43}));
  EXPECT_EQ(result(ScatterOp::subtract), (Floats{-19, 2, -37}));
  EXPECT_EQ(result(ScatterOp::multiply), (Floats{20, 2, 900}));
  EXPECT_EQ(result(ScatterOp::maximum), (Floats{20, 2, 30}));
  EXPECT_EQ(result(ScatterOp::minimum), (Floats{1, 2, 3}));
}

TEST(EvaluateScatter, RowsDtypesAndEmptyUpdates) {
  const Value base = array<std::int8_t>({2, 2}, {100, 1, 2, 3});
  EXPECT_EQ(elements<std::int8_t>(scatter(ScatterOp::add, base, array<std::int64_t>({2, 1}, {0, 0}),
                                          array<std::int8_t>({2, 1, 2}, {20, 1, 20, 1}))),
            (std::vector<std::int8_t>{-116, 3, 2, 3}));
  EXPECT_EQ(elements<BFloat16>(scatter(ScatterOp::add, list<BFloat16>({256}),
                                       list<std::int32_t>({0, 0}), list<BFloat16>({1, 1}))),
            Floats{258});
  EXPECT_EQ(elements<bool>(scatter(ScatterOp::set, list<bool>({false, false}),
                                   list<std::int32_t>({1}), list<bool>({true}))),
            (std::vector<bool>{false, true}));
  EXPECT_EQ(elements<float>(scatter(ScatterOp::add, list<float>({1, 2}), list<std::int32_t>({}),
                                    list<float>({}))),
            (Floats{1, 2}));
}

TEST(EvaluateArgsort, IsStableBothWays) {
  const Value x = array<float>({2, 4}, {3, 1, 3, 2, 0, -0.0f, inf, -inf});
  EXPECT_EQ(elements<std::int32_t>(argsort(x, false)), (Ints{1, 3, 0, 2, 3, 0, 1, 2}));
  EXPECT_EQ(elements<std::int32_t>(argsort(x, true)), (Ints{0, 2, 3, 1, 2, 0, 1, 3}));
  EXPECT_EQ(elements<std::int32_t>(argsort(list<std::uint64_t>({1, UINT64_MAX, 0}), false)),
            (Ints{2, 0, 1}));
  EXPECT_EQ(elements<std::int32_t>(argsort(array<float>({2, 0}, {}), false)), Ints());
}

TEST(EvaluateArgsort, NanIsTheGreatest) {
  const Value x = list<float>({nan, 1, inf, nan, -1});
  EXPECT_EQ(elements<std::int32_t>(argsort(x, false)), (Ints{4, 1, 2, 0, 3}));
  EXPECT_EQ(elements<std::int32_t>(argsort(x, true)), (Ints{0, 3, 2, 1, 4}));
}

}  // namespace
}  // namespace evergpu::ir
