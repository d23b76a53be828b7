// Cutting windows out of images: each window's elements become one long channel axis.
#pragma once

#include "ir/build.h"
#include "ops/spatial.h"

namespace evergpu::ops {

/// Entries are by spatial axis.
struct PatchParameters {
  ir::Dims extents;
  ir::Dims strides;
  ir::Dims dilations;
  Padding padding;  // outside are zeros
};

/// [batch, spatial…, channels] to [batch, windows…, extents… * channels].
ir::Value extract_patches(const ir::Value& images, const PatchParameters& parameters);

}  // namespace evergpu::ops
