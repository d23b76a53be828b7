// The makers behind make_matmul and make_convolution.
#pragma once

#include "adapters/host/library.h"

namespace evergpu::adapters::host {

/// With oneDNN; null when it has no fast code for the dtypes and shapes on this processor.
MadeLibrary make_onednn_matmul(const compiler::Library& library);
MadeLibrary make_onednn_convolution(const compiler::Library& library);

/// With loops of our own, for every dtype.
MadeLibrary make_loop_matmul(const compiler::Library& library);

/// For 16-bit floats: converts the operands to f32, runs what `make` makes for f32, and rounds the
/// result once. Null when `make` makes nothing.
MadeLibrary make_through_float(const compiler::Library& library,
                               MadeLibrary (*make)(const compiler::Library&));

}  // namespace evergpu::adapters::host
