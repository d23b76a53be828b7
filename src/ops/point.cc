#include "ops/point.h"

#include <numbers>

#include "ops/failure.h"
#include "ops/invalid.h"
#include "ops/precision.h"

namespace evergpu::ops {
namespace {

using ir::BinaryOp;
using ir::DType;
using ir::Node;
using ir::UnaryOp;
using ir::Value;

Value zero(const Value& like) { return ir::constant(like.dtype(), 0); }

// `value` except where `zero_where` is 0: there it is 0 itself.
Value zero_unless(const Value& zero_where, const Value& value) {
  return ir::select(ir::binary(BinaryOp::equal, zero_where, zero(zero_where)), zero(value), value);
}

// The error of a failed operand or of shapes that do not broadcast, else what `make` gives.
template <typename Make>
Value checked(const Value& x, const Value& y, Make make) {
  Result<ir::Shape> shape = broadcast_shape(x, y);
  return shape.ok() ? make() : Node::failed(shape.status());
}

}  // namespace

Result<ir::Shape> broadcast_shape(const Value& x, const Value& y) {
  if (Status status = first_error(x, y); !status.ok()) return status;
  ir::Shape shape;
  if (!ir::broadcast_shape(x.shape(), y.shape(), &shape))
    return invalid("Incompatible shapes: {} vs. {}", to_string(x.shape()), to_string(y.shape()));
  return shape;
}

Value binary(BinaryOp op, const Value& x, const Value& y) {
  return checked(x, y, [&] { return ir::binary(op, x, y); });
}

Value divide_no_nan(const Value& x, const Value& y) {
  return checked(x, y, [&] { return zero_unless(y, x / y); });
}

Value multiply_no_nan(const Value& x, const Value& y) {
  return checked(x, y, [&] { return zero_unless(y, x * y); });
}

Value xdivy(const Value& x, const Value& y) {
  return checked(x, y, [&] { return zero_unless(x, x / y); });
}

Value xlogy(const Value& x, const Value& y) {
  return checked(x, y, [&] { return zero_unless(x, x * ir::unary(UnaryOp::log, y)); });
}

Value xlog1py(const Value& x, const Value& y) {
  return checked(x, y, [&] { return zero_unless(x, x * ir::unary(UnaryOp::log1p, y)); });
}

Value squared_difference(const Value& x, const Value& y) {
  return checked(x, y, [&] { return ir::unary(UnaryOp::square, x - y); });
}

Value truncate_divide(const Value& x, const Value& y) {
  return checked(x, y, [&] {
    const Value quotient = x / y;
    return ir::is_float(x.dtype()) ? ir::unary(UnaryOp::truncate, quotient) : quotient;
  });
}

Value approximately_equal(const Value& x, const Value& y, double tolerance) {
  if (Status status = first_error(x, y); !status.ok()) return Node::failed(status);
  if (x.shape() != y.shape())
    return failure("x and y must be of the same shape. x shape: {}. y shape: {}",
                   to_string(x.shape()), to_string(y.shape()));
  return ir::binary(BinaryOp::less_equal, ir::unary(UnaryOp::absolute, x - y),
                    ir::constant(x.dtype(), tolerance));
}

// Floats of one sign are ordered as their bits are.
Value next_after(const Value& x, const Value& y) {
  return checked(x, y, [&] {
    const DType integer = x.dtype() == DType::f64 ? DType::i64 : DType::i32;
    const Value bits = ir::bitcast(x, integer);
    const Value one = ir::constant_integer(integer, 1);
    const Value away_from_zero = ir::binary(BinaryOp::equal, ir::binary(BinaryOp::less, x, y),
                                            ir::binary(BinaryOp::greater, x, zero(x)));
    const Value next = ir::bitcast(ir::select(away_from_zero, bits + one, bits - one), x.dtype());
    const Value least = ir::bitcast(one, x.dtype());
    const Value from_zero = ir::select(ir::binary(BinaryOp::greater, y, zero(y)), least, -least);
    const Value moved = ir::select(ir::binary(BinaryOp::equal, x, zero(x)), from_zero, next);
    const Value nan = x + y;
    const Value ordered = ir::select(ir::binary(BinaryOp::equal, x, y), y, moved);
    return ir::select(ir::unary(UnaryOp::is_nan, nan),
                      ir::select(ir::binary(BinaryOp::equal, x, x), nan, x), ordered);
  });
}

Value round(const Value& x) {
  return ir::is_float(x.dtype()) ? ir::unary(UnaryOp::round_even, x) : x;
}

Value reciprocal(const Value& x) {
  return ir::is_float(x.dtype()) ? ir::unary(UnaryOp::reciprocal, x) : 1.0 / x;
}

Value normal_quantile(const Value& x) {
  const Value wide = ir::cast(x, DType::f64);
  return ir::cast(std::numbers::sqrt2 * ir::unary(UnaryOp::erf_inverse, 2.0 * wide - 1.0),
                  x.dtype());
}

// Warren, "Hacker's Delight", 5-1: sums of neighbouring fields of 1, 2 and 4 bits, then of bytes.
Value population_count(const Value& x) {
  constexpr DType unsigned_of_size[] = {DType::u8, DType::u16, DType::u32, DType::u64};
  const auto same_size =
      unsigned_of_size[std::countr_zero(static_cast<unsigned>(ir::size_of(x.dtype())))];
  const auto bits = [](std::uint64_t value) { return ir::constant_bits(DType::u64, value); };
  const auto masked = [&](const Value& value, std::uint64_t mask) {
    return ir::binary(BinaryOp::bit_and, value, bits(mask));
  };
  const auto shifted = [&](const Value& value, std::uint64_t count) {
    return ir::binary(BinaryOp::shift_right, value, bits(count));
  };
  Value count = ir::cast(ir::bitcast(x, same_size), DType::u64);
  count = count - masked(shifted(count, 1), 0x5555555555555555u);
  count = masked(count, 0x3333333333333333u) + masked(shifted(count, 2), 0x3333333333333333u);
  count = masked(count + shifted(count, 4), 0x0f0f0f0f0f0f0f0fu);
  return ir::cast(shifted(count * bits(0x0101010101010101u), 56), DType::u8);
}

Value clip(const Value& x, const Value& low, const Value& high) {
  if (Status status = first_error(x, low, high); !status.ok()) return Node::failed(status);
  for (const Value* bound : {&low, &high})
    if (bound->shape().elements() != 1 && bound->shape() != x.shape())
      return failure(
          "clip_value_min and clip_value_max must be either of the same shape as "
          "input, or a scalar. input shape: {}clip_value_min shape: {}clip_value_max "
          "shape: {}",
          to_string(x.shape()), to_string(low.shape()), to_string(high.shape()));
  const auto fitted = [&](const Value& bound) {
    return bound.shape() == x.shape() ? bound : ir::reshape(bound, ir::Shape{});
  };
  return ir::binary(BinaryOp::minimum, ir::binary(BinaryOp::maximum, x, fitted(low)), fitted(high));
}

Value add_all(std::span<const Value> values) {
  if (values.empty()) return Node::failed(invalid_argument("AddN: there is nothing to add"));
  Value sum = widen(values[0]);
  for (const Value& value : values.subspan(1)) {
    if (Status status = first_error(values[0], value); !status.ok()) return Node::failed(status);
    if (value.shape() != values[0].shape())
      return failure(
          "Inputs to operation AddN must have the same size and shape.  Input 0: {} != "
          "input: {}",
          to_string(values[0].shape()), to_string(value.shape()));
    sum = sum + widen(value);
  }
  return ir::cast(sum, values[0].dtype());
}

Value select_rows(const Value& condition, const Value& x, const Value& y) {
  if (Status status = first_error(condition, x, y); !status.ok()) return Node::failed(status);
  if (x.shape() != y.shape())
    return failure("'then' and 'else' must have the same size.  but received: {} vs. {}",
                   to_string(x.shape()), to_string(y.shape()));
  const ir::Shape& shape = condition.shape();
  if (shape.rank() == 0 || shape == x.shape()) return ir::select(condition, x, y);
  if (shape.rank() != 1 || x.shape().rank() == 0 || shape[0] != x.shape()[0])
    return failure(
        "'cond' must be a scalar, a vector as long as the first axis of 'then', or have its shape: "
        "{} vs. {}",
        to_string(shape), to_string(x.shape()));
  ir::Dims column(static_cast<std::size_t>(x.shape().rank()), 1);
  column[0] = shape[0];
  return ir::select(ir::reshape(condition, ir::Shape(column)), x, y);
}

Value sqrt_gradient(const Value& y, const Value& gradient) {
  return ir::cast(0.5 * widen(gradient) / widen(y), y.dtype());
}

Value rsqrt_gradient(const Value& y, const Value& gradient) {
  const Value wide = widen(y);
  return ir::cast(-0.5 * (widen(gradient) * wide) * (wide * wide), y.dtype());
}

Value reciprocal_gradient(const Value& y, const Value& gradient) {
  const Value wide = widen(y);
  return ir::cast(-(wide * widen(gradient) * wide), y.dtype());
}

}  // namespace evergpu::ops
