#include "ops/optimizer.h"

namespace evergpu::ops {
namespace {

using ir::BinaryOp;
using ir::UnaryOp;
using ir::Value;

Value sqrt(const Value& x) { return ir::unary(UnaryOp::sqrt, x); }
Value rsqrt(const Value& x) { return ir::unary(UnaryOp::rsqrt, x); }
Value square(const Value& x) { return ir::unary(UnaryOp::square, x); }
Value sign(const Value& x) { return ir::unary(UnaryOp::sign, x); }
Value absolute(const Value& x) { return ir::unary(UnaryOp::absolute, x); }
Value maximum(const Value& x, const Value& y) { return ir::binary(BinaryOp::maximum, x, y); }
Value greater(const Value& x, const Value& y) { return ir::binary(BinaryOp::greater, x, y); }
Value zero(const Value& like) { return ir::constant(like.dtype(), 0); }

// mean moves towards x by the part 1 - decay.
Value moved(const Value& mean, const Value& x, const Value& decay) {
  return mean + (x - mean) * (1 - decay);
}
Value decayed(const Value& mean, const Value& x, const Value& decay) {
  return mean * decay + x * (1 - decay);
}

// sign(x) * max(|x| - threshold, 0), where the threshold is positive.
Value shrink(const Value& x, const Value& threshold) {
  return sign(x) * maximum(absolute(x) - threshold, zero(x));
}

// The proximal step after x moved along the gradient, with a rate for each element or for all.
Value proximal(const Value& x, const Value& rate, const ProximalParameters& p) {
  const Value shrunk = ir::select(greater(p.l1, zero(x)), shrink(x, rate * p.l1), x);
  return shrunk / (1 + p.l2 * rate);
}

Value adam_rate(const AdamParameters& p) {
  return p.learning_rate * sqrt(1 - p.beta2_power) / (1 - p.beta1_power);
}

}  // namespace

OptimizerState gradient_descent(const OptimizerState& state, const Value& gradient,
                                const Value& learning_rate) {
  return {state[0] - gradient * learning_rate};
}

OptimizerState proximal_gradient_descent(const OptimizerState& state, const Value& gradient,
                                         const ProximalParameters& p) {
  return {proximal(state[0] - gradient * p.learning_rate, p.learning_rate, p)};
}

OptimizerState proximal_adagrad(const OptimizerState& state, const Value& gradient,
                                const ProximalParameters& p) {
  const Value squares = state[1] + square(gradient);
  const Value rate = p.learning_rate * rsqrt(squares);
  return {proximal(state[0] - gradient * rate, rate, p), squares};
}

OptimizerState adagrad_dual_averaging(const OptimizerState& state, const Value& gradient,
                                      const ProximalParameters& p, const Value& step) {
  const Value sum = state[1] + gradient;
  const Value squares = state[2] + square(gradient);
  const Value shrunk = ir::select(greater(p.l1, zero(sum)), shrink(sum, step * p.l1), sum);
  return {-(p.learning_rate * shrunk) / (p.l2 * (step * p.learning_rate) + sqrt(squares)), sum,
          squares};
}

OptimizerState momentum(const OptimizerState& state, const Value& gradient,
                        const MomentumParameters& p) {
  const Value velocity = state[1] * p.momentum + gradient;
  const Value step = p.nesterov
                         ? gradient * p.learning_rate + velocity * p.momentum * p.learning_rate
                         : velocity * p.learning_rate;
  return {state[0] - step, velocity};
}

OptimizerState keras_momentum(const OptimizerState& state, const Value& gradient,
                              const MomentumParameters& p) {
  const Value velocity = state[1] * p.momentum - gradient * p.learning_rate;
  const Value step = p.nesterov ? velocity * p.momentum - gradient * p.learning_rate : velocity;
  return {state[0] + step, velocity};
}

OptimizerState adagrad(const OptimizerState& state, const Value& gradient,
                       const AdagradParameters& p) {
  const Value squares = p.update_slots ? state[1] + square(gradient) : state[1];
  const Value step = gradient * p.learning_rate;
  return {state[0] - (p.epsilon ? step / (sqrt(squares) + p.epsilon) : step * rsqrt(squares)),
          squares};
}

OptimizerState adam(const OptimizerState& state, const Value& gradient, const AdamParameters& p) {
  const Value first = moved(state[1], gradient, p.beta1);
  const Value second = moved(state[2], square(gradient), p.beta2);
  const Value direction = p.nesterov ? gradient * (1 - p.beta1) + p.beta1 * first : first;
  return {state[0] - direction * adam_rate(p) / (sqrt(second) + p.epsilon), first, second};
}

OptimizerState amsgrad(const OptimizerState& state, const Value& gradient,
                       const AdamParameters& p) {
  const Value first = moved(state[1], gradient, p.beta1);
  const Value second = moved(state[2], square(gradient), p.beta2);
  const Value largest = maximum(state[3], second);
  return {state[0] - first * adam_rate(p) / (sqrt(largest) + p.epsilon), first, second, largest};
}

OptimizerState adamax(const OptimizerState& state, const Value& gradient, const AdamParameters& p) {
  const Value first = moved(state[1], gradient, p.beta1);
  const Value norm = maximum(p.beta2 * state[2], absolute(gradient));
  return {state[0] - p.learning_rate / (1 - p.beta1_power) * (first / (norm + p.epsilon)), first,
          norm};
}

OptimizerState rmsprop(const OptimizerState& state, const Value& gradient,
                       const RmsPropParameters& p) {
  const Value squares = moved(state[1], square(gradient), p.rho);
  const Value velocity =
      state[2] * p.momentum + gradient * p.learning_rate / sqrt(squares + p.epsilon);
  return {state[0] - velocity, squares, velocity};
}

OptimizerState centered_rmsprop(const OptimizerState& state, const Value& gradient,
                                const RmsPropParameters& p) {
  const Value mean = moved(state[1], gradient, p.rho);
  const Value squares = moved(state[2], square(gradient), p.rho);
  const Value variance = squares - square(mean) + p.epsilon;
  const Value velocity = state[3] * p.momentum + gradient * p.learning_rate / sqrt(variance);
  return {state[0] - velocity, mean, squares, velocity};
}

OptimizerState adadelta(const OptimizerState& state, const Value& gradient,
                        const AdadeltaParameters& p) {
  const Value squares = decayed(state[1], square(gradient), p.rho);
  const Value update = sqrt(state[2] + p.epsilon) * rsqrt(squares + p.epsilon) * gradient;
  return {state[0] - update * p.learning_rate, squares, decayed(state[2], square(update), p.rho)};
}

OptimizerState ftrl(const OptimizerState& state, const Value& gradient, const FtrlParameters& p) {
  const Value& variable = state[0];
  const Value squares = state[1] + square(gradient);
  const Value half = ir::constant(p.power.dtype(), -0.5);
  const Value is_root = ir::binary(BinaryOp::equal, p.power, half);
  const auto denominator = [&](const Value& x) {
    return ir::select(is_root, sqrt(x), ir::binary(BinaryOp::power, x, -p.power));
  };
  const Value pull = p.l2_shrinkage ? gradient + 2.0 * p.l2_shrinkage * variable : gradient;
  const Value root = denominator(squares);
  const Value change = root - denominator(state[1]);
  const Value& rate = p.learning_rate;
  const bool by_rate = p.multiply_linear_by_rate;
  const Value linear =
      state[2] + (by_rate ? pull * rate - change * variable : pull - change / rate * variable);
  const Value threshold = by_rate ? p.l1 * rate : p.l1;
  const Value curvature = by_rate ? root + 2.0 * p.l2 * rate : root / rate + 2.0 * p.l2;
  const Value solution = (threshold * sign(linear) - linear) / curvature;
  return {ir::select(greater(absolute(linear), threshold), solution, zero(solution)), squares,
          linear};
}

OptimizerState add_sign(const OptimizerState& state, const Value& gradient,
                        const SignParameters& p) {
  const Value first = decayed(state[1], gradient, p.beta);
  const Value agreement = sign(gradient) * sign(first);
  return {state[0] - p.learning_rate * (p.base + p.sign_decay * agreement) * gradient, first};
}

OptimizerState power_sign(const OptimizerState& state, const Value& gradient,
                          const SignParameters& p) {
  const Value first = decayed(state[1], gradient, p.beta);
  const Value agreement = sign(gradient) * sign(first);
  const Value scale = ir::unary(UnaryOp::exp, p.base * p.sign_decay * agreement);
  return {state[0] - p.learning_rate * scale * gradient, first};
}

}  // namespace evergpu::ops
