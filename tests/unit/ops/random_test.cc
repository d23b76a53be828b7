// Expected numbers come from TensorFlow 2.22's CPU kernels, for the seed (1, -2).
#include "ops/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::DType;
using ir::Shape;
using testing::array;
using testing::expect_array;
using testing::expect_failure;
using testing::numbers;

PhiloxState seeded(DType dtype = DType::i32) {
  return philox_state_of_seed(array({2}, {1, -2}, dtype));
}

// Without a way through double, which does not hold every u64.
std::vector<std::uint64_t> words(const ir::Value& value) {
  const ir::Value halves = ir::bitcast(value, DType::u32);
  const std::vector<double> parts = numbers(halves);
  std::vector<std::uint64_t> result;
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2)
    result.push_back(static_cast<std::uint64_t>(parts[i]) +
                     (static_cast<std::uint64_t>(parts[i + 1]) << 32));
  return result;
}

TEST(Random, SeedsAreScrambled) {
  for (const DType dtype : {DType::i32, DType::i64}) {
    EXPECT_EQ(words(seeded(dtype).key), (std::vector<std::uint64_t>{0x58dcd6b2c524fe74}));
    EXPECT_EQ(words(seeded(dtype).counter), (std::vector<std::uint64_t>{0, 0x13e140c550fb8d48}));
  }
  expect_failure(philox_state_of_seed(array({3}, {1, 2, 3}, DType::i32)).key,
                 "seed must have shape [2], not [3]");
}

TEST(Random, UniformBits) {
  expect_array(random_uniform(DType::f32, {3}, seeded()), {3},
               {0.7476804256439209, 0.7566256523132324, 0.8433103561401367}, 0);
  expect_array(random_uniform(DType::f16, {3}, seeded()), {3}, {0.998046875, 0.27734375, 0.3984375},
               0);
  expect_array(random_uniform(DType::bf16, {3}, seeded()), {3}, {0.984375, 0.21875, 0.1875}, 0);
  expect_array(random_uniform(DType::f64, {3}, seeded()), {3},
               {0.9814439802553983, 0.7464831289745613, 0.6701934653369275}, 1e-15);
}

TEST(Random, Integers) {
  expect_array(random_integers(DType::i32, {4}, seeded(), -5, 100), {4}, {48, 40, 89, -3}, 0);
  const std::int64_t bound = std::int64_t{1} << 62;
  EXPECT_EQ(words(random_integers(DType::i64, {2}, seeded(), -bound, bound)),
            (std::vector<std::uint64_t>{static_cast<std::uint64_t>(-2710928261052910594),
                                        801467306531877272}));
  expect_array(random_bits(DType::u32, {2}, seeded()), {2}, {341816318, 2590038300}, 0);
  expect_array(random_bits(DType::i32, {2}, seeded()), {2}, {341816318, -1704928996}, 0);
  expect_failure(random_integers(DType::i32, {4}, seeded(), 3, 3),
                 "Need minval < maxval, got 3 >= 3");
}

TEST(Random, NormalToRounding) {
  expect_array(random_normal(DType::f32, {3}, seeded()), {3},
               {-0.7619395852088928, 0.03173809498548508, 0.5835484266281128}, 1e-6);
  expect_array(random_normal(DType::f64, {3}, seeded()), {3},
               {-0.19350037879936857, -0.0042765034232019475, 0.4648865789618347}, 1e-14);
  expect_array(random_normal(DType::bf16, {3}, seeded()), {3},
               {-0.76171875, 0.03173828125, 0.58203125}, 1e-3);
}

TEST(Random, TruncatedNormalDrawsAgain) {
  expect_array(random_truncated_normal(DType::f64, {5}, seeded()), {5},
               {-0.19350037879936857, -0.0042765034232019475, -0.5547910671857069,
                0.1132467005100975, 1.5081823175963789},
               1e-14);
  const std::vector<double> drawn = numbers(random_truncated_normal(DType::f32, {5000}, seeded()));
  EXPECT_TRUE(std::all_of(drawn.begin(), drawn.end(), [](double x) { return std::abs(x) < 2; }));
}

TEST(Random, StatefulStreams) {
  expect_array(random_uniform(DType::f32, {3}, philox_state(5, 0, 9)), {3},
               {0.8590066432952881, 0.2115098237991333, 0.17018115520477295}, 0);
}

TEST(Random, StateFromOutside) {
  const ir::Value key = array({1}, {1}, DType::u64);
  EXPECT_TRUE(checked_philox_state(key, array({4}, {1, 2, 3, 4}, DType::u64)).ok());
  EXPECT_FALSE(checked_philox_state(key, array({1}, {1}, DType::u64)).ok());
  EXPECT_FALSE(checked_philox_state(array({2}, {1, 2}, DType::u64), key).ok());
}

TEST(Random, SkippingCarries) {
  expect_array(skip_blocks(array({3}, {-1, 5, 7}, DType::i64), 3), {3}, {2, 6, 7}, 0);
  expect_array(skip_blocks(array({3}, {1, 5, 7}, DType::i64), 3), {3}, {4, 5, 7}, 0);
  expect_failure(skip_blocks(array({2}, {1, 5}, DType::i64), 3), "int64 of shape [3]");
}

}  // namespace
}  // namespace evergpu::ops
