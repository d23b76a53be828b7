#include "ops/normalization.h"

#include "ops/failure.h"
#include "ops/precision.h"
#include "ops/spatial.h"

namespace evergpu::ops {
namespace {

using ir::BinaryOp;
using ir::Node;
using ir::ReduceOp;
using ir::Shape;
using ir::UnaryOp;
using ir::Value;

// [channels] as a shape that broadcasts against an image of `image`'s rank.
Value along_channels(const Value& x, const Shape& image, ir::Layout layout) {
  if (!x.status().ok()) return x;
  ir::Dims extents(static_cast<std::size_t>(image.rank()), 1);
  extents[static_cast<std::size_t>(channel_axis(layout, image.rank()))] = x.shape().elements();
  return ir::reshape(x, Shape(std::move(extents)));
}

Value sum_to_channels(const Value& x, ir::Layout layout) {
  if (!x.status().ok()) return x;
  const int rank = x.shape().rank();
  ir::Dims axes;
  for (int axis = 0; axis < rank; ++axis)
    if (axis != channel_axis(layout, rank)) axes.push_back(axis);
  return ir::reduce(ReduceOp::sum, x, axes);
}

double elements_per_channel(const Shape& shape, ir::Layout layout) {
  const std::int64_t channels = shape[channel_axis(layout, shape.rank())];
  if (channels == 0) return 0;
  return static_cast<double>(shape.elements()) / static_cast<double>(channels);
}

Value inverse_deviation(const Value& variance, double epsilon) {
  return ir::unary(UnaryOp::rsqrt, variance + epsilon);
}

// The sum over the channels within `radius` of each; symmetric, so it is its own transpose.
Value sum_neighbours(const Value& x, std::int64_t radius) {
  if (!x.status().ok()) return x;
  const auto rank = static_cast<std::size_t>(x.shape().rank());
  ir::Window window;
  window.op = ReduceOp::sum;
  window.extents.resize(rank, 1);
  window.strides.resize(rank, 1);
  window.pad_low.resize(rank, 0);
  window.pad_high.resize(rank, 0);
  window.extents.back() = 2 * radius + 1;
  window.pad_low.back() = radius;
  window.pad_high.back() = radius;
  return ir::window_reduce(x, window);
}

Value power(const Value& x, double exponent) {
  return ir::binary(BinaryOp::power, x, ir::constant(x.dtype(), exponent));
}

}  // namespace

Value reduce_mean_to_channels(const Value& x, ir::Layout layout) {
  const Value wide = widen(x);
  return sum_to_channels(wide, layout) / elements_per_channel(x.shape(), layout);
}

ChannelStatistics channel_statistics(const Value& x, ir::Layout layout) {
  if (Status status = x.status(); !status.ok()) return {Node::failed(status), Node::failed(status)};
  const Value mean = reduce_mean_to_channels(x, layout);
  const Value centred = widen(x) - along_channels(mean, x.shape(), layout);
  return {mean, reduce_mean_to_channels(centred * centred, layout)};
}

Value batch_normalization(const Value& x, const ChannelStatistics& statistics, const Value& scale,
                          const Value& offset, double epsilon, ir::Layout layout) {
  if (Status status = first_error(x, statistics.mean, statistics.variance, scale, offset);
      !status.ok())
    return Node::failed(status);
  const auto channels = [&](const Value& v) { return along_channels(v, x.shape(), layout); };
  const Value factor = inverse_deviation(statistics.variance, epsilon) * scale;
  return ir::cast((widen(x) - channels(statistics.mean)) * channels(factor) + channels(offset),
                  x.dtype());
}

BatchNormalizationGradients batch_normalization_gradients(const Value& gradient, const Value& x,
                                                          const ChannelStatistics& statistics,
                                                          const Value& scale, double epsilon,
                                                          ir::Layout layout,
                                                          bool through_statistics) {
  if (Status status = first_error(gradient, x, statistics.mean, statistics.variance, scale);
      !status.ok())
    return {Node::failed(status), Node::failed(status), Node::failed(status)};
  const auto channels = [&](const Value& v) { return along_channels(v, x.shape(), layout); };
  const Value g = widen(gradient);
  const Value inverse = inverse_deviation(statistics.variance, epsilon);
  const Value normal = (widen(x) - channels(statistics.mean)) * channels(inverse);
  const Value scale_gradient = sum_to_channels(g * normal, layout);
  const Value offset_gradient = sum_to_channels(g, layout);
  Value x_gradient = g;
  if (through_statistics) {
    const double count = elements_per_channel(x.shape(), layout);
    x_gradient = g - channels(offset_gradient / count) - normal * channels(scale_gradient / count);
  }
  return {ir::cast(x_gradient * channels(inverse * scale), x.dtype()), scale_gradient,
          offset_gradient};
}

Value local_response_normalization(const Value& x, const LocalResponseParameters& parameters) {
  const Value wide = widen(x);
  const Value norm =
      sum_neighbours(wide * wide, parameters.radius) * parameters.alpha + parameters.bias;
  return ir::cast(wide * power(norm, -parameters.beta), x.dtype());
}

Value local_response_normalization_gradient(const Value& x, const Value& y, const Value& gradient,
                                            const LocalResponseParameters& parameters) {
  if (Status status = first_error(x, y, gradient); !status.ok()) return Node::failed(status);
  const Value wide = widen(x);
  const Value g = widen(gradient);
  const Value norm =
      sum_neighbours(wide * wide, parameters.radius) * parameters.alpha + parameters.bias;
  const Value through_norm = sum_neighbours(g * widen(y) / norm, parameters.radius);
  return ir::cast(g * power(norm, -parameters.beta) -
                      wide * through_norm * (2 * parameters.alpha * parameters.beta),
                  x.dtype());
}

}  // namespace evergpu::ops
