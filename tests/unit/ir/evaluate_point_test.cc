// What the interpreter computes element by element.
#include <cmath>

#include "ir/arrays.h"
#include "ir/special_functions.h"

namespace evergpu::ir {
namespace {

/// Equal bit for bit, but that any NaN equals any other.
template <typename T>
void expect_equal(const std::vector<T>& actual, const std::vector<T>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(expected[i])) {
        EXPECT_TRUE(std::isnan(actual[i])) << "element " << i << " is " << actual[i];
        continue;
      }
      EXPECT_EQ(std::signbit(actual[i]), std::signbit(expected[i])) << "element " << i;
    }
    EXPECT_EQ(actual[i], expected[i]) << "element " << i;
  }
}

template <typename T>
void expect_unary(UnaryOp op, const std::vector<Compute<T>>& x,
                  const std::vector<Compute<T>>& expected) {
  SCOPED_TRACE(name_of(op));
  expect_equal(elements<T>(unary(op, list<T>(x))), expected);
}
template <typename T>
void expect_binary(BinaryOp op, const std::vector<Compute<T>>& x, const std::vector<Compute<T>>& y,
                   const std::vector<Compute<T>>& expected) {
  SCOPED_TRACE(name_of(op));
  expect_equal(elements<T>(binary(op, list<T>(x), list<T>(y))), expected);
}

TEST(EvaluateUnary, SimpleFunctionsOfFloats) {
  expect_unary<float>(UnaryOp::negate, {1, -2, 0, nan}, {-1, 2, -0.0f, nan});
  expect_unary<float>(UnaryOp::absolute, {1, -2, -0.0f, -inf}, {1, 2, 0, inf});
  expect_unary<float>(UnaryOp::sign, {3, -2, 0, -0.0f, nan, inf}, {1, -1, 0, -0.0f, nan, 1});
  expect_unary<float>(UnaryOp::square, {3, -2}, {9, 4});
  expect_unary<float>(UnaryOp::floor, {1.5f, -1.5f, -0.0f, 2}, {1, -2, -0.0f, 2});
  expect_unary<float>(UnaryOp::ceil, {1.5f, -1.5f, -0.5f}, {2, -1, -0.0f});
  expect_unary<float>(UnaryOp::truncate, {1.5f, -1.5f, -0.5f}, {1, -1, -0.0f});
  expect_unary<float>(UnaryOp::round_even,
                      {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 0.49999997f, 8388609, -3e9f, inf, nan},
                      {0, 2, 2, -0.0f, -2, 0, 8388609, -3e9f, inf, nan});
  expect_unary<double>(UnaryOp::round_even, {4503599627370495.5, -2.5, 1e300},
                       {4503599627370496.0, -2, 1e300});
  expect_unary<float>(UnaryOp::sqrt, {4, 0, -1}, {2, 0, nan});
  expect_unary<float>(UnaryOp::rsqrt, {4, 0, inf}, {0.5f, inf, 0});
  expect_unary<float>(UnaryOp::reciprocal, {4, 0, -inf}, {0.25f, inf, -0.0f});
}

TEST(EvaluateUnary, TranscendentalFunctionsOfDoubles) {
  const struct {
    UnaryOp op;
    double x;
    double expected;  // from tables
  } cases[] = {
      {UnaryOp::exp, 1, 2.718281828459045},
      {UnaryOp::expm1, 1e-10, 1.00000000005e-10},
      {UnaryOp::log, 2, 0.6931471805599453},
      {UnaryOp::log1p, 1e-10, 9.9999999995e-11},
      {UnaryOp::sin, 1, 0.8414709848078965},
      {UnaryOp::cos, 1, 0.5403023058681398},
      {UnaryOp::tan, 1, 1.5574077246549023},
      {UnaryOp::asin, 0.5, 0.5235987755982989},
      {UnaryOp::acos, 0.5, 1.0471975511965979},
      {UnaryOp::atan, 1, 0.7853981633974483},
      {UnaryOp::sinh, 1, 1.1752011936438014},
      {UnaryOp::cosh, 1, 1.5430806348152437},
      {UnaryOp::tanh, 1, 0.7615941559557649},
      {UnaryOp::asinh, 1, 0.881373587019543},
      {UnaryOp::acosh, 2, 1.3169578969248166},
      {UnaryOp::atanh, 0.5, 0.5493061443340549},
      {UnaryOp::sigmoid, 1, 0.7310585786300049},
      {UnaryOp::softplus, 0, 0.6931471805599453},
      {UnaryOp::erf, 1, 0.8427007929497149},
      {UnaryOp::erfc, 1, 0.15729920705028513},
      {UnaryOp::erf_inverse, 0.5, 0.4769362762044699},
      {UnaryOp::log_gamma, 2.5, 0.2846828704729192},
      {UnaryOp::digamma, 1, -0.5772156649015329},
  };
  for (const auto& c : cases) {
    EXPECT_NEAR(elements<double>(unary(c.op, list<double>({c.x})))[0], c.expected,
                1e-15 * std::abs(c.expected))
        << name_of(c.op);
    EXPECT_NEAR(elements<float>(unary(c.op, list<float>({static_cast<float>(c.x)})))[0], c.expected,
                2e-7 * std::abs(c.expected))
        << name_of(c.op);
  }
}

