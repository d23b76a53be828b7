// Activation functions and their gradients. A gradient function takes the gradient with respect to
// the result, and either the operand x or the result y, as TensorFlow's ops do.
#pragma once

#include "ir/build.h"

namespace evergpu::ops {

ir::Value relu(const ir::Value& x);
/// min(max(x, 0), 6).
ir::Value relu6(const ir::Value& x);
/// x, and alpha * x where x is not positive.
ir::Value leaky_relu(const ir::Value& x, double alpha);
/// x, and exp(x) - 1 where x is negative (Clevert et al., 2015).
ir::Value elu(const ir::Value& x);
/// The self-normalizing, scaled elu (Klambauer et al., 2017).
ir::Value selu(const ir::Value& x);
/// x / (1 + |x|).
ir::Value softsign(const ir::Value& x);

ir::Value relu_gradient(const ir::Value& gradient, const ir::Value& x);
ir::Value relu6_gradient(const ir::Value& gradient, const ir::Value& x);
ir::Value leaky_relu_gradient(const ir::Value& gradient, const ir::Value& x, double alpha);
ir::Value elu_gradient(const ir::Value& gradient, const ir::Value& y);
ir::Value selu_gradient(const ir::Value& gradient, const ir::Value& y);
ir::Value softplus_gradient(const ir::Value& gradient, const ir::Value& x);
ir::Value softsign_gradient(const ir::Value& gradient, const ir::Value& x);
ir::Value sigmoid_gradient(const ir::Value& y, const ir::Value& gradient);
ir::Value tanh_gradient(const ir::Value& y, const ir::Value& gradient);

}  // namespace evergpu::ops
