// How exact the generated functions of f64 are: over all magnitudes, where they are hard, and at
// the special values. Against glibc's long double, which has eleven more bits; Windows has none.
#include <bit>
#include <cmath>
#include <numbers>
#include <random>

#include "adapters/kernel_runner.h"
#include "adapters/loops.h"
#include "adapters/vulkan_test.h"
#include "ir/special_functions.h"

namespace evergpu::adapters {
namespace {

using compiler::Instruction;
using ir::BinaryOp;
using ir::DType;
using ir::Tensor;
using ir::UnaryOp;

using Exact = long double;
constexpr double inf64 = std::numeric_limits<double>::infinity();
constexpr Exact pi64 = std::numbers::pi_v<Exact>;

class VulkanMathF64 : public VulkanTest {};

// A step of Newton's method, from what is exact in f64.
Exact exact_erf_inverse(Exact x) {
  const Exact y = ir::erf_inverse(static_cast<double>(x));
  if (!std::isfinite(y)) return y;
  const Exact magnitude = std::abs(y);
  const Exact error = std::abs(x) > 0.5L ? (1 - std::abs(x)) - std::erfc(magnitude)
                                         : std::erf(magnitude) - std::abs(x);
  const Exact slope = 2 / std::sqrt(pi64) * std::exp(-y * y);
  return std::copysign(magnitude - error / slope, x);
}

// Recurrence up to 40, where eight terms of the asymptotic series are enough.
Exact exact_digamma(Exact x) {
  if (x == 0) return -inf64;
  // Taylor's series about the zero, where the sum below cancels.
  const Exact t = (x - 1.4616321449683622) - 9.549995429965697e-17L;
  if (std::abs(t) < 1e-3L) {
    return t * (0.9676722454476211704L +
                t * (-0.4427631689835921061L +
                     t * (0.2584997609556510106L +
                          t * (-0.1639427054424065275L + t * 0.1078240506912623658L))));
  }
  if (x < 0) {
    const Exact fraction = x - std::round(x);
    if (fraction == 0 || std::isinf(x)) return std::nan("");
    const Exact cotangent = std::abs(fraction) == 0.5L ? 0 : pi64 / std::tan(pi64 * fraction);
    return exact_digamma(1 - x) - cotangent;
  }
  Exact sum = 0;
  for (; x < 40; x += 1) sum -= 1 / x;
  if (std::isinf(x)) return x;
  const Exact terms[] = {1.0L / 12,  -1.0L / 120,     1.0L / 252, -1.0L / 240,
                         1.0L / 132, -691.0L / 32760, 1.0L / 12,  -3617.0L / 8160};
  const Exact square = 1 / (x * x);
  Exact series = 0;
  for (std::size_t i = std::size(terms); i-- > 0;) series = (series + terms[i]) * square;
  return sum + (std::log(x) - 0.5L / x - series);
}

struct FunctionF64 {
  UnaryOp op;
  Exact (*exact)(Exact);
  double units;  // in the last place
  // Below 0 the function is a difference with its value at -x, whose units are allowed too (and
  // those of 1): it has zeros there.
  bool reflects = false;
};

const FunctionF64 functions_f64[] = {
    {UnaryOp::exp, std::exp, 1},
    {UnaryOp::expm1, std::expm1, 1.5},
    {UnaryOp::log, std::log, 1},
    {UnaryOp::log1p, std::log1p, 2.5},
    {UnaryOp::sqrt, std::sqrt, 0.51},
    {UnaryOp::sigmoid, [](Exact x) { return 1 / (1 + std::exp(-x)); }, 2.5},
    {UnaryOp::softplus,
     [](Exact x) { return std::max(x, Exact(0)) + std::log1p(std::exp(-std::abs(x))); }, 3},
    {UnaryOp::sinh, std::sinh, 3},
    {UnaryOp::cosh, std::cosh, 3},
    {UnaryOp::tanh, std::tanh, 2.5},
    {UnaryOp::asinh, std::asinh, 3},
    {UnaryOp::acosh, std::acosh, 3},
    {UnaryOp::atanh, std::atanh, 3},
    {UnaryOp::sin, std::sin, 1},
    {UnaryOp::cos, std::cos, 1},
    {UnaryOp::tan, std::tan, 2.5},
    {UnaryOp::asin, std::asin, 1},
    {UnaryOp::acos, std::acos, 1},
    {UnaryOp::atan, std::atan, 1},
    {UnaryOp::erf, std::erf, 2},
    {UnaryOp::erfc, std::erfc, 3.5},
    {UnaryOp::erf_inverse, exact_erf_inverse, 5},
    {UnaryOp::log_gamma, [](Exact x) { return std::isinf(x) ? inf64 : std::lgamma(x); }, 7, true},
    {UnaryOp::digamma, exact_digamma, 6, true},
};

Tensor doubles(const std::vector<double>& values) {
  Tensor tensor(DType::f64, {static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.as<double>().begin());
  return tensor;
}

Tensor apply(Device& device, UnaryOp op, const Tensor& x) {
  const std::int64_t n = x.shape().elements();
  const compiler::Loop loop =
      flat_loop(n, {DType::f64}, {false},
                {.op = Instruction::Op::unary, .dtype = DType::f64, .unary_op = op});
  return run_on(device, loop, {x}, {n})[0];
}

Tensor apply(Device& device, BinaryOp op, const Tensor& x, const Tensor& y) {
  const std::int64_t n = x.shape().elements();
  const compiler::Loop loop =
      flat_loop(n, {DType::f64, DType::f64}, {false, false},
                {.op = Instruction::Op::binary, .dtype = DType::f64, .binary_op = op});
  return run_on(device, loop, {x, y}, {n})[0];
}

double unit_of_f64(Exact x) {
  return std::ldexp(1.0, std::max(x == 0 ? -1022 : std::ilogb(x), -1022) - 52);
}

// How many units `actual` is from `exact`; infinite where it is not what IEEE 754 wants.
double error_of(double actual, Exact exact, double least_magnitude) {
  const auto rounded = static_cast<double>(exact);
  if (std::isnan(exact)) return std::isnan(actual) ? 0 : inf64;
  if (std::isinf(rounded))
    return actual == rounded || (std::abs(actual) > 0x1.fffffffffff0p1023 &&
                                 std::signbit(actual) == std::signbit(rounded))
               ? 0
               : inf64;
  const Exact magnitude = std::max(std::abs(exact), Exact(least_magnitude));
  return static_cast<double>(std::abs(actual - exact)) / unit_of_f64(magnitude);
}

// About 70,000 bit patterns over all exponents and both signs, what is about zeros, poles and
// borders between formulas, and what is nearest to multiples of pi/2.
std::vector<double> samples_f64() {
  std::vector<double> values;
  for (std::uint64_t i = 0; i < 65536; ++i)
    values.push_back(std::bit_cast<double>((i << 48) + i * 0x9e3779b97f4a % 0x1000000000000));
  for (int i = -4000; i < 4000; ++i) values.push_back(static_cast<double>(i) / 321);
  for (int i = -400; i <= 400; ++i) {
    const double about = static_cast<double>(i) / 16;
    for (double x : {about, about * (1 + 0x1p-40), about * (1 - 0x1p-30)}) {
      values.push_back(x);
      values.push_back(std::nextafter(x, -inf64));
      values.push_back(std::nextafter(x, inf64));
    }
    values.push_back(static_cast<double>(pi64 / 2 * i));
    values.push_back(static_cast<double>(pi64 / 2 * i * 1000003));
    values.push_back(1.4616321449683622 * (1 + i * 0x1p-50));
    values.push_back(1.4616321449683622 * (1 + i * 0x1p-20));
  }
  for (int i = 1; i < 54; ++i)
    for (double sign : {-1.0, 1.0}) values.push_back(sign * (1 - std::ldexp(1.0, -i)));
  // The f64 that is nearest to a multiple of pi/2.
  values.push_back(std::ldexp(6381956970095103.0, 797));
  values.push_back(-std::ldexp(6381956970095103.0, 797));
  return values;
}

TEST_F(VulkanMathF64, WithinAFewUnitsInTheLastPlace) {
  const Tensor x = doubles(samples_f64());
  for (const FunctionF64& function : functions_f64) {
    const Tensor y = apply(*device_, function.op, x);
    double worst = 0;
    double worst_at = 0;
    for (std::size_t i = 0; i < x.as<double>().size(); ++i) {
      const double from = x.as<double>()[i];
      const double least = function.reflects && from < 0
                               ? std::max(1.0, std::abs(static_cast<double>(function.exact(-from))))
                               : 0;
      const double error = error_of(y.as<double>()[i], function.exact(from), least);
      if (error > worst) worst_at = from;
      worst = std::max(worst, error);
    }
    EXPECT_LE(worst, function.units) << name_of(function.op) << " of " << worst_at;
  }
}

TEST_F(VulkanMathF64, SpecialValues) {
  const Tensor x = doubles({0.0, -0.0, inf64, -inf64, std::nan(""), 0x1p-1074, -0x1p-1074});
  for (const FunctionF64& function : functions_f64) {
    const Tensor result = apply(*device_, function.op, x);
    for (std::size_t i = 0; i < x.as<double>().size(); ++i) {
      const double from = x.as<double>()[i];
      const auto exact = static_cast<double>(function.exact(from));
      const double y = result.as<double>()[i];
      if (std::isnan(exact)) {
        EXPECT_TRUE(std::isnan(y)) << name_of(function.op) << " of " << from << " is " << y;
      } else {
        EXPECT_DOUBLE_EQ(y, exact) << name_of(function.op) << " of " << from;
        EXPECT_EQ(std::signbit(y), std::signbit(exact)) << name_of(function.op) << " of " << from;
      }
    }
  }
}

// Powers that are neither 0 nor infinite.
TEST_F(VulkanMathF64, Powers) {
  std::mt19937_64 random(6);
  std::vector<double> bases;
  std::vector<double> exponents;
  for (int i = 0; i < 20000; ++i) {
    const double fraction = std::ldexp(static_cast<double>(random() >> 11), -53);
    const int scale = i % 2 == 0 ? static_cast<int>(random() % 2090) - 1066
                                 : static_cast<int>(random() % 24) - 12;
    bases.push_back(std::ldexp(fraction, scale) + 0x1p-1000);
    const double room = std::abs(std::log2(bases.back())) + 1;
    exponents.push_back((static_cast<double>(random() % 2001) - 1000) * 0.99 / room);
  }
  const Tensor y = apply(*device_, BinaryOp::power, doubles(bases), doubles(exponents));
  for (std::size_t i = 0; i < bases.size(); ++i) {
    const Exact exact = std::pow(Exact(bases[i]), Exact(exponents[i]));
    EXPECT_LE(error_of(y.as<double>()[i], exact, 0), 2) << bases[i] << " to " << exponents[i];
  }
}

TEST_F(VulkanMathF64, PowersOfNegativeNumbersAreNegativeForOddExponentsOnly) {
  std::vector<double> bases;
  std::vector<double> exponents;
  for (double base : {-3.0, -2.0, -1.0, -0.5, -0.0, 0.5, 2.0, -inf64}) {
    for (double exponent : {-3.0, -2.0, -1.0, 1.0, 2.0, 3.0, 0.5}) {
      bases.push_back(base);
      exponents.push_back(exponent);
    }
  }
  const Tensor y = apply(*device_, BinaryOp::power, doubles(bases), doubles(exponents));
  for (std::size_t i = 0; i < bases.size(); ++i) {
    const double exact = std::pow(bases[i], exponents[i]);
    EXPECT_LE(error_of(y.as<double>()[i], exact, 0), 2) << bases[i] << " to " << exponents[i];
  }
}

// Angles and remainders of every pair of interesting numbers, and of random ones.
TEST_F(VulkanMathF64, FunctionsOfTwoNumbers) {
  const std::vector<double> numbers = {
      0.0,          -0.0,    1,         -1,         2,     -2,
      0.5,          -0.5,    3,         -3,         1e300, -1e300,
      1e-300,       -1e-300, 0x1p-1074, -0x1p-1074, inf64, -inf64,
      std::nan(""), 7.25,    1e-310,    0.999,      1.001, 9007199254740993.0,
      33.3,         127.9};
  std::vector<double> x;
  std::vector<double> y;
  for (double a : numbers) {
    for (double b : numbers) {
      x.push_back(a);
      y.push_back(b);
    }
  }
  std::mt19937_64 random(8);
  for (int i = 0; i < 20000; ++i) {
    const auto number = [&] {
      const double fraction = std::ldexp(static_cast<double>(random() >> 11), -52) - 1;
      return std::ldexp(fraction, static_cast<int>(random() % 40) - 20);
    };
    x.push_back(number());
    y.push_back(number());
  }
  const Tensor a = doubles(x);
  const Tensor b = doubles(y);
  const Tensor angles = apply(*device_, BinaryOp::atan2, a, b);
  const Tensor remainders = apply(*device_, BinaryOp::truncate_modulo, a, b);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double angle = angles.as<double>()[i];
    EXPECT_LE(error_of(angle, std::atan2(Exact(x[i]), Exact(y[i])), 0), 1.5)
        << "atan2 of " << x[i] << ", " << y[i] << " is " << angle;
    if (angle == 0) {
      EXPECT_EQ(std::signbit(angle), std::signbit(x[i])) << x[i] << ", " << y[i];
    }
    EXPECT_EQ(error_of(remainders.as<double>()[i], std::fmod(x[i], y[i]), 0), 0)
        << "remainder of " << x[i] << ", " << y[i];
  }
}

}  // namespace
}  // namespace evergpu::adapters
