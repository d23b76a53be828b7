// Convolutions over any number of spatial axes, and their gradients.
#pragma once

#include "ir/build.h"
#include "ops/spatial.h"

namespace evergpu::ops {

/// Images are [batch, spatial…, channels] or, channels first, [batch, channels, spatial…]; the
/// filter is [spatial…, channels in / groups, channels out] in both layouts.
struct ConvolutionParameters {
  ir::Dims strides;    // by spatial axis
  ir::Dims dilations;  // by spatial axis
  Padding padding;
  ir::Layout layout = ir::Layout::channels_last;
};

/// The cross-correlation of `input` with `filter`. Groups follow from the channels: input channels
/// over the filter's channels in.
ir::Value convolution(const ir::Value& input, const ir::Value& filter,
                      const ConvolutionParameters& parameters);
/// The gradient with respect to an input of shape `input_shape`, given that of the result.
ir::Value convolution_input_gradient(const ir::Shape& input_shape, const ir::Value& filter,
                                     const ir::Value& gradient,
                                     const ConvolutionParameters& parameters);
/// The gradient with respect to a filter of shape `filter_shape`, given that of the result.
ir::Value convolution_filter_gradient(const ir::Value& input, const ir::Shape& filter_shape,
                                      const ir::Value& gradient,
                                      const ConvolutionParameters& parameters);

// Depthwise: each channel has filters of its own; the filter is [spatial…, channels, multiplier],
// and result channel c * multiplier + m comes from input channel c.
ir::Value depthwise_convolution(const ir::Value& input, const ir::Value& filter,
                                const ConvolutionParameters& parameters);
ir::Value depthwise_input_gradient(const ir::Shape& input_shape, const ir::Value& filter,
                                   const ir::Value& gradient,
                                   const ConvolutionParameters& parameters);
ir::Value depthwise_filter_gradient(const ir::Value& input, const ir::Shape& filter_shape,
                                    const ir::Value& gradient,
                                    const ConvolutionParameters& parameters);

}  // namespace evergpu::ops
