#include "ops/spatial.h"

#include <fmt/core.h>

#include <algorithm>

namespace evergpu::ops {

Result<WindowGeometry> window_geometry(std::int64_t extent, std::int64_t size, std::int64_t stride,
                                       std::int64_t dilation, const Padding& padding,
                                       std::size_t axis) {
  if (stride <= 0) return invalid_argument(fmt::format("Stride must be > 0, but got {}", stride));
  if (dilation < 1)
    return invalid_argument(fmt::format("Dilation rate must be >= 1, but got {}", dilation));
  const std::int64_t reach = (size - 1) * dilation + 1;
  WindowGeometry result;
  switch (padding.scheme) {
    case PaddingScheme::valid:
      break;
    case PaddingScheme::same: {
      result.output = (extent + stride - 1) / stride;
      const std::int64_t needed =
          std::max<std::int64_t>((result.output - 1) * stride + reach - extent, 0);
      result.pad_low = needed / 2;
      result.pad_high = needed - result.pad_low;
      return result;
    }
    case PaddingScheme::given:
      result.pad_low = padding.low[axis];
      result.pad_high = padding.high[axis];
      break;
  }
  result.output = (extent + result.pad_low + result.pad_high - reach + stride) / stride;
  if (extent + result.pad_low + result.pad_high - reach + stride < 0) result.output = -1;
  if (result.output < 0)
    return invalid_argument(
        fmt::format("Computed output size would be negative: {} [input_size: {}, "
                    "effective_filter_size: {}, stride: {}]",
                    result.output, extent, reach, stride));
  return result;
}

int channel_axis(ir::Layout layout, int rank) {
  return layout == ir::Layout::channels_last ? rank - 1 : 1;
}

int first_spatial_axis(ir::Layout layout) { return layout == ir::Layout::channels_last ? 1 : 2; }

}  // namespace evergpu::ops
