// How exact the vectorised functions are, over all magnitudes of f32, and at the special values.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "adapters/host/point.h"
#include "ir/operation.h"

namespace evergpu::adapters::host {
namespace {

using ir::UnaryOp;

struct Function {
  UnaryOp op;
  double (*exact)(double);
  double units;  // in the last place
};

const Function functions[] = {
    {UnaryOp::exp, std::exp, 1.5},
    {UnaryOp::expm1, std::expm1, 4},
    {UnaryOp::log, std::log, 4},
    {UnaryOp::log1p, std::log1p, 4},
    {UnaryOp::sqrt, std::sqrt, 0.51},
    {UnaryOp::rsqrt, [](double x) { return 1 / std::sqrt(x); }, 1.5},
    {UnaryOp::sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, 4},
    {UnaryOp::softplus,
     [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }, 4},
    {UnaryOp::tanh, std::tanh, 4},
    {UnaryOp::erf, std::erf, 4},
    {UnaryOp::sin, std::sin, 4},
    {UnaryOp::cos, std::cos, 4},
};

// Every 4099th bit pattern: about a million, over all exponents and both signs.
std::vector<float> samples() {
  std::vector<float> values;
  for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += 4099)
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  return values;
}

double unit_of(double x) {
  return std::ldexp(1.0, std::max(x == 0 ? -126 : std::ilogb(x), -126) - 23);
}

TEST(HostMath, WithinAFewUnitsInTheLastPlace) {
  const std::vector<float> x = samples();
  std::vector<float> y(x.size());
  for (const Function& function : functions) {
    const PointKernel kernel = math_kernel(function.op, ir::DType::f32);
    ASSERT_NE(kernel, nullptr) << name_of(function.op);
    kernel({.a = x.data(), .result = y.data(), .n = static_cast<std::int64_t>(x.size())});
    double worst = 0;
    float worst_at = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double exact = function.exact(static_cast<double>(x[i]));
      const auto rounded = static_cast<float>(exact);
      if (std::isnan(exact) || std::isinf(rounded)) {
        EXPECT_TRUE(std::isnan(exact) ? std::isnan(y[i]) : y[i] == rounded || std::abs(x[i]) > 88)
            << name_of(function.op) << " of " << x[i] << " is " << y[i];
        continue;
      }
      const double error = std::abs(static_cast<double>(y[i]) - exact) / unit_of(exact);
      if (!(error <= worst)) {
        worst = error;
        worst_at = x[i];
      }
    }
    EXPECT_LE(worst, function.units) << name_of(function.op) << " of " << worst_at;
    RecordProperty(std::string(name_of(function.op)), std::to_string(worst));
  }
}

TEST(HostMath, SpecialValues) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const float x[] = {0.0f, -0.0f, infinity, -infinity, std::nanf("")};
  for (const Function& function : functions) {
    float y[std::size(x)];
    math_kernel(function.op, ir::DType::f32)(
        {.a = x, .result = y, .n = static_cast<std::int64_t>(std::size(x))});
    for (std::size_t i = 0; i < std::size(x); ++i) {
      const auto exact = static_cast<float>(function.exact(static_cast<double>(x[i])));
      if (std::isnan(exact)) {
        EXPECT_TRUE(std::isnan(y[i])) << name_of(function.op) << " of " << x[i];
      } else {
        EXPECT_FLOAT_EQ(y[i], exact) << name_of(function.op) << " of " << x[i];
        EXPECT_EQ(std::signbit(y[i]), std::signbit(exact)) << name_of(function.op) << x[i];
      }
    }
  }
}

}  // namespace
}  // namespace evergpu::adapters::host
