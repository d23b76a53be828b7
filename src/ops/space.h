// Moving blocks of the spatial axes to the batch or the channels, and back.
#pragma once

#include "ir/build.h"

namespace evergpu::ops {

/// Pads the axes after the first by `paddings` (before and after each), then moves the positions
/// within blocks of block[i] elements along axis i + 1 to the batch axis, in front.
ir::Value space_to_batch(const ir::Value& x, const ir::Dims& block, const ir::Dims& paddings);
/// The inverse: blocks come from the batch axis, then `crops` elements are cut off.
ir::Value batch_to_space(const ir::Value& x, const ir::Dims& block, const ir::Dims& crops);
/// Images [n,h,w,c]: the positions within square blocks go to the channels, in front.
ir::Value space_to_depth(const ir::Value& x, std::int64_t block, ir::Layout layout);
/// The inverse.
ir::Value depth_to_space(const ir::Value& x, std::int64_t block, ir::Layout layout);

}  // namespace evergpu::ops
