// Reading what follows from a few constants needs no device: the condition of a loop that
// TensorFlow runs on the host is asked for in every turn.
#pragma once

#include <optional>

#include "ir/tensor.h"
#include "ir/value.h"

namespace evergpu::runtime {

/// The element of a pending value of one element that a few operations on constants of one element
/// give; nothing for any other value. Nobody else may be resolving nodes meanwhile.
std::optional<ir::Tensor> fold(const ir::Value& value);

}  // namespace evergpu::runtime
