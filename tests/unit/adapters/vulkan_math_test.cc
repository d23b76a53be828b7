// How exact the generated functions are, over all magnitudes of f32, and at the special values.
#include <bit>
#include <cmath>

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

class VulkanMath : public VulkanTest {};

struct Function {
  UnaryOp op;
  double (*exact)(double);
  double units;         // in the last place
  double absolute = 0;  // units of this magnitude are allowed too: the function has zeros
};

const Function functions[] = {
    {UnaryOp::exp, std::exp, 2},
    {UnaryOp::expm1, std::expm1, 4},
    {UnaryOp::log, std::log, 4},
    {UnaryOp::log1p, std::log1p, 4},
    {UnaryOp::sqrt, std::sqrt, 0.51},
    {UnaryOp::rsqrt, [](double x) { return 1 / std::sqrt(x); }, 1.5},
    {UnaryOp::sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, 4},
    {UnaryOp::softplus,
     [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }, 4},
    {UnaryOp::sinh, std::sinh, 4},
    {UnaryOp::cosh, std::cosh, 4},
    {UnaryOp::tanh, std::tanh, 4},
    {UnaryOp::asinh, std::asinh, 4},
    {UnaryOp::acosh, std::acosh, 4},
    {UnaryOp::atanh, std::atanh, 4},
    {UnaryOp::erf, std::erf, 4},
    {UnaryOp::erfc, std::erfc, 6},
    {UnaryOp::sin, std::sin, 4},
    {UnaryOp::cos, std::cos, 4},
    {UnaryOp::tan, std::tan, 4},
    {UnaryOp::asin, std::asin, 4},
    {UnaryOp::acos, std::acos, 4},
    {UnaryOp::atan, std::atan, 4},
    {UnaryOp::erf_inverse, ir::erf_inverse, 6},
    {UnaryOp::log_gamma, ir::log_gamma, 16, 1},
    {UnaryOp::digamma, ir::digamma, 16, 1},
};

// Every 40961st bit pattern: about 100,000, over all exponents and both signs.
Tensor samples() {
  std::vector<float> values;
  for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += 40961)
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  for (int i = -4000; i < 4000; ++i) values.push_back(static_cast<float>(i) / 321);
  Tensor tensor(DType::f32, {static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.as<float>().begin());
  return tensor;
}

double unit_of(double x) {
  return std::ldexp(1.0, std::max(x == 0 ? -126 : std::ilogb(x), -126) - 23);
}

TEST_F(VulkanMath, WithinAFewUnitsInTheLastPlace) {
  const Tensor x = samples();
  const std::int64_t n = x.shape().elements();
  for (const Function& function : functions) {
    const compiler::Loop loop =
        flat_loop(n, {DType::f32}, {false},
                  {.op = Instruction::Op::unary, .dtype = DType::f32, .unary_op = function.op});
    const Tensor y = run_on(*device_, loop, {x}, {n})[0];
    double worst = 0;
    float worst_at = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      const float from = x.as<float>()[i];
      const float actual = y.as<float>()[i];
      const double exact = function.exact(static_cast<double>(from));
      const auto rounded = static_cast<float>(exact);
      if (std::isnan(exact) || std::isinf(rounded)) {
        const bool as_wanted = std::isnan(exact) ? std::isnan(actual)
                                                 : actual == rounded || std::abs(actual) > 3.4e38F;
        if (!as_wanted) worst = std::numeric_limits<double>::infinity();
        if (!as_wanted) worst_at = from;
        continue;
      }
      const double error = std::abs(static_cast<double>(actual) - exact) /
                           unit_of(std::max(std::abs(exact), function.absolute));
      if (!(error <= worst)) {
        worst = error;
        worst_at = from;
      }
    }
    EXPECT_LE(worst, function.units) << name_of(function.op) << " of " << worst_at;
  }
}

TEST_F(VulkanMath, SpecialValues) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  Tensor x(DType::f32, {5});
  const float values[] = {0.0F, -0.0F, infinity, -infinity, std::nanf("")};
  std::copy(std::begin(values), std::end(values), x.as<float>().begin());
  for (const Function& function : functions) {
    const compiler::Loop loop =
        flat_loop(5, {DType::f32}, {false},
                  {.op = Instruction::Op::unary, .dtype = DType::f32, .unary_op = function.op});
    const Tensor result = run_on(*device_, loop, {x}, {5})[0];
    for (std::size_t i = 0; i < 5; ++i) {
      const auto exact = static_cast<float>(function.exact(static_cast<double>(values[i])));
      const float y = result.as<float>()[i];
      if (std::isnan(exact)) {
        EXPECT_TRUE(std::isnan(y)) << name_of(function.op) << " of " << values[i] << " is " << y;
      } else {
        EXPECT_FLOAT_EQ(y, exact) << name_of(function.op) << " of " << values[i];
        if (exact != 0 || function.op < UnaryOp::log_gamma) {
          EXPECT_EQ(std::signbit(y), std::signbit(exact)) << name_of(function.op) << values[i];
        }
      }
    }
  }
}

// Powers, angles and remainders of every pair of interesting numbers.
TEST_F(VulkanMath, FunctionsOfTwoNumbers) {
  std::vector<float> numbers = {0.0F,      -0.0F,       1,      -1,    2,      -2,     0.5F,
                                -0.5F,     3,           -3,     1e30F, -1e30F, 1e-30F, INFINITY,
                                -INFINITY, NAN,         1e-40F, 7.25F, 100,    -101,   0.999F,
                                1.001F,    16777217.0F, 33.3F,  127.9F};
  const auto count = static_cast<std::int64_t>(numbers.size());
  const std::int64_t n = count * count;
  Tensor x(DType::f32, {n});
  Tensor y(DType::f32, {n});
  for (std::int64_t i = 0; i < n; ++i) {
    x.as<float>()[static_cast<std::size_t>(i)] = numbers[static_cast<std::size_t>(i / count)];
    y.as<float>()[static_cast<std::size_t>(i)] = numbers[static_cast<std::size_t>(i % count)];
  }
  for (const auto& [op, units] : {std::pair{BinaryOp::power, 2.0},
                                  {BinaryOp::atan2, 4.0},
                                  {BinaryOp::truncate_modulo, 0.0},
                                  {BinaryOp::floor_modulo, 0.0}}) {
    const compiler::Loop loop =
        flat_loop(n, {DType::f32, DType::f32}, {false, false},
                  {.op = Instruction::Op::binary, .dtype = DType::f32, .binary_op = op});
    const Tensor actual = run_on(*device_, loop, {x, y}, {n})[0];
    const Tensor expected = run_reference(loop, {x, y}, {n})[0];
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      const float a = actual.as<float>()[i];
      const float e = expected.as<float>()[i];
      if (a == e || (std::isnan(a) && std::isnan(e))) continue;
      const double error = std::abs(static_cast<double>(a) - static_cast<double>(e)) /
                           unit_of(static_cast<double>(e));
      EXPECT_LE(error, units) << name_of(op) << " of " << x.as<float>()[i] << ", "
                              << y.as<float>()[i] << " is " << a << ", not " << e;
    }
  }
}

}  // namespace
}  // namespace evergpu::adapters
