// The attributes that TensorFlow's convolutions and pooling ops share.
#pragma once

#include "base/status.h"
#include "ops/spatial.h"
#include "tensorflow/attributes.h"

namespace evergpu::tensorflow {

/// `data_format`: "NHWC", "NCDHW", "CHANNELS_LAST" …; channels last when the op has no such
/// attribute. unimplemented for vectorized formats.
Result<ir::Layout> read_layout(const Attributes& attributes);

/// `padding` and `explicit_paddings`, amounts by axis of the image (none in batch and channels).
/// `rank` is the image's.
Result<ops::Padding> read_padding(const Attributes& attributes, ir::Layout layout, int rank);

/// A list with one entry per axis of the image (`strides`, `ksize`, `dilations`).
Result<ir::Dims> read_per_axis(const Attributes& attributes, const char* name, int rank);

/// The entries of the spatial axes of a list with one entry per axis of the image.
ir::Dims spatial_part(const ir::Dims& per_axis, ir::Layout layout);

}  // namespace evergpu::tensorflow
