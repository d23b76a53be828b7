// Element types: 16-bit floats against the definition of their formats, and conversions.
#include "ir/dtype.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ir/arrays.h"
#include "ir/convert.h"

namespace evergpu::ir {
namespace {

/// What a binary floating-point format says that non-negative finite bits mean.
double meaning(std::uint32_t bits, int mantissa_bits, int bias) {
  const auto mantissa = static_cast<double>(bits & ((1u << mantissa_bits) - 1));
  const int exponent = static_cast<int>(bits >> mantissa_bits);
  const double scale = std::ldexp(1.0, -mantissa_bits);
  return exponent == 0 ? std::ldexp(mantissa * scale, 1 - bias)
                       : std::ldexp(1 + mantissa * scale, exponent - bias);
}

/// Checks all finite values of a format, the midpoints between neighbours and what lies just beside
/// these, both signs.
template <typename T>
void check_format(int mantissa_bits, int bias, std::uint32_t infinity) {
  const auto value_of = [&](std::uint32_t bits) { return meaning(bits, mantissa_bits, bias); };
  const auto round = [](float x) { return bits_of(T(x)); };
  for (std::uint32_t bits = 0; bits < infinity; ++bits) {
    const auto exact = static_cast<float>(value_of(bits));
    ASSERT_EQ(static_cast<float>(from_bits<T>(bits)), exact) << bits;
    ASSERT_EQ(static_cast<float>(from_bits<T>(bits | 0x8000u)), -exact) << bits;
    ASSERT_EQ(round(exact), bits);
    ASSERT_EQ(round(-exact), bits | 0x8000u);
    // The neighbour of the greatest finite value is what its successor would be: infinity.
    const auto middle = static_cast<float>((value_of(bits) + value_of(bits + 1)) / 2);
    const std::uint32_t even = bits % 2 == 0 ? bits : bits + 1;
    if (!std::isfinite(middle)) continue;
    ASSERT_EQ(round(middle), even) << bits;
    ASSERT_EQ(round(-middle), even | 0x8000u) << bits;
    ASSERT_EQ(round(std::nextafter(middle, 0.0f)), bits);
    ASSERT_EQ(round(std::nextafter(middle, INFINITY)), bits + 1);
  }
  ASSERT_EQ(round(INFINITY), infinity);
  ASSERT_EQ(round(-INFINITY), infinity | 0x8000u);
  ASSERT_EQ(static_cast<float>(from_bits<T>(infinity)), INFINITY);
  for (std::uint32_t bits = infinity + 1; bits < 0x8000; ++bits) {
    const auto nan = static_cast<float>(from_bits<T>(bits));
    ASSERT_TRUE(std::isnan(nan)) << bits;
    ASSERT_TRUE(std::isnan(static_cast<float>(T(nan)))) << bits;
  }
}

TEST(Half, IsBinary16RoundedToNearestEven) { check_format<Half>(10, 15, 0x7c00); }
TEST(BFloat16, IsBfloat16RoundedToNearestEven) { check_format<BFloat16>(7, 127, 0x7f80); }

TEST(Half, ANanWhoseHighBitsAreZeroStaysNan) {
  EXPECT_TRUE(std::isnan(static_cast<float>(Half(std::bit_cast<float>(0x7f800001u)))));
  EXPECT_TRUE(std::isnan(static_cast<float>(BFloat16(std::bit_cast<float>(0x7f800001u)))));
}

TEST(DType, StorageTypesMatchTheirSizes) {
  for (DType dtype : all_dtypes)
    visit(dtype, [&]<typename T>(TypeTag<T>) {
      EXPECT_EQ(dtype_of<T>(), dtype);
      EXPECT_EQ(sizeof(T), size_of(dtype));
      EXPECT_EQ(is_floating<T>, is_float(dtype));
    });
  EXPECT_EQ(name_of(DType::bf16), "bf16");
  EXPECT_EQ(name_of(DType::boolean), "bool");
}

TEST(Convert, FloatToIntegerTruncatesAndSaturates) {
  EXPECT_EQ(convert<std::int32_t>(-1.9f), -1);
  EXPECT_EQ(convert<std::int32_t>(1e20f), INT32_MAX);
  EXPECT_EQ(convert<std::int32_t>(-1e20f), INT32_MIN);
  EXPECT_EQ(convert<std::int32_t>(2147483520.0f), 2147483520);
  EXPECT_EQ(convert<std::int32_t>(2147483648.0f), INT32_MAX);
  EXPECT_EQ(convert<std::int32_t>(static_cast<float>(NAN)), 0);
  EXPECT_EQ(convert<std::int64_t>(9223372036854775808.0), INT64_MAX);
  EXPECT_EQ(convert<std::int64_t>(9223372036854774784.0), 9223372036854774784);
  EXPECT_EQ(convert<std::uint64_t>(18446744073709551616.0), UINT64_MAX);
  EXPECT_EQ(convert<std::uint64_t>(9223372036854775808.0), std::uint64_t{1} << 63);
  EXPECT_EQ(convert<std::uint8_t>(-3.0f), 0);
  EXPECT_EQ(convert<std::uint8_t>(255.9f), 255);
  EXPECT_EQ(convert<std::int8_t>(-128.9f), -128);
  EXPECT_EQ(convert<std::int16_t>(Half(INFINITY)), INT16_MAX);
}

TEST(Convert, IntegersWrapAndBoolIsNotZero) {
  EXPECT_EQ(convert<std::int8_t>(std::int32_t{200}), -56);
  EXPECT_EQ(convert<std::uint32_t>(std::int64_t{-1}), UINT32_MAX);
  EXPECT_EQ(convert<bool>(0.1f), true);
  EXPECT_EQ(convert<bool>(-0.0f), false);
  EXPECT_EQ(convert<bool>(std::numeric_limits<double>::quiet_NaN()), true);
  EXPECT_EQ(convert<bool>(std::int32_t{256}), true);
  EXPECT_EQ(convert<float>(true), 1.0f);
  EXPECT_EQ(static_cast<float>(convert<BFloat16>(std::int32_t{257})), 256.0f);
  EXPECT_EQ(static_cast<float>(convert<Half>(65520.0)), INFINITY);
}

TEST(Convert, CastNodesConvertBetweenAllDtypes) {
  for (DType from : all_dtypes)
    for (DType to : all_dtypes) {
      const Value x = cast(list<std::int32_t>({0, 1}), from);
      EXPECT_EQ(elements<double>(cast(cast(x, to), DType::f64)), (std::vector<double>{0, 1}))
          << name_of(from) << " to " << name_of(to);
    }
}

}  // namespace
}  // namespace evergpu::ir
