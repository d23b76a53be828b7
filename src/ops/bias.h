// Adding a vector along the channels of an image, and the gradient.
#pragma once

#include "ir/build.h"

namespace evergpu::ops {

/// x has two axes or more, bias is [channels].
ir::Value bias_add(const ir::Value& x, const ir::Value& bias, ir::Layout layout);
/// The gradient with respect to the bias: a sum over every axis but the channels'.
ir::Value bias_gradient(const ir::Value& gradient, ir::Layout layout);

}  // namespace evergpu::ops
