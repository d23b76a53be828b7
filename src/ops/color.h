// Colours: conversion between RGB and HSV, and adjustments. Channels are the last axis; RGB and
// hue, saturation, value are numbers from 0 to 1.
#pragma once

#include "ir/build.h"

namespace evergpu::ops {

ir::Value rgb_to_hsv(const ir::Value& images);
ir::Value hsv_to_rgb(const ir::Value& images);

/// Turns the hue by `delta` (f32 scalar) of a full circle.
ir::Value adjust_hue(const ir::Value& images, const ir::Value& delta);
/// Multiplies the saturation by `scale` (f32 scalar), up to 1.
ir::Value adjust_saturation(const ir::Value& images, const ir::Value& scale);
/// Multiplies each pixel's distance from its channel's mean over the image by `factor` (f32
/// scalar). Images are [batch…, height, width, channels].
ir::Value adjust_contrast(const ir::Value& images, const ir::Value& factor);

}  // namespace evergpu::ops
