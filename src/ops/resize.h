// Scaling images [batch, height, width, channels], and the gradients.
#pragma once

#include "ir/build.h"

namespace evergpu::ops {

/// How result positions map to image positions. Neither: by the ratio of the extents.
struct ResizeParameters {
  bool align_corners = false;       // corner pixels' centres coincide
  bool half_pixel_centers = false;  // pixels are squares, not points
};

/// The result is f32, whatever the dtype of the images.
ir::Value resize_bilinear(const ir::Value& images, std::int64_t height, std::int64_t width,
                          const ResizeParameters& parameters);
/// The gradient with respect to images of `shape` and `dtype`; `gradient` is f32.
ir::Value resize_bilinear_gradient(const ir::Value& gradient, const ir::Shape& shape,
                                   ir::DType dtype, const ResizeParameters& parameters);

ir::Value resize_nearest(const ir::Value& images, std::int64_t height, std::int64_t width,
                         const ResizeParameters& parameters);
/// The gradient with respect to images of this height and width.
ir::Value resize_nearest_gradient(const ir::Value& gradient, std::int64_t height,
                                  std::int64_t width, const ResizeParameters& parameters);

}  // namespace evergpu::ops
