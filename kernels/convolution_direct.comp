#version 450
// Convolutions with few channels in a group (depthwise), and those of integers: an invocation for
// each element of the result.
#extension GL_GOOGLE_include_directive : require
#include "convolution.glsl"

layout(constant_id = 1) const uint mode = 0;  // 0: forward, 1: by input, 2: by filter

// Left: the input (forward) or the gradient (by input); right: the filter.
VALUE at_position(uint image, ivec3 at, uint channel) {
  const bool backward = mode == 1;
  const uint to_channels = backward ? channels_in : channels_out;
  const uint from_channels = backward ? channels_out : channels_in;
  const uint group = channel / to_channels;
  const uint position_step = backward ? out_position_step : in_position_step;
  const uint channel_step = backward ? out_channel_step : in_channel_step;
  const uint base =
      image * (backward ? out_image_step : in_image_step) + group * from_channels * channel_step;
  const ivec3 extent = backward ? ivec3(out_extent(0), out_extent(1), out_extent(2))
                                : ivec3(in_extent(0), in_extent(1), in_extent(2));
  VALUE sum = VALUE(0);
  uint tap = 0;
  for (int t0 = 0; t0 < int(window_extent(0)); ++t0)
    for (int t1 = 0; t1 < int(window_extent(1)); ++t1)
      for (int t2 = 0; t2 < int(window_extent(2)); ++t2, ++tap) {
        const ivec3 from =
            backward
                ? ivec3(output_of(at.x, t0, 0), output_of(at.y, t1, 1), output_of(at.z, t2, 2))
                : ivec3(input_of(at.x, t0, 0), input_of(at.y, t1, 1), input_of(at.z, t2, 2));
        if (any(lessThan(from, ivec3(0))) || any(greaterThanEqual(from, extent))) continue;
        uint from_at =
            base + uint((from.x * extent.y + from.y) * extent.z + from.z) * position_step;
        uint filter_at = tap * filter_tap_step + group * channels_out +
                         channel % to_channels * (backward ? filter_channel_step : 1);
        for (uint c = 0; c < from_channels; ++c) {
          sum = MULTIPLY_ADD(read_left(left_place(from_at)), read_right(right_place(filter_at)), sum);
          from_at += channel_step;
          filter_at += backward ? 1 : filter_channel_step;
        }
      }
  return sum;
}

// Left: the input; right: the gradient. Lines [begin, end) of the output are summed.
VALUE at_tap(uint tap, uint channel, uint out_channel, uint begin, uint line_end) {
  const int t0 = int(tap / (window_extent(2) * window_extent(1)));
  const int t1 = int(tap / window_extent(2) % window_extent(1));
  const int t2 = int(tap % window_extent(2));
  const uint in_channel = out_channel / channels_out * channels_in + channel;
  VALUE sum = VALUE(0);
  for (uint line = begin; line < line_end; ++line) {
    const uint image = line / (out_extent(0) * out_extent(1));
    const uint o0 = line / out_extent(1) % out_extent(0);
    const uint o1 = line % out_extent(1);
    const int i0 = input_of(int(o0), t0, 0);
    const int i1 = input_of(int(o1), t1, 1);
    if (i0 < 0 || i0 >= int(in_extent(0)) || i1 < 0 || i1 >= int(in_extent(1))) continue;
    const uint x_at = image * in_image_step + in_channel * in_channel_step +
                      (uint(i0) * in_extent(1) + uint(i1)) * in_extent(2) * in_position_step;
    const uint gradient_at = image * out_image_step + out_channel * out_channel_step +
                             (o0 * out_extent(1) + o1) * out_extent(2) * out_position_step;
    for (int o2 = 0; o2 < int(out_extent(2)); ++o2) {
      const int i2 = input_of(o2, t2, 2);
      if (i2 >= 0 && i2 < int(in_extent(2)))
        sum = MULTIPLY_ADD(read_left(left_place(x_at + uint(i2) * in_position_step)),
                           read_right(right_place(gradient_at + uint(o2) * out_position_step)), sum);
    }
  }
  return sum;
}

void main() {
  const uint i = invocation_number();
  if (i >= work_items) return;
  if (mode == 2) {
    const uint taps = window_extent(0) * window_extent(1) * window_extent(2);
    const uint part = i / (taps * filter_tap_step);
    const uint element = i % (taps * filter_tap_step);
    const uint lines = batch_count * out_extent(0) * out_extent(1);
    write_result(i, at_tap(element / filter_tap_step, element / filter_channel_step % channels_in,
                           element % filter_channel_step, part * lines_per_part,
                           min((part + 1) * lines_per_part, lines)));
    return;
  }
  const bool backward = mode == 1;
  const uint image_step = backward ? in_image_step : out_image_step;
  const uint position_step = backward ? in_position_step : out_position_step;
  const uint channel_step = backward ? in_channel_step : out_channel_step;
  const uvec3 extent = backward ? uvec3(in_extent(0), in_extent(1), in_extent(2))
                                : uvec3(out_extent(0), out_extent(1), out_extent(2));
  const uint positions = extent.x * extent.y * extent.z;
  const uint channels = image_step / positions;
  const uint within = i % image_step;
  const uint position = channel_step == 1 ? within / channels : within % positions;
  const uint channel = channel_step == 1 ? within % channels : within / positions;
  const ivec3 at = ivec3(position / (extent.z * extent.y), position / extent.z % extent.y,
                         position % extent.z);
  write_result(i / image_step * image_step + position * position_step + channel * channel_step,
               at_position(i / image_step, at, channel));
}
