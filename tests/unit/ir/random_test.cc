// Random bits and deviates: known answers of the paper's authors and of TensorFlow.
#include <cmath>

#include "ir/arrays.h"
#include "ir/philox.h"

namespace evergpu::ir {
namespace {

TEST(Philox, KnownAnswers) {
  // Random123 1.14, tests/kat_vectors, "philox4x32 10".
  EXPECT_EQ(philox_block({0, 0, 0, 0}, {0, 0}),
            (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(
      philox_block({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
      (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(
      philox_block({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
      (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, TheCounterHas128Bits) {
  const Value key = list<std::uint64_t>({0});
  const Value last = list<std::uint64_t>({UINT64_MAX, UINT64_MAX});
  const std::vector<std::uint32_t> words = elements<std::uint32_t>(philox(key, last, 6));
  // The block after the last is the first.
  EXPECT_EQ(words[4], 0x6627e8d5u);
  EXPECT_EQ(words[5], 0xe169c58du);
  const std::vector<std::uint32_t> carried =
      elements<std::uint32_t>(philox(key, list<std::uint64_t>({UINT64_MAX, 4}), 8));
  const std::vector<std::uint32_t> next =
      elements<std::uint32_t>(philox(key, list<std::uint64_t>({0, 5}), 4));
  EXPECT_TRUE(std::equal(next.begin(), next.end(), carried.begin() + 4));
}

// From TensorFlow 2.22 on CPU: raw_ops.StatelessRandomUniformFullIntV2 and
// StatelessTruncatedNormalV2, alg=1, with this key and counter.
const std::vector<std::uint64_t> key{0x123456789abcdef0};
const std::vector<std::uint64_t> counter{0xfffffffffffffff0, 5};

TEST(Philox, IsTensorFlows) {
  EXPECT_EQ(
      elements<std::uint32_t>(philox(list<std::uint64_t>(key), list<std::uint64_t>(counter), 6)),
      (std::vector<std::uint32_t>{2086978070, 2172206082, 3217975644, 2247621797, 479885530,
                                  855465050}));
}

/// Other mathematical libraries may differ in the last places of sine, cosine and logarithm.
template <typename T, std::size_t Count>
void expect_deviates(DType dtype, const std::pair<std::size_t, T> (&expected)[Count], T tolerance) {
  const std::vector<T> actual = elements<T>(
      truncated_normal(dtype, list<std::uint64_t>(key), list<std::uint64_t>(counter), 4000));
  for (const auto& [i, deviate] : expected) EXPECT_NEAR(actual[i], deviate, tolerance) << i;
  T sum = 0;
  for (T deviate : actual) {
    ASSERT_LT(std::abs(deviate), 2);
    sum += deviate * deviate;
  }
  EXPECT_NEAR(sum / 4000, 0.774, 0.04);  // the variance of the distribution
}

TEST(TruncatedNormal, IsTensorFlows) {
  expect_deviates<float>(DType::f32,
                         {{0, -0.225556821f},
                          {1, 0.65401721f},
                          {2, -0.379448295f},
                          {3, 0.914405167f},
                          {4, 1.40947866f},
                          {5, -1.66827011f},
                          {402, 1.40506017f},
                          {3999, 0.721055448f}},
                         1e-6f);
  expect_deviates<double>(DType::f64,
                          {{0, -0.90967655109277368},
                           {1, 1.2640987532618138},
                           {2, -0.23739919436969942},
                           {3, 0.77267110498820946},
                           {1001, 0.63682314427886955},
                           {3999, -0.8202791993508407}},
                          1e-14);
}

TEST(TruncatedNormal, APartIsThePrefix) {
  const auto draw = [](std::int64_t count) {
    return elements<float>(truncated_normal(DType::f32, list<std::uint64_t>(key),
                                            list<std::uint64_t>(counter), count));
  };
  const std::vector<float> many = draw(103);
  for (std::int64_t count : {0, 1, 3, 4, 6, 102}) {
    const std::vector<float> few = draw(count);
    ASSERT_EQ(few.size(), static_cast<std::size_t>(count));
    EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
  }
}

}  // namespace
}  // namespace evergpu::ir
