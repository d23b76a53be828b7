// The host adapter: this machine's CPU as a device.
#pragma once

#include <memory>

#include "adapters/adapter.h"

namespace evergpu::adapters {

/// `devices` equal devices over the same cores and memory (more than one for tests and
/// MirroredStrategy).
std::unique_ptr<Adapter> make_host_adapter(int devices);

}  // namespace evergpu::adapters