TEST(EvaluateUnary, StableAtTheEnds) {
  expect_unary<float>(UnaryOp::sigmoid, {200, -200, inf, -inf, nan}, {1, 0, 1, 0, nan});
  EXPECT_GT(elements<float>(unary(UnaryOp::sigmoid, list<float>({-80})))[0], 0);
  expect_unary<float>(UnaryOp::softplus, {200, -200, inf, -inf, nan}, {200, 0, inf, 0, nan});
  expect_unary<float>(UnaryOp::erf_inverse, {0, -0.0f, 1, -1, 2, nan},
                      {0, -0.0f, inf, -inf, nan, nan});
  expect_unary<float>(UnaryOp::log_gamma, {1, 0, -1, inf, -inf, nan}, {0, inf, inf, inf, inf, nan});
  expect_unary<float>(UnaryOp::digamma, {0, -1, inf, -inf, nan}, {-inf, nan, inf, nan, nan});
}

TEST(EvaluateUnary, Integers) {
  expect_unary<std::int8_t>(UnaryOp::negate, {1, -128}, {-1, -128});
  expect_unary<std::int32_t>(UnaryOp::absolute, {-3, INT32_MIN}, {3, INT32_MIN});
  expect_unary<std::uint8_t>(UnaryOp::negate, {1, 0}, {255, 0});
  expect_unary<std::int64_t>(UnaryOp::sign, {-3, 0, INT64_MAX}, {-1, 0, 1});
  expect_unary<std::uint16_t>(UnaryOp::square, {3, 65535}, {9, 1});
  expect_unary<std::uint16_t>(UnaryOp::bitwise_not, {3}, {65532});
  expect_unary<std::int32_t>(UnaryOp::reciprocal, {1, -1, 2, 0}, {1, -1, 0, -1});
  expect_unary<bool>(UnaryOp::logical_not, {true, false}, {false, true});
}

TEST(EvaluateUnary, ClassificationsGiveBool) {
  const Value x = list<Half>({1, nan, inf, -inf, 65504});
  expect_equal(elements<bool>(unary(UnaryOp::is_nan, x)),
               std::vector<bool>{false, true, false, false, false});
  expect_equal(elements<bool>(unary(UnaryOp::is_infinite, x)),
               std::vector<bool>{false, false, true, true, false});
  expect_equal(elements<bool>(unary(UnaryOp::is_finite, x)),
               std::vector<bool>{true, false, false, false, true});
}

TEST(EvaluateUnary, SixteenBitFloatsRoundOnce) {
  // exp in float, then one rounding: 2.7182817 lies between 2.71875 and 2.703125 in bfloat16.
  expect_unary<BFloat16>(UnaryOp::exp, {1}, {2.71875f});
  expect_unary<Half>(UnaryOp::exp, {1, 12}, {2.71875f, inf});
  // 1/3 in half.
  expect_unary<Half>(UnaryOp::reciprocal, {3}, {0.333251953125f});
}

TEST(SpecialFunctions, DigammaMatchesTables) {
  const double table[][2] = {
      {0.001, -1000.5755719318103}, {0.1, -10.423754940411076},     {0.5, -1.9635100260214235},
      {1.4, -0.061384544585116239}, {2.5, 0.70315664064524319},     {9.99, 2.2507003728312012},
      {10, 2.2517525890667209},     {100, 4.6001618527380881},      {1e6, 13.81551005796419},
      {-0.5, 0.036489973978576513}, {-1.5, 0.70315664064524341},    {-0.1, 9.2450730500529499},
      {-7.3, 4.3373073055100502},   {-20.999, -996.92861359294867}, {-1e-20, 1e20}};
  for (const auto& [x, expected] : table)
    EXPECT_NEAR(digamma(x), expected, 1e-14 * std::max(1.0, std::abs(expected))) << x;
}

