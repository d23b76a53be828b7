// A device whose hardware fails on demand, so that every error route can be tried on any machine.
#pragma once

#include <memory>

#include "adapters/adapter.h"

namespace evergpu::adapters {

/// Which hardware call fails, once: the `nth` one (from 1) at `point`.
struct Fault {
  enum class Point : unsigned char { allocate, upload, download, compile, launch, wait };
  Point point = Point::launch;
  long nth = 1;
};

std::unique_ptr<Device> with_fault(std::unique_ptr<Device> device, Fault fault);

/// EVERGPU_FAULT=launch:17 makes the 17th launch fail. The device itself when it is not set;
/// invalid_argument when it cannot be understood.
Result<std::unique_ptr<Device>> with_faults_from_environment(std::unique_ptr<Device> device);

}  // namespace evergpu::adapters
