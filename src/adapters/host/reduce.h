// Loops that end in reductions.
#pragma once

#include <memory>

#include "adapters/host/executable.h"
#include "adapters/host/schedule.h"

namespace evergpu::adapters::host {

/// An executable for `loop`, whose schedule is linear.
Result<std::unique_ptr<HostLoop>> make_reduce(const compiler::Loop& loop, Schedule schedule);

}  // namespace evergpu::adapters::host
