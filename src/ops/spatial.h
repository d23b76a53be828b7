// How a filter or a pooling window moves over the spatial axes of an image: padding, output
// extents, and where those axes are. Shared by convolution and pooling.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "ir/operation.h"

namespace evergpu::ops {

enum class PaddingScheme : std::uint8_t {
  valid,  // the window stays inside the image
  same,   // ceil(extent / stride) outputs; the odd row of padding goes to the end
  given,  // `low` and `high` say how much
};

/// Amounts are by spatial axis, and used with PaddingScheme::given alone.
struct Padding {
  PaddingScheme scheme = PaddingScheme::valid;
  ir::Dims low = {};
  ir::Dims high = {};
};

/// One spatial axis, once the image's extent is known.
struct WindowGeometry {
  std::int64_t output = 0;
  std::int64_t pad_low = 0;
  std::int64_t pad_high = 0;
};

/// Places a window of `size` elements, `dilation` apart, every `stride` elements of an axis with
/// `extent` elements. invalid_argument when the stride is not positive or the window does not fit.
Result<WindowGeometry> window_geometry(std::int64_t extent, std::int64_t size, std::int64_t stride,
                                       std::int64_t dilation, const Padding& padding,
                                       std::size_t axis);

/// The position of the channel axis, and of the first spatial axis, of an image with one batch axis
/// and `rank` axes in all.
int channel_axis(ir::Layout layout, int rank);
int first_spatial_axis(ir::Layout layout);

}  // namespace evergpu::ops
