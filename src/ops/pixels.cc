#include "ops/pixels.h"

#include <limits>

namespace evergpu::ops {

using ir::BinaryOp;
using ir::DType;
using ir::Shape;
using ir::Value;

Pixels::Pixels(const Shape& images, const Value& image)
    : images_(images),
      dtype_(images.elements() > std::numeric_limits<std::int32_t>::max() ? DType::i64
                                                                          : DType::i32),
      image_(ir::cast(image, dtype_)) {}

Value Pixels::within(const Value& at, std::int64_t extent) const {
  return ir::binary(BinaryOp::bit_and, ir::binary(BinaryOp::greater_equal, at, integer(0)),
                    ir::binary(BinaryOp::less, at, integer(extent)));
}

Value Pixels::flattened(const Value& images) const {
  return ir::reshape(images, Shape{images_[0] * images_[1] * images_[2], images_[3]});
}

Value Pixels::positions(const Value& row, const Value& column) const {
  const Value y = ir::cast(row, dtype_);
  const Value x = ir::cast(column, dtype_);
  const Value in_image =
      ir::binary(BinaryOp::bit_and, within(y, images_[1]), within(x, images_[2]));
  const Value exists = ir::binary(BinaryOp::bit_and, within(image_, images_[0]), in_image);
  const Value flat = (image_ * integer(images_[1]) + y) * integer(images_[2]) + x;
  return ir::select(exists, flat, integer(-1));
}

Value Pixels::read(const Value& images, const Value& positions) const {
  return ir::gather(flattened(images), positions, 0);
}

Value Pixels::add(const Value& images, const Value& positions, const Value& values) const {
  return ir::reshape(ir::scatter(ir::ScatterOp::add, flattened(images), positions, values),
                     images_);
}

Value with_channel_axis(const Value& x) {
  if (!x.status().ok()) return x;
  ir::Dims extents = x.shape().extents();
  extents.push_back(1);
  return ir::reshape(x, Shape(std::move(extents)));
}

}  // namespace evergpu::ops
