#include "ops/bias.h"

#include <fmt/core.h>

#include "ops/failure.h"
#include "ops/spatial.h"

namespace evergpu::ops {

using ir::Node;
using ir::Shape;
using ir::Value;

Value bias_add(const Value& x, const Value& bias, ir::Layout layout) {
  if (Status status = first_error(x, bias); !status.ok()) return Node::failed(status);
  const Shape& shape = x.shape();
  if (shape.rank() < 2)
    return Node::failed(
        invalid_argument(fmt::format("Input tensor must be at least 2D: {}", to_string(shape))));
  if (bias.shape().rank() != 1)
    return Node::failed(
        invalid_argument(fmt::format("Biases must be 1D: {}", to_string(bias.shape()))));
  const int axis = channel_axis(layout, shape.rank());
  if (bias.shape()[0] != shape[axis])
    return Node::failed(invalid_argument(
        fmt::format("Must provide as many biases as the last dimension of the input tensor: {} "
                    "vs. {}",
                    to_string(bias.shape()), to_string(shape))));
  ir::Dims extents(static_cast<std::size_t>(shape.rank()), 1);
  extents[static_cast<std::size_t>(axis)] = shape[axis];
  return x + ir::reshape(bias, Shape(std::move(extents)));
}

Value bias_gradient(const Value& gradient, ir::Layout layout) {
  if (Status status = first_error(gradient); !status.ok()) return gradient;
  const int rank = gradient.shape().rank();
  if (rank < 2)
    return Node::failed(invalid_argument(
        fmt::format("Input tensor must be at least 2D: {}", to_string(gradient.shape()))));
  ir::Dims axes;
  for (int axis = 0; axis < rank; ++axis)
    if (axis != channel_axis(layout, rank)) axes.push_back(axis);
  return ir::reduce(ir::ReduceOp::sum, gradient, axes);
}

}  // namespace evergpu::ops