TEST(SpecialFunctions, ErfInverseIsTheInverse) {
  const double table[][2] = {{1e-300, 8.8622692545275799e-301},  {0.1, 0.088855990494257686},
                             {0.85, 1.0179024648320276},         {0.999, 2.3267537655135242},
                             {-0.99999999, -4.0522372432687632}, {1 - 0x1p-53, 5.8635847487551676}};
  for (const auto& [x, expected] : table)
    EXPECT_NEAR(erf_inverse(x), expected, 1e-15 * std::abs(expected)) << x;
  for (int i = -999; i < 1000; ++i)
    EXPECT_NEAR(std::erf(erf_inverse(i / 1000.0)), i / 1000.0, 4e-16) << i;
}

TEST(EvaluateBinary, ArithmeticOfFloats) {
  expect_binary<float>(BinaryOp::add, {1, inf, inf}, {2, 1, -inf}, {3, inf, nan});
  expect_binary<float>(BinaryOp::subtract, {1}, {2}, {-1});
  expect_binary<float>(BinaryOp::multiply, {3, inf}, {-2, 0}, {-6, nan});
  expect_binary<float>(BinaryOp::divide, {1, 0, -1}, {0, 0, 4}, {inf, nan, -0.25f});
  expect_binary<float>(BinaryOp::floor_divide, {5, -5, 1, 0}, {3, 3, 0, 0}, {1, -2, inf, nan});
  expect_binary<float>(BinaryOp::floor_modulo, {5, -5, 5, -5, 1, -1, inf, 3, 0, -0.0f},
                       {3, 3, -3, -3, inf, inf, 1, 0, -1, 1},
                       {2, 1, -1, -2, 1, inf, nan, nan, 0, -0.0f});
  expect_binary<float>(BinaryOp::truncate_modulo, {5, -5, 5, -5}, {3, 3, -3, -3}, {2, -2, 2, -2});
  expect_binary<float>(BinaryOp::power, {2, -2, 0, nan, 4}, {10, 3, 0, 0, -0.5f},
                       {1024, -8, 1, 1, 0.5f});
  expect_binary<float>(BinaryOp::atan2, {1, 0, -0.0f}, {0, -1, -1},
                       {1.5707964f, 3.1415927f, -3.1415927f});
  expect_binary<float>(BinaryOp::maximum, {1, nan, 1, -inf}, {2, 1, nan, inf}, {2, nan, nan, inf});
  expect_binary<float>(BinaryOp::minimum, {1, nan, 1, -inf}, {2, 1, nan, inf}, {1, nan, nan, -inf});
}

TEST(EvaluateBinary, IntegersWrapAndNeverTrap) {
  expect_binary<std::int32_t>(BinaryOp::add, {INT32_MAX}, {1}, {INT32_MIN});
  expect_binary<std::int8_t>(BinaryOp::subtract, {-128}, {1}, {127});
  expect_binary<std::uint16_t>(BinaryOp::multiply, {65535}, {65535}, {1});
  expect_binary<std::int64_t>(BinaryOp::multiply, {INT64_MIN}, {-1}, {INT64_MIN});
  expect_binary<std::int32_t>(BinaryOp::divide, {7, -7, INT32_MIN, 5}, {2, 2, -1, 0},
                              {3, -3, INT32_MIN, -1});
  expect_binary<std::uint8_t>(BinaryOp::divide, {7, 200}, {2, 0}, {3, 255});
  expect_binary<std::uint64_t>(BinaryOp::divide, {UINT64_MAX, 3}, {UINT64_MAX, 2}, {1, 1});
  expect_binary<std::int32_t>(BinaryOp::floor_divide, {7, -7, 7, -7, 6, INT32_MIN, 5},
                              {2, 2, -2, -2, -2, -1, 0}, {3, -4, -4, 3, -3, INT32_MIN, -1});
  expect_binary<std::int32_t>(BinaryOp::floor_modulo, {7, -7, 7, -7, 6, INT32_MIN, 5},
                              {2, 2, -2, -2, -2, -1, 0}, {1, 1, -1, -1, 0, 0, -1});
  expect_binary<std::int64_t>(BinaryOp::truncate_modulo, {7, -7, INT64_MIN, 5}, {-2, 2, -1, 0},
                              {1, -1, 0, -1});
  expect_binary<std::int32_t>(BinaryOp::power, {2, -3, 0, 1, -1, -1, 2, 0, 3},
                              {31, 3, 0, -5, -3, -2, -1, -1, 40},
                              {INT32_MIN, -27, 1, 1, -1, 1, 0, 0,
                               static_cast<std::int32_t>(12157665459056928801ull & 0xffffffff)});
  expect_binary<std::uint8_t>(BinaryOp::maximum, {1, 200}, {2, 100}, {2, 200});
  expect_binary<std::int8_t>(BinaryOp::minimum, {1, -100}, {2, 100}, {1, -100});
}

