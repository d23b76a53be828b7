// Padding with a constant or with the array's own mirror image.
#pragma once

#include "ir/build.h"

namespace evergpu::ops {

/// Whether the mirror image repeats the element at the edge.
enum class MirrorMode : unsigned char {
  reflect,    // 3 2 [1 2 3] 2 1
  symmetric,  // 2 1 [1 2 3] 3 2
};

/// `paddings` holds the amount before and the amount after for each axis in turn; `value` is a
/// scalar of x's dtype.
ir::Value pad(const ir::Value& x, const ir::Dims& paddings, const ir::Value& value);
ir::Value mirror_pad(const ir::Value& x, const ir::Dims& paddings, MirrorMode mode);
/// Of the gradient with respect to the padded array: the gradient with respect to the array itself.
ir::Value mirror_pad_gradient(const ir::Value& gradient, const ir::Dims& paddings, MirrorMode mode);

}  // namespace evergpu::ops
