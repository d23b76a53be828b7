#include "ops/activation.h"

#include "ops/precision.h"

namespace evergpu::ops {
namespace {

using ir::BinaryOp;
using ir::UnaryOp;
using ir::Value;

// Constants of selu, from the paper.
constexpr double selu_scale = 1.0507009873554804934193349852946;
constexpr double selu_scale_alpha = 1.7580993408473768599402175208123;

Value number(const Value& like, double value) { return ir::constant(like.dtype(), value); }

Value compare(BinaryOp op, const Value& x, double y) { return ir::binary(op, x, number(x, y)); }

}  // namespace

Value relu(const Value& x) { return ir::binary(BinaryOp::maximum, x, number(x, 0)); }

Value relu6(const Value& x) { return ir::binary(BinaryOp::minimum, relu(x), number(x, 6)); }

Value leaky_relu(const Value& x, double alpha) {
  return ir::select(compare(BinaryOp::greater, x, 0), x, x * alpha);
}

Value elu(const Value& x) {
  return ir::select(compare(BinaryOp::less, x, 0), ir::unary(UnaryOp::expm1, x), x);
}

Value selu(const Value& x) {
  const Value wide = widen(x);
  return ir::cast(ir::select(compare(BinaryOp::less, wide, 0),
                             selu_scale_alpha * ir::unary(UnaryOp::expm1, wide), selu_scale * wide),
                  x.dtype());
}

Value softsign(const Value& x) {
  const Value wide = widen(x);
  return ir::cast(wide / (ir::unary(UnaryOp::absolute, wide) + 1.0), x.dtype());
}

Value relu_gradient(const Value& gradient, const Value& x) {
  return ir::select(compare(BinaryOp::greater, x, 0), gradient, number(gradient, 0));
}

Value relu6_gradient(const Value& gradient, const Value& x) {
  const Value inside = ir::binary(BinaryOp::bit_and, compare(BinaryOp::greater, x, 0),
                                  compare(BinaryOp::less, x, 6));
  return ir::select(inside, gradient, number(gradient, 0));
}

Value leaky_relu_gradient(const Value& gradient, const Value& x, double alpha) {
  return ir::select(compare(BinaryOp::greater, x, 0), gradient, gradient * alpha);
}

Value elu_gradient(const Value& gradient, const Value& y) {
  const Value wide = widen(y);
  const Value slope = ir::cast((wide + 1.0) * widen(gradient), y.dtype());
  return ir::select(compare(BinaryOp::less, y, 0), slope, gradient);
}

// Not "less than 0": a NaN stays one.
Value selu_gradient(const Value& gradient, const Value& y) {
  const Value wide = widen(y);
  const Value slope = ir::select(compare(BinaryOp::greater_equal, wide, 0),
                                 number(wide, selu_scale), wide + selu_scale_alpha);
  return ir::cast(widen(gradient) * slope, y.dtype());
}

Value softplus_gradient(const Value& gradient, const Value& x) {
  return ir::cast(widen(gradient) / (ir::unary(UnaryOp::exp, -widen(x)) + 1.0), x.dtype());
}

Value softsign_gradient(const Value& gradient, const Value& x) {
  const Value denominator = ir::unary(UnaryOp::absolute, widen(x)) + 1.0;
  return ir::cast(widen(gradient) / ir::unary(UnaryOp::square, denominator), x.dtype());
}

Value sigmoid_gradient(const Value& y, const Value& gradient) {
  const Value wide = widen(y);
  return ir::cast(widen(gradient) * wide * (1.0 - wide), y.dtype());
}

Value tanh_gradient(const Value& y, const Value& gradient) {
  const Value wide = widen(y);
  return ir::cast(widen(gradient) * (1.0 - wide * wide), y.dtype());
}

}  // namespace evergpu::ops
