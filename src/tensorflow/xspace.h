// What TensorFlow's profiler reads: an XSpace, in the protocol buffers' wire format
// (tensorflow/tsl/profiler/protobuf/xplane.proto).
#pragma once

#include <span>
#include <string>

#include "runtime/trace.h"

namespace evergpu::tensorflow {

struct DeviceRecording {
  int ordinal = 0;
  runtime::Trace::Recording recording;
};

/// A plane "/device:GPU:N" for each device, with one line, its kernels. The name of an event is the
/// kernel's; its statistics are `tf_op`, the first operation that it computed as "name:Type", by
/// which TensorBoard groups kernels, `operations`, all of them, and `bytes_written`.
std::string serialize_xspace(std::span<const DeviceRecording> devices);

}  // namespace evergpu::tensorflow
