// Steps of random graphs: sources, point operations and conversions.
#include <algorithm>
#include <cmath>

#include "ir/infer/infer.h"
#include "support/generator.h"

namespace evergpu::testing {

using ir::BinaryOp;
using ir::DType;
using ir::Shape;
using ir::UnaryOp;
using ir::Value;

std::optional<Known> Generator::source() {
  switch (between(0, 3)) {
    case 0: {
      const auto dtype = any_dtype([](DType d) { return d != DType::boolean; });
      if (!dtype) return std::nullopt;
      const Shape shape = any_shape(1);
      // Beyond 32 an f16 or bf16 would still be exact, but floats stay small here.
      const auto axis = static_cast<int>(between(0, shape.rank() - 1));
      return exact(ir::iota(*dtype, shape, axis), static_cast<double>(shape[axis]));
    }
    case 1: {
      const DType dtype = any_dtype();
      const Known number = scalar(dtype, static_cast<double>(between(-8, 8)) / 4);
      return exact(ir::full(any_shape(), number.value), number.bound);
    }
    default: {
      const bool bits = chance(0.5);
      const DType dtype = bits ? DType::u32 : chance(0.5) ? DType::f32 : DType::f64;
      if (std::find(options_.dtypes.begin(), options_.dtypes.end(), dtype) == options_.dtypes.end())
        return std::nullopt;
      Value key = leaf(DType::u64, Shape{1}).value;
      Value counter = leaf(DType::u64, Shape{2}).value;
      if (chance(0.3)) {
        const Value state = leaf(DType::u64, Shape{4}).value;
        key = ir::slice(state, {between(0, 3)}, {1});
        counter = ir::slice(state, {between(0, 2)}, {2});
      }
      const std::int64_t count = between(0, 50);
      if (bits) return exact(ir::philox(key, counter, count));
      // Deviates grow from logarithms and sines of another library.
      return Known{ir::truncated_normal(dtype, key, counter, count), 2,
                   dtype == DType::f32 ? 1e-5 : 1e-12, false};
    }
  }
}

std::optional<Known> Generator::unary() {
  const Known x = any_value();
  if (ir::is_float(x.dtype())) return unary_of_float(x);
  const auto op = static_cast<UnaryOp>(between(0, ir::unary_op_count - 1));
  if (!ir::supports(op, x.dtype())) return std::nullopt;
  return exact(ir::unary(op, x.value));
}

std::optional<Known> Generator::unary_of_float(const Known& x) {
  const double b = x.bound;
  const double e = x.error;
  const auto op = static_cast<UnaryOp>(between(0, ir::unary_op_count - 1));
  // op(|x| + offset): away from singularities.
  const auto above = [&](double offset, double bound, double gain) {
    const Known shifted = computed(ir::unary(UnaryOp::absolute, x.value) + offset, b + offset, e);
    return computed(ir::unary(op, shifted.value), bound, gain * shifted.error);
  };
  // op(sin(x) / 2): within [-1/2, 1/2].
  const auto inside = [&](double bound, double gain) {
    const Known half = computed(ir::unary(UnaryOp::sin, x.value) * 0.5, 0.5, e);
    return computed(ir::unary(op, half.value), bound, gain * half.error);
  };
  const auto plain = [&](double bound, double gain) {
    return computed(ir::unary(op, x.value), bound, gain * e);
  };
  switch (op) {
    case UnaryOp::negate:
    case UnaryOp::absolute:
      return moved(ir::unary(op, x.value), x);
    case UnaryOp::sign:
      return x.exact ? std::optional(exact(ir::unary(op, x.value), 1)) : std::nullopt;
    case UnaryOp::floor:
    case UnaryOp::ceil:
    case UnaryOp::round_even:
    case UnaryOp::truncate:
      return x.exact ? std::optional(exact(ir::unary(op, x.value), std::ceil(b))) : std::nullopt;
    case UnaryOp::exp:
    case UnaryOp::expm1:
    case UnaryOp::sinh:
    case UnaryOp::cosh:
      return plain(std::exp(b), std::exp(b));
    case UnaryOp::square:
      return plain(b * b, 2 * b + e);
    case UnaryOp::sin:
    case UnaryOp::cos:
    case UnaryOp::tanh:
    case UnaryOp::sigmoid:
      return plain(1, 1);
    case UnaryOp::atan:
    case UnaryOp::asinh:
      return plain(b, 1);
    case UnaryOp::softplus:
      return plain(b + 1, 1);
    case UnaryOp::erf:
    case UnaryOp::erfc:
      return plain(2, 1.2);
    case UnaryOp::log:
    case UnaryOp::log1p:
    case UnaryOp::rsqrt:
    case UnaryOp::reciprocal:
      return above(1, b + 1, 1);
    case UnaryOp::sqrt:
    case UnaryOp::acosh:
      return above(2, b + 2, 1);
    case UnaryOp::digamma:
      return above(1, b + 1, 1.7);
    case UnaryOp::log_gamma:
      return above(1, (b + 2) * std::log(b + 2), std::log(b + 2) + 1);
    case UnaryOp::tan:
    case UnaryOp::asin:
    case UnaryOp::acos:
    case UnaryOp::atanh:
    case UnaryOp::erf_inverse:
      return inside(3, 1.5);
    case UnaryOp::is_nan:
    case UnaryOp::is_infinite:
    case UnaryOp::is_finite:
      return exact(ir::unary(op, x.value));
    default:
      return std::nullopt;
  }
}

std::optional<Known> Generator::binary() {
  const Known x = any_value();
  const Known y = partner(x.dtype(), x.shape());
  if (ir::is_float(x.dtype())) return binary_of_floats(x, y);
  const auto op = static_cast<BinaryOp>(between(0, ir::binary_op_count - 1));
  if (!ir::supports(op, x.dtype())) return std::nullopt;
  return exact(chance(0.5) ? ir::binary(op, x.value, y.value) : ir::binary(op, y.value, x.value));
}

std::optional<Known> Generator::binary_of_floats(const Known& x, const Known& y) {
  const auto result = [&](BinaryOp op, const Value& second, double bound, double error) {
    return computed(ir::binary(op, x.value, second), bound, error);
  };
  const double product_error = x.bound * y.error + y.bound * x.error + x.error * y.error;
  const Value positive = ir::unary(UnaryOp::absolute, y.value) + 1;
  switch (between(0, 8)) {
    case 0:
    case 1:
      return result(BinaryOp::add, y.value, x.bound + y.bound, x.error + y.error);
    case 2:
      return result(BinaryOp::subtract, y.value, x.bound + y.bound, x.error + y.error);
    case 3:
    case 4:
      return result(BinaryOp::multiply, y.value, x.bound * y.bound, product_error);
    case 5: {
      const Known divisor = computed(positive, y.bound + 1, y.error);
      return result(BinaryOp::divide, positive, x.bound, x.error + x.bound * divisor.error);
    }
    case 6: {
      const Known second = computed(positive, y.bound + 1, y.error);
      return result(BinaryOp::atan2, positive, 2, x.error + second.error);
    }
    case 7: {
      const Known base = computed(positive, y.bound + 1, y.error);
      const double bound = std::pow(base.bound, x.bound);
      return computed(ir::binary(BinaryOp::power, positive, x.value), bound,
                      bound * (x.bound * base.error + std::log(base.bound) * x.error));
    }
    default: {
      Known known = moved(
          ir::binary(chance(0.5) ? BinaryOp::maximum : BinaryOp::minimum, x.value, y.value), x);
      known.bound = std::max(x.bound, y.bound);
      known.error = std::max(x.error, y.error);
      known.exact = x.exact && y.exact;
      return known;
    }
  }
}

std::optional<Known> Generator::compare() {
  const Known x = any_value();
  const Known y = partner(x.dtype(), x.shape());
  const auto op = static_cast<BinaryOp>(
      between(static_cast<int>(BinaryOp::equal), static_cast<int>(BinaryOp::greater_equal)));
  if (!x.exact || !y.exact || !ir::supports(op, x.dtype())) return std::nullopt;
  return exact(ir::binary(op, x.value, y.value));
}

std::optional<Known> Generator::select() {
  const Known x = any_value();
  const Known y = partner(x.dtype(), x.shape());
  const Known condition = partner(DType::boolean, x.shape());
  Known known = moved(ir::select(condition.value, x.value, y.value), x);
  known.bound = std::max(x.bound, y.bound);
  known.error = std::max(x.error, y.error);
  known.exact = x.exact && y.exact;
  return known;
}

std::optional<Known> Generator::cast() {
  const Known x = any_value();
  const DType dtype = any_dtype();
  if (ir::is_float(x.dtype())) {
    if (ir::is_float(dtype)) return computed(ir::cast(x.value, dtype), x.bound, x.error);
    if (!x.exact) return std::nullopt;
    return exact(ir::cast(x.value, dtype));
  }
  if (!ir::is_float(dtype)) return exact(ir::cast(x.value, dtype));
  if (x.dtype() == DType::boolean) return exact(ir::cast(x.value, dtype), 1);
  const Value small = ir::binary(BinaryOp::floor_modulo, x.value, ir::constant(x.dtype(), 8));
  return exact(ir::cast(small, dtype), 7);
}

std::optional<Known> Generator::bitcast() {
  const Known x = any_value();
  const auto dtype = any_dtype(ir::is_integer);
  if (!dtype || !x.exact || x.dtype() == DType::boolean) return std::nullopt;
  const auto ratio = static_cast<std::int64_t>(ir::size_of(*dtype) / ir::size_of(x.dtype()));
  if (ratio > 1 && (x.rank() == 0 || x.shape()[x.rank() - 1] != ratio)) return std::nullopt;
  return exact(ir::bitcast(x.value, *dtype));
}

}  // namespace evergpu::testing
