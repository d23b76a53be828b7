// One step of an optimizer, as TensorFlow's ResourceApply… ops define it. Keras has its own.
#pragma once

#include "ir/build.h"

namespace evergpu::ops {

/// The variable that is trained, then the optimizer's slots in the order that each function names.
/// All have the gradient's shape and dtype; hyperparameters are scalars of that dtype.
using OptimizerState = InlineVector<ir::Value, 4>;

/// state: variable.
OptimizerState gradient_descent(const OptimizerState& state, const ir::Value& gradient,
                                const ir::Value& learning_rate);

struct ProximalParameters {
  ir::Value learning_rate;
  ir::Value l1;
  ir::Value l2;
};
/// Duchi and Singer, "Efficient online and batch learning using forward backward splitting", 2009.
/// state: variable.
OptimizerState proximal_gradient_descent(const OptimizerState& state, const ir::Value& gradient,
                                         const ProximalParameters& parameters);
/// state: variable, sum of squares.
OptimizerState proximal_adagrad(const OptimizerState& state, const ir::Value& gradient,
                                const ProximalParameters& parameters);
/// Duchi et al., "Adaptive subgradient methods", 2011, by dual averaging; `step` is a scalar of the
/// gradient's dtype. state: variable, sum of gradients, sum of squares.
OptimizerState adagrad_dual_averaging(const OptimizerState& state, const ir::Value& gradient,
                                      const ProximalParameters& parameters, const ir::Value& step);

struct MomentumParameters {
  ir::Value learning_rate;
  ir::Value momentum;
  bool nesterov = false;
};
/// The slot sums gradients; the learning rate applies to the sum. state: variable, velocity.
OptimizerState momentum(const OptimizerState& state, const ir::Value& gradient,
                        const MomentumParameters& parameters);
/// The slot sums steps, learning rate included. state: variable, velocity.
OptimizerState keras_momentum(const OptimizerState& state, const ir::Value& gradient,
                              const MomentumParameters& parameters);

struct AdagradParameters {
  ir::Value learning_rate;
  ir::Value epsilon;  // empty: none, and the root's reciprocal multiplies
  bool update_slots = true;
};
/// state: variable, sum of squares.
OptimizerState adagrad(const OptimizerState& state, const ir::Value& gradient,
                       const AdagradParameters& parameters);

struct AdamParameters {
  ir::Value beta1_power;
  ir::Value beta2_power;  // not used by adamax
  ir::Value learning_rate;
  ir::Value beta1;
  ir::Value beta2;
  ir::Value epsilon;
  bool nesterov = false;
};
/// Kingma and Ba, "Adam: a method for stochastic optimization", 2014. state: variable, first
/// moment, second moment.
OptimizerState adam(const OptimizerState& state, const ir::Value& gradient,
                    const AdamParameters& parameters);
/// Reddi et al., "On the convergence of Adam and beyond", 2018. state: variable, first moment,
/// second moment, its maximum.
OptimizerState amsgrad(const OptimizerState& state, const ir::Value& gradient,
                       const AdamParameters& parameters);
/// Section 7.1 of Adam's paper. state: variable, first moment, infinity norm.
OptimizerState adamax(const OptimizerState& state, const ir::Value& gradient,
                      const AdamParameters& parameters);

struct RmsPropParameters {
  ir::Value learning_rate;
  ir::Value rho;
  ir::Value momentum;
  ir::Value epsilon;
};
/// state: variable, mean square, momentum.
OptimizerState rmsprop(const OptimizerState& state, const ir::Value& gradient,
                       const RmsPropParameters& parameters);
/// state: variable, mean gradient, mean square, momentum.
OptimizerState centered_rmsprop(const OptimizerState& state, const ir::Value& gradient,
                                const RmsPropParameters& parameters);

struct AdadeltaParameters {
  ir::Value learning_rate;
  ir::Value rho;
  ir::Value epsilon;
};
/// Zeiler, "Adadelta: an adaptive learning rate method", 2012. state: variable, mean square
/// gradient, mean square update.
OptimizerState adadelta(const OptimizerState& state, const ir::Value& gradient,
                        const AdadeltaParameters& parameters);

struct FtrlParameters {
  ir::Value learning_rate;
  ir::Value l1;
  ir::Value l2;
  ir::Value l2_shrinkage;  // empty: none
  ir::Value power;         // of the accumulated squares in the learning rate, usually -0.5
  bool multiply_linear_by_rate = false;
};
/// McMahan et al., "Ad click prediction: a view from the trenches", 2013. state: variable, sum of
/// squares, linear term.
OptimizerState ftrl(const OptimizerState& state, const ir::Value& gradient,
                    const FtrlParameters& parameters);

struct SignParameters {
  ir::Value learning_rate;
  ir::Value base;  // AddSign: alpha; PowerSign: the logarithm of the base
  ir::Value sign_decay;
  ir::Value beta;
};
/// Bello et al., "Neural optimizer search with reinforcement learning", 2017. state: variable,
/// first moment.
OptimizerState add_sign(const OptimizerState& state, const ir::Value& gradient,
                        const SignParameters& parameters);
OptimizerState power_sign(const OptimizerState& state, const ir::Value& gradient,
                          const SignParameters& parameters);

}  // namespace evergpu::ops
