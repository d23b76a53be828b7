#include "ops/loss.h"

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::DType;
using ir::Value;
using testing::array;
using testing::expect_array;
using testing::expect_failure;
using testing::nan;

TEST(Softmax, SumsToOneAndDoesNotOverflow) {
  const double e = std::exp(1.0);
  expect_array(softmax(array({2, 2}, {0, 1, 1000, 1001})), {2, 2},
               {1 / (1 + e), e / (1 + e), 1 / (1 + e), e / (1 + e)});
  expect_array(log_softmax(array({2, 2}, {0, 1, 0, 1000})), {2, 2},
               {-std::log(1 + e), 1 - std::log(1 + e), -1000, 0}, 1e-4);
}

TEST(Softmax, HalvesAreComputedWide) {
  // exp(-9) is 1.2e-4 of 4096 equal classes: in f16 the sum would stop growing at 2048.
  const Value x = array({1, 4096}, std::vector<double>(4096, 0), DType::f16);
  expect_array(log_softmax(x), {1, 4096}, std::vector<double>(4096, -std::log(4096.0)), 4e-3);
}

TEST(CrossEntropy, ByHand) {
  const double e = std::exp(1.0);
  const double p = e / (1 + e);
  const LossAndGradient dense =
      softmax_cross_entropy(array({2, 2}, {0, 1, 1, 0}), array({2, 2}, {0.25, 0.75, 1, 0}));
  expect_array(dense.loss, {2}, {-0.25 * std::log(1 - p) - 0.75 * std::log(p), -std::log(p)});
  expect_array(dense.gradient, {2, 2}, {1 - p - 0.25, p - 0.75, p - 1, 1 - p});
}

TEST(CrossEntropy, OperandsBroadcast) {
  const LossAndGradient one =
      softmax_cross_entropy(array({1, 2}, {0, 0}), array({3, 2}, {1, 0, 0, 1, 0.5, 0.5}));
  expect_array(one.loss, {3}, {std::log(2.0), std::log(2.0), std::log(2.0)});
  expect_array(one.gradient, {3, 2}, {-0.5, 0.5, 0.5, -0.5, 0, 0});
  expect_failure(softmax_cross_entropy(array({1, 2}, {0, 0}), array({1, 3}, {1, 0, 0})).loss,
                 "logits and labels must be broadcastable: logits_size=[1,2] labels_size=[1,3]");
}

TEST(CrossEntropy, SparseEqualsDense) {
  const Value x = array({2, 3}, {1, 2, 3, -1, 0, 5});
  const LossAndGradient dense = softmax_cross_entropy(x, array({2, 3}, {0, 0, 1, 0, 1, 0}));
  const LossAndGradient sparse = sparse_softmax_cross_entropy(x, array({2}, {2, 1}, DType::i64));
  expect_array(sparse.loss, {2}, testing::numbers(dense.loss));
  expect_array(sparse.gradient, {2, 3}, testing::numbers(dense.gradient));
}

TEST(CrossEntropy, BadLabelsGiveNaNInTheirRows) {
  const LossAndGradient sparse = sparse_softmax_cross_entropy(array({3, 2}, {0, 0, 0, 0, 0, 0}),
                                                              array({3}, {2, 0, -1}, DType::i32));
  expect_array(sparse.loss, {3}, {nan, std::log(2.0), nan});
  expect_array(sparse.gradient, {3, 2}, {nan, nan, -0.5, 0.5, nan, nan});
}

}  // namespace
}  // namespace evergpu::ops
