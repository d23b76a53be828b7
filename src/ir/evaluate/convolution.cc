// Convolutions and their gradients: direct loops over taps, positions and channels. Images are
// packed as [positions, channels] whatever their layout.
#include <algorithm>

#include "ir/evaluate/call.h"
#include "ir/evaluate/packing.h"
#include "ir/evaluate/sliding.h"

namespace evergpu::ir::reference {
namespace {

/// The extents of a convolution, whichever of input, filter and output is asked for.
struct Geometry {
  std::int64_t batch;
  std::int64_t groups;
  std::int64_t channels_in;   // of one group
  std::int64_t channels_out;  // of one group
  Sliding sliding;            // over the spatial axes

  std::int64_t in() const { return groups * channels_in; }
  std::int64_t out() const { return groups * channels_out; }
  std::int64_t taps() const { return sliding.window.elements(); }
};

Shape spatial_of(const Shape& image, Layout layout) {
  const std::int64_t* first = image.begin() + (layout == Layout::channels_last ? 1 : 2);
  return Shape(Dims(first, first + image.rank() - 2));
}

Geometry geometry_of(const Convolution& attributes, const Shape& input, const Shape& filter,
                     const Shape& output) {
  const int rank = filter.rank();
  return {input[0],
          attributes.groups,
          filter[rank - 2],
          filter[rank - 1] / attributes.groups,
          {spatial_of(input, attributes.layout), spatial_of(output, attributes.layout),
           Shape(Dims(filter.begin(), filter.end() - 2)), attributes.strides, attributes.dilations,
           attributes.pad_low}};
}

/// Row and column stride of one image seen as [positions, channels].
struct ImageStrides {
  std::int64_t position;
  std::int64_t channel;
};
ImageStrides strides_of(Layout layout, std::int64_t positions, std::int64_t channels) {
  return layout == Layout::channels_last ? ImageStrides{channels, 1} : ImageStrides{1, positions};
}

/// Every (tap, output position, input position) that meet, and every group.
template <typename Body>
void for_each_meeting(const Geometry& geometry, Body&& body) {
  for_each_tap(geometry.sliding,
               [&](std::int64_t tap, std::int64_t count, std::int64_t output, std::int64_t input,
                   std::int64_t output_step, std::int64_t input_step) {
                 for (std::int64_t q = 0; q < count; ++q)
                   for (std::int64_t group = 0; group < geometry.groups; ++group)
                     body(tap, output + q * output_step, input + q * input_step, group);
               });
}

template <typename T>
void convolve(const Call& call) {
  using S = Wide<T>;
  const Convolution& attributes = call.attributes<Convolution>();
  const Kind kind = call.operation.kind;
  const bool to_input = kind == Kind::convolution_input;
  const bool to_filter = kind == Kind::convolution_filter;
  const Shape& first = call.operands[0].shape;
  const Shape& second = call.operands[1].shape;
  const Shape& result = call.result.shape;
  const Geometry g = to_input    ? geometry_of(attributes, result, first, second)
                     : to_filter ? geometry_of(attributes, first, result, second)
                                 : geometry_of(attributes, first, second, result);
  const std::int64_t ci = g.channels_in;
  const std::int64_t co = g.channels_out;
  const std::int64_t in_positions = g.sliding.input.elements();
  const std::int64_t out_positions = g.sliding.output.elements();
  const ImageStrides in_strides = strides_of(attributes.layout, in_positions, g.in());
  const ImageStrides out_strides = strides_of(attributes.layout, out_positions, g.out());
  std::vector<S> input(static_cast<std::size_t>(in_positions * g.in()));
  std::vector<S> output(static_cast<std::size_t>(out_positions * g.out()));
  // [taps, channels in, groups * channels out]; for the gradient of the input with the channels
  // exchanged, so that inner loops run along neighbours.
  std::vector<S> filter(static_cast<std::size_t>(g.taps() * ci * g.out()));
  if (!to_filter) {
    const T* from = call.operand<T>(to_input ? 0 : 1);
    for (std::int64_t tap = 0; tap < g.taps(); ++tap) {
      const std::int64_t offset = tap * ci * g.out();
      if (to_input)
        pack(from + offset, g.out(), ci, 1, g.out(), filter.data() + offset);
      else
        pack(from + offset, ci, g.out(), g.out(), 1, filter.data() + offset);
    }
  }
  for (std::int64_t n = 0; n < g.batch; ++n) {
    const std::int64_t in_offset = n * in_positions * g.in();
    const std::int64_t out_offset = n * out_positions * g.out();
    if (to_input)
      std::fill(input.begin(), input.end(), S(0));
    else
      pack(call.operand<T>(0) + in_offset, in_positions, g.in(), in_strides.position,
           in_strides.channel, input.data());
    if (to_input || to_filter)
      pack(call.operand<T>(1) + out_offset, out_positions, g.out(), out_strides.position,
           out_strides.channel, output.data());
    else
      std::fill(output.begin(), output.end(), S(0));

    for_each_meeting(g, [&](std::int64_t tap, std::int64_t o, std::int64_t i, std::int64_t group) {
      S* x = input.data() + i * g.in() + group * ci;
      S* y = output.data() + o * g.out() + group * co;
      S* weights = filter.data() + tap * ci * g.out() + group * co * (to_input ? ci : 1);
      if (to_input)
        for (std::int64_t c = 0; c < co; ++c) add_scaled(y[c], weights + c * ci, ci, x);
      else if (to_filter)
        for (std::int64_t c = 0; c < ci; ++c) add_scaled(x[c], y, co, weights + c * g.out());
      else
        for (std::int64_t c = 0; c < ci; ++c) add_scaled(x[c], weights + c * g.out(), co, y);
    });

    if (to_input)
      unpack(input.data(), in_positions, g.in(), in_strides.position, in_strides.channel,
             call.result.as<T>() + in_offset);
    else if (!to_filter)
      unpack(output.data(), out_positions, g.out(), out_strides.position, out_strides.channel,
             call.result.as<T>() + out_offset);
  }
  if (to_filter) unpack(filter.data(), g.taps() * ci, g.out(), g.out(), 1, call.result.as<T>());
}

}  // namespace

void convolution(const Call& call) {
  visit(call.operation.dtype, [&]<typename T>(TypeTag<T>) { convolve<T>(call); });
}

}  // namespace evergpu::ir::reference