TEST(EvaluateBinary, Bits) {
  expect_binary<std::uint8_t>(BinaryOp::bit_and, {12}, {10}, {8});
  expect_binary<std::int32_t>(BinaryOp::bit_or, {12}, {-16}, {-4});
  expect_binary<std::int64_t>(BinaryOp::bit_xor, {12}, {10}, {6});
  expect_binary<bool>(BinaryOp::bit_xor, {true, true}, {true, false}, {false, true});
  expect_binary<std::int8_t>(BinaryOp::shift_left, {1, 1, 1}, {7, 9, -1}, {-128, -128, 1});
  expect_binary<std::int8_t>(BinaryOp::shift_right, {-128, 64, 64}, {9, 9, -1}, {-1, 0, 64});
  expect_binary<std::uint64_t>(BinaryOp::shift_right, {UINT64_MAX}, {100}, {1});
  expect_binary<std::uint8_t>(BinaryOp::shift_right, {200}, {3}, {25});
}

TEST(EvaluateBinary, ComparisonsGiveBool) {
  const Value x = list<float>({1, 2, nan, -0.0f});
  const Value y = list<float>({2, 2, nan, 0});
  const auto compare = [&](BinaryOp op) { return elements<bool>(binary(op, x, y)); };
  EXPECT_EQ(compare(BinaryOp::equal), (std::vector<bool>{false, true, false, true}));
  EXPECT_EQ(compare(BinaryOp::not_equal), (std::vector<bool>{true, false, true, false}));
  EXPECT_EQ(compare(BinaryOp::less), (std::vector<bool>{true, false, false, false}));
  EXPECT_EQ(compare(BinaryOp::less_equal), (std::vector<bool>{true, true, false, true}));
  EXPECT_EQ(compare(BinaryOp::greater), (std::vector<bool>{false, false, false, false}));
  EXPECT_EQ(compare(BinaryOp::greater_equal), (std::vector<bool>{false, true, false, true}));
  EXPECT_EQ(elements<bool>(binary(BinaryOp::less, list<std::uint64_t>({1, UINT64_MAX}),
                                  list<std::uint64_t>({UINT64_MAX, 1}))),
            (std::vector<bool>{true, false}));
}

TEST(EvaluateBinary, SixteenBitFloatsRoundOnce) {
  expect_binary<BFloat16>(BinaryOp::add, {256, 258}, {1, 1}, {256, 260});
  expect_binary<Half>(BinaryOp::multiply, {65504, 3}, {2, 0.333251953125f}, {inf, 1});
}

TEST(EvaluateSelect, TakesEachElementFromEither) {
  expect_equal(elements<float>(select(list<bool>({true, false, true}), list<float>({1, 2, nan}),
                                      constant(DType::f32, 9))),
               {1, 9, nan});
}

TEST(EvaluateBitcast, KeepsTheBytes) {
  EXPECT_EQ(elements<std::uint32_t>(bitcast(list<float>({1, -2}), DType::u32)),
            (std::vector<std::uint32_t>{0x3f800000, 0xc0000000}));
  EXPECT_EQ(elements<std::uint8_t>(bitcast(list<std::uint16_t>({0x1234, 0xabcd}), DType::u8)),
            (std::vector<std::uint8_t>{0x34, 0x12, 0xcd, 0xab}));
  EXPECT_EQ(
      elements<std::int64_t>(bitcast(array<std::int32_t>({2, 2}, {1, 2, -1, -1}), DType::i64)),
      (std::vector<std::int64_t>{0x200000001, -1}));
}

}  // namespace
}  // namespace evergpu::ir
