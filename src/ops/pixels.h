// Pixels of image batches at positions that are data. Images are [batch, height, width, channels].
#pragma once

#include "ir/build.h"

namespace evergpu::ops {

/// Reads from, and adds to, an image batch seen as [batch * height * width, channels]. Image
/// numbers, rows and columns are numbers that broadcast together; floats must be whole.
class Pixels {
 public:
  /// `images` is the batch's shape, `image` says which image of it a pixel lies in.
  Pixels(const ir::Shape& images, const ir::Value& image);

  /// The pixels at these rows and columns; -1 for one that does not exist.
  ir::Value positions(const ir::Value& row, const ir::Value& column) const;
  /// [positions…, channels]; zeros for position -1.
  ir::Value read(const ir::Value& images, const ir::Value& positions) const;
  /// Adds values [positions…, channels] to images of the same dtype.
  ir::Value add(const ir::Value& images, const ir::Value& positions, const ir::Value& values) const;

 private:
  ir::Value integer(std::int64_t number) const { return ir::constant_integer(dtype_, number); }
  ir::Value within(const ir::Value& at, std::int64_t extent) const;
  ir::Value flattened(const ir::Value& images) const;

  ir::Shape images_;
  ir::DType dtype_;  // of positions
  ir::Value image_;
};

/// [places…] as a factor of [places…, channels].
ir::Value with_channel_axis(const ir::Value& x);

}  // namespace evergpu::ops
