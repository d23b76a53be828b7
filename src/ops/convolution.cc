#include "ops/convolution.h"

#include <fmt/core.h>

#include "ops/failure.h"

namespace evergpu::ops {
namespace {

using ir::Node;
using ir::Shape;
using ir::Value;

struct Resolved {
  ir::Convolution attributes;
  Shape output;
};

// Checks that input, filter and parameters fit together, and fills in what follows from them.
Result<Resolved> resolve(const Shape& input, const Shape& filter,
                         const ConvolutionParameters& parameters) {
  const int spatial = static_cast<int>(parameters.strides.size());
  const int rank = spatial + 2;
  if (input.rank() != rank)
    return invalid_argument(
        fmt::format("input must be {}-dimensional but got {}", rank, to_string(input)));
  if (filter.rank() != rank)
    return invalid_argument(
        fmt::format("filter must be {}-dimensional but got {}", rank, to_string(filter)));
  if (filter.elements() == 0)
    return invalid_argument(
        "filter must not have zero elements (i.e. all dimensions must be non-zero)");
  const int channel = channel_axis(parameters.layout, rank);
  const std::int64_t depth = input[channel];
  const std::int64_t filter_depth = filter[rank - 2];
  const std::int64_t filter_count = filter[rank - 1];
  if (depth % filter_depth != 0)
    return invalid_argument(fmt::format(
        "input depth must be evenly divisible by filter depth: {} vs {}", depth, filter_depth));
  Resolved result;
  result.attributes.strides = parameters.strides;
  result.attributes.dilations = parameters.dilations;
  result.attributes.groups = depth / filter_depth;
  result.attributes.layout = parameters.layout;
  if (result.attributes.groups < 1) return invalid_argument("input depth must be > 0");
  if (filter_count % result.attributes.groups != 0)
    return invalid_argument(
        fmt::format("output depth must be evenly divisible by number of groups: {} vs {}",
                    filter_count, result.attributes.groups));
  ir::Dims output(static_cast<std::size_t>(rank));
  output[0] = input[0];
  output[static_cast<std::size_t>(channel)] = filter_count;
  const int first = first_spatial_axis(parameters.layout);
  for (int axis = 0; axis < spatial; ++axis) {
    const auto i = static_cast<std::size_t>(axis);
    Result<WindowGeometry> geometry =
        window_geometry(input[first + axis], filter[axis], parameters.strides[i],
                        parameters.dilations[i], parameters.padding, i);
    if (!geometry.ok()) return geometry.status();
    result.attributes.pad_low.push_back(geometry->pad_low);
    result.attributes.pad_high.push_back(geometry->pad_high);
    output[i + static_cast<std::size_t>(first)] = geometry->output;
  }
  result.output = Shape(std::move(output));
  return result;
}

Status check_gradient(const Shape& gradient, const Resolved& resolved) {
  if (gradient == resolved.output) return {};
  return invalid_argument(
      fmt::format("Gradient has shape {}, but the result of this convolution has shape {}",
                  to_string(gradient), to_string(resolved.output)));
}

// The grouped filter [spatial…, 1, channels * multiplier] of a depthwise one.
Result<Shape> grouped_filter(const Shape& filter, const Shape& input,
                             const ConvolutionParameters& parameters) {
  const int rank = static_cast<int>(parameters.strides.size()) + 2;
  if (input.rank() != rank)
    return invalid_argument(
        fmt::format("input must be {}-dimensional but got {}", rank, to_string(input)));
  if (filter.rank() != rank)
    return invalid_argument(
        fmt::format("filter must be {}-dimensional but got {}", rank, to_string(filter)));
  const std::int64_t depth = input[channel_axis(parameters.layout, rank)];
  if (depth != filter[rank - 2])
    return invalid_argument(fmt::format("input and filter must have the same depth: {} vs {}",
                                        depth, filter[rank - 2]));
  ir::Dims extents = filter.extents();
  extents.back() *= depth;
  extents[extents.size() - 2] = 1;
  return Shape(std::move(extents));
}

}  // namespace

Value convolution(const Value& input, const Value& filter,
                  const ConvolutionParameters& parameters) {
  if (Status status = first_error(input, filter); !status.ok()) return Node::failed(status);
  Result<Resolved> resolved = resolve(input.shape(), filter.shape(), parameters);
  if (!resolved.ok()) return Node::failed(resolved.status());
  return ir::convolution(input, filter, resolved->attributes);
}

Value convolution_input_gradient(const Shape& input_shape, const Value& filter,
                                 const Value& gradient, const ConvolutionParameters& parameters) {
  if (Status status = first_error(filter, gradient); !status.ok()) return Node::failed(status);
  Result<Resolved> resolved = resolve(input_shape, filter.shape(), parameters);
  if (!resolved.ok()) return Node::failed(resolved.status());
  if (Status status = check_gradient(gradient.shape(), *resolved); !status.ok())
    return Node::failed(status);
  return ir::convolution_input(input_shape, filter, gradient, resolved->attributes);
}

Value convolution_filter_gradient(const Value& input, const Shape& filter_shape,
                                  const Value& gradient, const ConvolutionParameters& parameters) {
  if (Status status = first_error(input, gradient); !status.ok()) return Node::failed(status);
  Result<Resolved> resolved = resolve(input.shape(), filter_shape, parameters);
  if (!resolved.ok()) return Node::failed(resolved.status());
  if (Status status = check_gradient(gradient.shape(), *resolved); !status.ok())
    return Node::failed(status);
  return ir::convolution_filter(input, filter_shape, gradient, resolved->attributes);
}

Value depthwise_convolution(const Value& input, const Value& filter,
                            const ConvolutionParameters& parameters) {
  if (Status status = first_error(input, filter); !status.ok()) return Node::failed(status);
  Result<Shape> grouped = grouped_filter(filter.shape(), input.shape(), parameters);
  if (!grouped.ok()) return Node::failed(grouped.status());
  return convolution(input, ir::reshape(filter, *grouped), parameters);
}

Value depthwise_input_gradient(const Shape& input_shape, const Value& filter, const Value& gradient,
                               const ConvolutionParameters& parameters) {
  if (Status status = first_error(filter, gradient); !status.ok()) return Node::failed(status);
  Result<Shape> grouped = grouped_filter(filter.shape(), input_shape, parameters);
  if (!grouped.ok()) return Node::failed(grouped.status());
  return convolution_input_gradient(input_shape, ir::reshape(filter, *grouped), gradient,
                                    parameters);
}

Value depthwise_filter_gradient(const Value& input, const Shape& filter_shape,
                                const Value& gradient, const ConvolutionParameters& parameters) {
  if (Status status = first_error(input, gradient); !status.ok()) return Node::failed(status);
  Result<Shape> grouped = grouped_filter(filter_shape, input.shape(), parameters);
  if (!grouped.ok()) return Node::failed(grouped.status());
  return ir::reshape(convolution_filter_gradient(input, *grouped, gradient, parameters),
                     filter_shape);
}

}  // namespace evergpu::ops
