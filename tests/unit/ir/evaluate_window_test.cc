// Windows and their gradients.
#include <cmath>

#include "ir/arrays.h"

namespace evergpu::ir {
namespace {

using Floats = std::vector<float>;

TEST(EvaluateWindow, PaddingTakesNoPart) {
  const Value x = list<float>({-1, -2, -3, -4});
  const Window maximum{ReduceOp::maximum, {2}, {2}, {1}, {1}};
  EXPECT_EQ(elements<float>(window_reduce(x, maximum)), (Floats{-1, -2, -4}));
  const Window sum{ReduceOp::sum, {2}, {2}, {1}, {1}};
  EXPECT_EQ(elements<float>(window_reduce(x, sum)), (Floats{-1, -5, -4}));
  // A window that meets no element.
  const Window outside{ReduceOp::maximum, {1}, {1}, {1}, {0}};
  EXPECT_EQ(elements<float>(window_reduce(list<float>({5}), outside)), (Floats{-inf, 5}));
}

TEST(EvaluateWindow, TwoAxesOfFour) {
  // [1, 3, 3, 2], channels last.
  const Value x =
      array<float>({1, 3, 3, 2}, {0, 9, 1, 8, 2, 7, 3, 6, 4, 5, 5, 4, 6, 3, 7, 2, 8, 1});
  const Window window{ReduceOp::maximum, {1, 2, 2, 1}, {1, 1, 1, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}};
  EXPECT_EQ(elements<float>(window_reduce(x, window)), (Floats{4, 9, 5, 8, 7, 6, 8, 5}));
  Window sum = window;
  sum.op = ReduceOp::sum;
  EXPECT_EQ(elements<float>(window_reduce(x, sum)), (Floats{8, 28, 12, 24, 20, 16, 24, 12}));
}

TEST(EvaluateWindow, NanPropagatesAndDtypesRound) {
  const Window maximum{ReduceOp::maximum, {2}, {1}, {0}, {0}};
  const Floats result = elements<float>(window_reduce(list<float>({1, nan, 2, 3}), maximum));
  EXPECT_TRUE(std::isnan(result[0]) && std::isnan(result[1]));
  EXPECT_EQ(result[2], 3);
  const Window sum{ReduceOp::sum, {3}, {3}, {0}, {0}};
  // In bfloat16 one after the other: 256 + 1 + 1 = 256.
  EXPECT_EQ(elements<BFloat16>(window_reduce(list<BFloat16>({256, 1, 1}), sum)), Floats{258});
  EXPECT_EQ(elements<std::int8_t>(window_reduce(list<std::int8_t>({100, 27, 1}), sum)),
            std::vector<std::int8_t>{-128});
}

TEST(EvaluateWindowGradient, OfASumSpreads) {
  const Window window{ReduceOp::sum, {3}, {2}, {1}, {0}};
  const Value x = list<float>({0, 0, 0, 0});
  // Windows: {0, 1}, {1, 2, 3}.
  EXPECT_EQ(elements<float>(window_gradient(x, list<float>({10, 1}), window)),
            (Floats{10, 11, 1, 1}));
  EXPECT_EQ(window_gradient(x, list<float>({10, 1}), window)->operands().size(), 1u);
}

TEST(EvaluateWindowGradient, OfAMaximumGoesToTheFirst) {
  // TensorFlow 2.22 on CPU: gradient of max_pool2d, 2x2 windows.
  const Value x = array<float>({4, 4}, {1, nan, 2, 3, 4, 4, nan, nan, 1, 1, 1, 1, 2, 0, 2, 0});
  const Window window{ReduceOp::maximum, {2, 2}, {2, 2}, {0, 0}, {0, 0}};
  EXPECT_EQ(elements<float>(window_gradient(x, array<float>({2, 2}, {1, 2, 3, 4}), window)),
            (Floats{0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 4, 0}));
}

TEST(EvaluateWindowGradient, OverlappingWindowsAddUp) {
  const Window window{ReduceOp::maximum, {3}, {1}, {1}, {1}};
  EXPECT_EQ(
      elements<float>(window_gradient(list<float>({1, 5, 2}), list<float>({1, 10, 100}), window)),
      (Floats{0, 111, 0}));
  // Padding gets nothing, whatever the sign of x.
  EXPECT_EQ(elements<float>(
                window_gradient(list<float>({-1, -5, -inf}), list<float>({1, 10, 100}), window)),
            (Floats{11, 100, 0}));
}

}  // namespace
}  // namespace evergpu::ir
