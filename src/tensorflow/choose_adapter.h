// Which hardware EVERGPU_ADAPTER asks for.
#pragma once

#include <memory>
#include <string>

#include "adapters/adapter.h"

namespace evergpu::tensorflow {

/// The adapter for a value of EVERGPU_ADAPTER; its devices are what TensorFlow sees. Null for
/// `off`. Without a value: the CPU, until Vulkan has run on a real GPU. A value
/// that cannot be had is an error that lists what exists.
Result<std::unique_ptr<adapters::Adapter>> choose_adapter(const std::string& name);

}  // namespace evergpu::tensorflow
