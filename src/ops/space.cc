#include "ops/space.h"

#include "ops/invalid.h"

namespace evergpu::ops {
namespace {

using ir::Dims;
using ir::Layout;
using ir::Shape;
using ir::Value;

// What both directions demand; `amounts` are paddings or crops.
Status check_blocks(const Value& x, const Dims& block, const Dims& amounts, const char* what) {
  EVERGPU_RETURN_IF_ERROR(x.status());
  if (x.shape().rank() < 1 + static_cast<int>(block.size()))
    return invalid("input rank should be >= {} instead of {}", 1 + block.size(), x.shape().rank());
  if (amounts.size() != 2 * block.size())
    return invalid("{} should have shape [{}, 2] instead of {} elements", what, block.size(),
                   amounts.size());
  for (std::int64_t extent : block)
    if (extent < 1) return invalid("All values in block_shape must be positive, got {}", extent);
  for (std::int64_t amount : amounts)
    if (amount < 0) return invalid("{} must be non-negative, got {}", what, amount);
  return {};
}

std::int64_t product(const Dims& extents) { return Shape(extents).elements(); }

Status check_image(const Value& x, std::int64_t block) {
  EVERGPU_RETURN_IF_ERROR(x.status());
  if (x.shape().rank() != 4)
    return invalid("Input rank should be: 4 instead of: {}", x.shape().rank());
  if (block < 2) return invalid("Block size should be > 1: {}", block);
  return {};
}

}  // namespace

Value space_to_batch(const Value& x, const Dims& block, const Dims& paddings) {
  if (Status status = check_blocks(x, block, paddings, "paddings"); !status.ok())
    return ir::Node::failed(status);
  const auto rank = static_cast<std::size_t>(x.shape().rank());
  Dims low(rank, 0);
  Dims high(rank, 0);
  for (std::size_t i = 0; i < block.size(); ++i) {
    low[i + 1] = paddings[2 * i];
    high[i + 1] = paddings[2 * i + 1];
  }
  const Value padded = ir::pad(x, ir::constant(x.dtype(), 0), low, high);
  const Shape& shape = padded.shape();
  Dims blocks{shape[0]};  // [batch, s1 / b1, b1, …, rest]
  Dims positions;         // the axes of the b
  Dims others{0};         // the other axes
  Dims result{shape[0] * product(block)};
  for (std::size_t i = 0; i < block.size(); ++i) {
    const std::int64_t extent = shape[static_cast<int>(i) + 1];
    if (extent % block[i] != 0)
      return failure("padded_shape[{}]={} is not divisible by block_shape[{}]={}", i, extent, i,
                     block[i]);
    others.push_back(static_cast<std::int64_t>(blocks.size()));
    blocks.push_back(extent / block[i]);
    positions.push_back(static_cast<std::int64_t>(blocks.size()));
    blocks.push_back(block[i]);
    result.push_back(extent / block[i]);
  }
  for (std::size_t i = block.size() + 1; i < rank; ++i) {
    others.push_back(static_cast<std::int64_t>(blocks.size()));
    blocks.push_back(shape[static_cast<int>(i)]);
    result.push_back(shape[static_cast<int>(i)]);
  }
  for (std::int64_t axis : others) positions.push_back(axis);
  return ir::reshape(ir::permute(ir::reshape(padded, Shape(blocks)), positions), Shape(result));
}

Value batch_to_space(const Value& x, const Dims& block, const Dims& crops) {
  if (Status status = check_blocks(x, block, crops, "crops"); !status.ok())
    return ir::Node::failed(status);
  const Shape& shape = x.shape();
  const int spatial = static_cast<int>(block.size());
  const std::int64_t positions = product(block);
  if (shape[0] % positions != 0)
    return failure("Input batch dimension ({}) is not divisible by product of block sizes ({})",
                   shape[0], positions);
  Dims blocks = block;  // [b1, …, batch, s1, …, rest]
  blocks.push_back(shape[0] / positions);
  Dims order{spatial};  // batch, s1, b1, …, rest
  Dims merged{shape[0] / positions};
  Dims starts{0};
  Dims sizes{shape[0] / positions};
  for (int axis = 1; axis < shape.rank(); ++axis) {
    blocks.push_back(shape[axis]);
    order.push_back(spatial + axis);
    std::int64_t extent = shape[axis];
    std::int64_t start = 0;
    std::int64_t size = extent;
    if (axis <= spatial) {
      const auto i = static_cast<std::size_t>(axis - 1);
      order.push_back(axis - 1);
      extent *= block[i];
      start = crops[2 * i];
      size = extent - start - crops[2 * i + 1];
      if (size < 0) return failure("cropped_shape[{}]={} must be non-negative", axis - 1, size);
    }
    merged.push_back(extent);
    starts.push_back(start);
    sizes.push_back(size);
  }
  const Value joined =
      ir::reshape(ir::permute(ir::reshape(x, Shape(blocks)), order), Shape(merged));
  return ir::slice(joined, starts, sizes);
}

Value space_to_depth(const Value& x, std::int64_t block, Layout layout) {
  if (Status status = check_image(x, block); !status.ok()) return ir::Node::failed(status);
  const bool last = layout == Layout::channels_last;
  const Shape& shape = x.shape();
  const std::int64_t n = shape[0];
  const std::int64_t c = shape[last ? 3 : 1];
  const std::int64_t h = shape[last ? 1 : 2];
  const std::int64_t w = shape[last ? 2 : 3];
  if (h % block != 0 || w % block != 0)
    return failure("Image width {} and height {} should be divisible by block_size: {}", w, h,
                   block);
  const std::int64_t rows = h / block;
  const std::int64_t columns = w / block;
  const std::int64_t channels = c * block * block;
  if (last)
    return ir::reshape(ir::permute(ir::reshape(x, Shape{n, rows, block, columns, block, c}),
                                   Dims{0, 1, 3, 2, 4, 5}),
                       Shape{n, rows, columns, channels});
  return ir::reshape(
      ir::permute(ir::reshape(x, Shape{n, c, rows, block, columns, block}), Dims{0, 3, 5, 1, 2, 4}),
      Shape{n, channels, rows, columns});
}

Value depth_to_space(const Value& x, std::int64_t block, Layout layout) {
  if (Status status = check_image(x, block); !status.ok()) return ir::Node::failed(status);
  const bool last = layout == Layout::channels_last;
  const Shape& shape = x.shape();
  const std::int64_t n = shape[0];
  const std::int64_t c = shape[last ? 3 : 1];
  const std::int64_t h = shape[last ? 1 : 2];
  const std::int64_t w = shape[last ? 2 : 3];
  if (c % (block * block) != 0)
    return failure("Input depth dimension {} should be divisible by: {}", c, block * block);
  const std::int64_t channels = c / (block * block);
  if (last)
    return ir::reshape(
        ir::permute(ir::reshape(x, Shape{n, h, w, block, block, channels}), Dims{0, 1, 3, 2, 4, 5}),
        Shape{n, h * block, w * block, channels});
  return ir::reshape(
      ir::permute(ir::reshape(x, Shape{n, block, block, channels, h, w}), Dims{0, 3, 4, 1, 5, 2}),
      Shape{n, channels, h * block, w * block});
}

}  // namespace evergpu::ops
