// Reading images at computed places: cropping boxes and projective transforms. Images are [batch,
// height, width, channels].
#pragma once

#include "ir/build.h"

namespace evergpu::ops {

enum class Interpolation : std::uint8_t { nearest, bilinear };

struct CropParameters {
  std::int64_t height = 0;  // of a crop
  std::int64_t width = 0;
  Interpolation interpolation = Interpolation::bilinear;
  double extrapolation = 0;  // what lies outside the image
};
/// Cuts a box out of an image and scales it: f32 [boxes, height, width, channels]. `boxes` is f32
/// [boxes, 4]: y1, x1, y2, x2, where 0 and 1 are the centres of the image's first and last pixels;
/// `box_images` is i32 [boxes]: which image. A box of an image that does not exist is zeros.
ir::Value crop_and_resize(const ir::Value& images, const ir::Value& boxes,
                          const ir::Value& box_images, const CropParameters& parameters);
/// The gradient with respect to images of `shape` and `dtype`.
ir::Value crop_and_resize_image_gradient(const ir::Value& gradient, const ir::Value& boxes,
                                         const ir::Value& box_images, const ir::Shape& shape,
                                         ir::DType dtype, Interpolation interpolation);
/// The gradient with respect to the boxes, of bilinear crops.
ir::Value crop_and_resize_box_gradient(const ir::Value& gradient, const ir::Value& images,
                                       const ir::Value& boxes, const ir::Value& box_images);

/// What lies outside the image.
enum class FillMode : std::uint8_t {
  constant,  // a number
  reflect,   // dcba|abcd|dcba
  wrap,      // abcd|abcd|abcd
  nearest,   // aaaa|abcd|dddd
};
struct ProjectiveTransformParameters {
  std::int64_t height = 0;  // of the result
  std::int64_t width = 0;
  Interpolation interpolation = Interpolation::nearest;
  FillMode fill_mode = FillMode::constant;
};
/// Result pixel (x, y) is image pixel ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k), where k =
/// c0 x + c1 y + 1. `transforms` is f32 [1 or batch, 8]: a0, a1, a2, b0, b1, b2, c0, c1. `fill` is
/// a scalar.
ir::Value projective_transform(const ir::Value& images, const ir::Value& transforms,
                               const ir::Value& fill,
                               const ProjectiveTransformParameters& parameters);

}  // namespace evergpu::ops
