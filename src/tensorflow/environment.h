// Whether the TensorFlow that loaded us is one that we can serve.
#pragma once

#include "base/status.h"

namespace evergpu::tensorflow {

/// ok, or what is wrong with this environment and the command that mends it: a TensorFlow version
/// we are not built for, a TensorFlow with CUDA kernels of its own, another plug-in of the same
/// device type.
Status check_environment();

}  // namespace evergpu::tensorflow
