// Convolutions and their gradients.
#include "ops/convolution.h"

#include <fmt/core.h>

#include "tensorflow/op_table.h"
#include "tensorflow/spatial_attributes.h"

namespace evergpu::tensorflow {
namespace {

using ops::ConvolutionParameters;

Status check_unit(const ir::Dims& per_axis, ir::Layout layout, const char* what) {
  const auto channel =
      static_cast<std::size_t>(ops::channel_axis(layout, static_cast<int>(per_axis.size())));
  if (per_axis[0] == 1 && per_axis[channel] == 1) return {};
  return unimplemented(fmt::format(
      "Current implementation does not yet support {} in the batch and depth dimensions.", what));
}

// The parameters of an op whose lists have one entry per axis of an image of `rank` axes.
Result<ConvolutionParameters> read_parameters(const Attributes& attributes, int rank) {
  Result<ir::Layout> layout = read_layout(attributes);
  if (!layout.ok()) return layout.status();
  Result<ir::Dims> strides = read_per_axis(attributes, "strides", rank);
  if (!strides.ok()) return strides.status();
  Result<ir::Dims> dilations = read_per_axis(attributes, "dilations", rank);
  if (!dilations.ok()) return dilations.status();
  Result<ops::Padding> padding = read_padding(attributes, *layout, rank);
  if (!padding.ok()) return padding.status();
  EVERGPU_RETURN_IF_ERROR(check_unit(*strides, *layout, "strides"));
  EVERGPU_RETURN_IF_ERROR(check_unit(*dilations, *layout, "dilations"));
  ConvolutionParameters parameters{.strides = spatial_part(*strides, *layout),
                                   .dilations = spatial_part(*dilations, *layout),
                                   .padding = {.scheme = padding->scheme},
                                   .layout = *layout};
  if (padding->scheme == ops::PaddingScheme::given) {
    parameters.padding.low = spatial_part(padding->low, *layout);
    parameters.padding.high = spatial_part(padding->high, *layout);
  }
  return parameters;
}

// The functions of ops/convolution.h, ordinary or depthwise.
using Forward = ir::Value (*)(const ir::Value&, const ir::Value&, const ConvolutionParameters&);
using InputGradient = ir::Value (*)(const ir::Shape&, const ir::Value&, const ir::Value&,
                                    const ConvolutionParameters&);
using FilterGradient = ir::Value (*)(const ir::Value&, const ir::Shape&, const ir::Value&,
                                     const ConvolutionParameters&);

template <int rank, Forward function>
Result<Lowering> forward(const Attributes& attributes) {
  Result<ConvolutionParameters> parameters = read_parameters(attributes, rank);
  if (!parameters.ok()) return parameters.status();
  return Lowering([parameters = *parameters](Call& call) {
    return call.output(0, function(call.input(0), call.input(1), parameters));
  });
}

// `input_sizes` may leave out batch and channels.
ir::Shape input_shape(const ir::Dims& sizes, const ir::Shape& filter, const ir::Shape& gradient,
                      const ConvolutionParameters& parameters) {
  if (sizes.size() != parameters.strides.size() || filter.rank() < 2 || gradient.rank() < 1)
    return ir::Shape(sizes);
  ir::Dims extents = sizes;
  const int rank = static_cast<int>(sizes.size()) + 2;
  extents.insert(0, gradient[0]);
  extents.insert(static_cast<std::size_t>(ops::channel_axis(parameters.layout, rank)),
                 filter[filter.rank() - 2]);
  return ir::Shape(std::move(extents));
}

template <int rank, InputGradient function>
Result<Lowering> input_gradient(const Attributes& attributes) {
  Result<ConvolutionParameters> parameters = read_parameters(attributes, rank);
  if (!parameters.ok()) return parameters.status();
  return Lowering([parameters = *parameters](Call& call) {
    return call.output(
        0, function(input_shape(call.integers(0), call.shape(1), call.shape(2), parameters),
                    call.input(1), call.input(2), parameters));
  });
}

template <int rank, FilterGradient function>
Result<Lowering> filter_gradient(const Attributes& attributes) {
  Result<ConvolutionParameters> parameters = read_parameters(attributes, rank);
  if (!parameters.ok()) return parameters.status();
  return Lowering([parameters = *parameters](Call& call) {
    return call.output(
        0, function(call.input(0), ir::Shape(call.integers(1)), call.input(2), parameters));
  });
}

// Versions of the gradients which take the operand itself where only its shape matters.
template <int rank, InputGradient function>
Result<Lowering> input_gradient_like(const Attributes& attributes) {
  Result<ConvolutionParameters> parameters = read_parameters(attributes, rank);
  if (!parameters.ok()) return parameters.status();
  return Lowering([parameters = *parameters](Call& call) {
    return call.output(0, function(call.shape(0), call.input(1), call.input(2), parameters));
  });
}

template <int rank, FilterGradient function>
Result<Lowering> filter_gradient_like(const Attributes& attributes) {
  Result<ConvolutionParameters> parameters = read_parameters(attributes, rank);
  if (!parameters.ok()) return parameters.status();
  return Lowering([parameters = *parameters](Call& call) {
    return call.output(0, function(call.input(0), call.shape(1), call.input(2), parameters));
  });
}

// The op `Conv`: any number of spatial axes and of batch axes.
Result<Lowering> general(const Attributes& attributes) {
  Result<ir::Layout> layout = read_layout(attributes);
  if (!layout.ok()) return layout.status();
  const std::int64_t batch_axes = attributes.integer("batch_dims");
  const std::vector<std::int64_t> strides = attributes.integers("strides");
  const int rank = static_cast<int>(strides.size());
  if (rank < 3 || batch_axes < 1)
    return invalid_argument("Conv: strides must have 3 elements or more, batch_dims must be >= 1");
  std::vector<std::int64_t> dilations = attributes.integers("dilations");
  if (dilations.empty()) dilations.assign(strides.size(), 1);
  if (dilations.size() != strides.size())
    return invalid_argument("Conv: strides and dilations must have the same length");
  Result<ops::Padding> padding = read_padding(attributes, *layout, rank);
  if (!padding.ok()) return padding.status();
  ConvolutionParameters parameters{
      .strides = spatial_part(ir::Dims(strides.begin(), strides.end()), *layout),
      .dilations = spatial_part(ir::Dims(dilations.begin(), dilations.end()), *layout),
      .padding = {.scheme = padding->scheme},
      .layout = *layout};
  if (padding->scheme == ops::PaddingScheme::given) {
    parameters.padding.low = spatial_part(padding->low, *layout);
    parameters.padding.high = spatial_part(padding->high, *layout);
  }
  return Lowering([parameters, batch_axes, rank](Call& call) -> Status {
    const ir::Shape& shape = call.shape(0);
    if (shape.rank() != rank - 1 + batch_axes)
      return invalid_argument(fmt::format("Conv: input must have {} axes, but has shape {}",
                                          rank - 1 + batch_axes, to_string(shape)));
    const auto batch_end = shape.begin() + batch_axes;
    ir::Dims one_batch{ir::Shape(ir::Dims(shape.begin(), batch_end)).elements()};
    for (const auto* extent = batch_end; extent != shape.end(); ++extent)
      one_batch.push_back(*extent);
    const ir::Value result = ops::convolution(ir::reshape(call.input(0), ir::Shape(one_batch)),
                                              call.input(1), parameters);
    EVERGPU_RETURN_IF_ERROR(result.status());
    ir::Dims extents(shape.begin(), batch_end);
    for (int axis = 1; axis < rank; ++axis) extents.push_back(result.shape()[axis]);
    return call.output(0, ir::reshape(result, ir::Shape(std::move(extents))));
  });
}

constexpr DTypes floats_and_i32 = floats | i32_only;

constexpr OpRow convolution_table[] = {
    {.op = "Conv", .types = {{"T", floats_and_i32}}, .make = general},
    {.op = "Conv2D", .types = {{"T", floats_and_i32}}, .make = forward<4, ops::convolution>},
    {.op = "Conv2DBackpropFilter",
     .types = {{"T", floats}},
     .host_arguments = {"filter_sizes"},
     .make = filter_gradient<4, ops::convolution_filter_gradient>},
    {.op = "Conv2DBackpropFilterV2",
     .types = {{"T", floats}},
     .make = filter_gradient_like<4, ops::convolution_filter_gradient>},
    {.op = "Conv2DBackpropInput",
     .types = {{"T", floats_and_i32}},
     .host_arguments = {"input_sizes"},
     .make = input_gradient<4, ops::convolution_input_gradient>},
    {.op = "Conv2DBackpropInputV2",
     .types = {{"T", floats_and_i32}},
     .make = input_gradient_like<4, ops::convolution_input_gradient>},
    {.op = "Conv3D", .types = {{"T", floats}}, .make = forward<5, ops::convolution>},
    {.op = "Conv3DBackpropFilterV2",
     .types = {{"T", floats}},
     .host_arguments = {"filter_sizes"},
     .make = filter_gradient<5, ops::convolution_filter_gradient>},
    {.op = "Conv3DBackpropInputV2",
     .types = {{"T", floats}},
     .host_arguments = {"input_sizes"},
     .make = input_gradient<5, ops::convolution_input_gradient>},
    {.op = "DepthwiseConv2dNative",
     .types = {{"T", floats}},
     .make = forward<4, ops::depthwise_convolution>},
    {.op = "DepthwiseConv2dNativeBackpropFilter",
     .types = {{"T", floats}},
     .host_arguments = {"filter_sizes"},
     .make = filter_gradient<4, ops::depthwise_filter_gradient>},
    {.op = "DepthwiseConv2dNativeBackpropInput",
     .types = {{"T", floats}},
     .host_arguments = {"input_sizes"},
     .make = input_gradient<4, ops::depthwise_input_gradient>},
};

}  // namespace

std::span<const OpRow> convolution_rows() { return convolution_table; }

}  // namespace evergpu::tensorflow
