#version 450
// Convolution, and its gradient with respect to the input, as an implicit matrix product: rows are
// positions of the result, columns its channels; an invocation holds a block of sums in registers.
#extension GL_GOOGLE_include_directive : require
#include "convolution.glsl"

layout(constant_id = 1) const uint rows = 8;
layout(constant_id = 2) const uint columns = 8;
layout(constant_id = 3) const uint to_input = 0;

layout(set = 0, binding = 1, std430) readonly buffer X { STORED x[]; };
layout(set = 0, binding = 2, std430) readonly buffer Filter { STORED taps[]; };
layout(set = 0, binding = 3, std430) writeonly buffer Y { STORED y[]; };

uint to_extent(uint axis) { return to_input != 0 ? in_extent(axis) : out_extent(axis); }
uint from_extent(uint axis) { return to_input != 0 ? out_extent(axis) : in_extent(axis); }

void main() {
  uint group = group_number();
  if (group >= work_items) return;
  const uint row0 = group % row_tiles * rows;
  group /= row_tiles;
  const uint column0 = group % column_tiles * columns * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  const uint feature_group = group / column_tiles;
  const bool backward = to_input != 0;
  const uint from_channels = backward ? channels_out : channels_in;
  const uint to_channels = backward ? channels_in : channels_out;
  const uint from_position_step = backward ? out_position_step : in_position_step;
  const uint from_channel_step = backward ? out_channel_step : in_channel_step;
  const uint from_image_step = backward ? out_image_step : in_image_step;
  const uint positions = to_extent(0) * to_extent(1) * to_extent(2);
  const uint row_count = batch_count * positions;
  const uint tap_step = backward ? 1 : filter_channel_step;  // along the summed channels

  VALUE sums[rows * columns];
  [[unroll]] for (uint i = 0; i < rows; ++i)
    [[unroll]] for (uint j = 0; j < columns; ++j) sums[i * columns + j] = VALUE(0);
  ivec3 at[rows];
  uint image[rows];
  [[unroll]] for (uint i = 0; i < rows; ++i) {
    const uint row = min(row0 + i, row_count - 1);
    const uint position = row % positions;
    image[i] = row / positions * from_image_step + feature_group * from_channels * from_channel_step;
    at[i] = ivec3(position / (to_extent(2) * to_extent(1)), position / to_extent(2) % to_extent(1),
                  position % to_extent(2));
  }
  uint column_at[columns];
  [[unroll]] for (uint j = 0; j < columns; ++j) {
    const uint column = min(column0 + j * gl_WorkGroupSize.x, to_channels - 1);
    column_at[j] = feature_group * channels_out + column * (backward ? filter_channel_step : 1);
  }

  uint tap = 0;
  for (int t0 = 0; t0 < int(window_extent(0)); ++t0)
    for (int t1 = 0; t1 < int(window_extent(1)); ++t1)
      for (int t2 = 0; t2 < int(window_extent(2)); ++t2, ++tap) {
        uint from[rows];
        bool inside[rows];
        bool any_inside = false;
        [[unroll]] for (uint i = 0; i < rows; ++i) {
          const ivec3 source =
              backward ? ivec3(output_of(at[i].x, t0, 0), output_of(at[i].y, t1, 1),
                               output_of(at[i].z, t2, 2))
                       : ivec3(input_of(at[i].x, t0, 0), input_of(at[i].y, t1, 1),
                               input_of(at[i].z, t2, 2));
          inside[i] = source.x >= 0 && source.x < int(from_extent(0)) && source.y >= 0 &&
                      source.y < int(from_extent(1)) && source.z >= 0 &&
                      source.z < int(from_extent(2));
          any_inside = any_inside || inside[i];
          const uint position =
              (uint(source.x) * from_extent(1) + uint(source.y)) * from_extent(2) + uint(source.z);
          from[i] = inside[i] ? image[i] + position * from_position_step : 0;
        }
        if (!any_inside) continue;
        uint filter_at = tap * filter_tap_step;
        uint channel_at = 0;
        for (uint channel = 0; channel < from_channels; ++channel) {
          VALUE left[rows];
          [[unroll]] for (uint i = 0; i < rows; ++i) {
            const VALUE value = load(x[from[i] + channel_at]);
            left[i] = inside[i] ? value : VALUE(0);
          }
          [[unroll]] for (uint j = 0; j < columns; ++j) {
            const VALUE right = load(taps[filter_at + column_at[j]]);
            [[unroll]] for (uint i = 0; i < rows; ++i)
              sums[i * columns + j] = MULTIPLY_ADD(left[i], right, sums[i * columns + j]);
          }
          filter_at += tap_step;
          channel_at += from_channel_step;
        }
      }

  const uint to_position_step = backward ? in_position_step : out_position_step;
  const uint to_channel_step = backward ? in_channel_step : out_channel_step;
  const uint to_image_step = backward ? in_image_step : out_image_step;
  [[unroll]] for (uint i = 0; i < rows; ++i)
    [[unroll]] for (uint j = 0; j < columns; ++j) {
      const uint row = row0 + i;
      const uint column = column0 + j * gl_WorkGroupSize.x;
      if (row < row_count && column < to_channels)
        y[row / positions * to_image_step + row % positions * to_position_step +
          (feature_group * to_channels + column) * to_channel_step] =
            store(sums[i * columns + j]);
    }
}
