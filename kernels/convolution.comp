#version 450
// Convolution, and its gradient with respect to the input, as an implicit matrix product: rows are
// positions of the result, columns its channels; an invocation holds a block of sums in registers.
#extension GL_GOOGLE_include_directive : require
#include "convolution.glsl"

layout(constant_id = 1) const uint rows = 8;
layout(constant_id = 2) const uint columns = 8;
layout(constant_id = 3) const uint depth = 1;  // terms that are read before they are added
layout(constant_id = 4) const uint to_input = 0;

const bool backward = to_input != 0;
ivec3 extent_of_result() {
  return backward ? ivec3(in_extent(0), in_extent(1), in_extent(2))
                  : ivec3(out_extent(0), out_extent(1), out_extent(2));
}
ivec3 extent_of_source() {
  return backward ? ivec3(out_extent(0), out_extent(1), out_extent(2))
                  : ivec3(in_extent(0), in_extent(1), in_extent(2));
}

// Which image and position a row is. Positions that the same taps reach follow each other: of the
// gradient by the input, those that are equal modulo the stride, so that a tile passes by the taps
// that meet nothing. Rows that fill up an extent to a multiple of the stride lie outside.
struct Row {
  uint image;
  ivec3 at;
};
uvec3 period() { return backward ? uvec3(stride(0), stride(1), stride(2)) : uvec3(1); }
uvec3 periods() { return (uvec3(extent_of_result()) + period() - 1) / period(); }
uint count_rows() {
  const uvec3 all = period() * periods();
  return batch_count * all.x * all.y * all.z;
}
Row row_of(uint row) {
  const uvec3 count = periods();
  const uint positions = count.x * count.y * count.z;
  const uint position = row % positions;
  const uint image = row / positions % batch_count;
  const uint phase = row / (positions * batch_count);
  const uvec3 within = uvec3(phase / (period().z * period().y), phase / period().z % period().y,
                             phase % period().z);
  const uvec3 number = uvec3(position / (count.z * count.y), position / count.z % count.y,
                             position % count.z);
  return Row(image, ivec3(number * period() + within));
}
uint position_of(ivec3 at, ivec3 extent) { return uint((at.x * extent.y + at.y) * extent.z + at.z); }

void main() {
  uint group = group_number();
  if (group >= work_items) return;
  const uint row0 = group % row_tiles * rows;
  group /= row_tiles;
  const uint column0 = group % column_tiles * columns * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  const uint feature_group = group / column_tiles;
  const uint from_channels = backward ? channels_out : channels_in;
  const uint to_channels = backward ? channels_in : channels_out;
  const uint from_position_step = backward ? out_position_step : in_position_step;
  const uint from_channel_step = backward ? out_channel_step : in_channel_step;
  const uint from_image_step = backward ? out_image_step : in_image_step;
  const uint row_count = count_rows();
  const ivec3 source_extent = extent_of_source();
  const PLACE left_step = distance(from_channel_step);
  const PLACE right_step = distance(backward ? 1 : filter_channel_step);

  VALUE sums[rows * columns];
  [[unroll]] for (uint i = 0; i < rows * columns; ++i) sums[i] = VALUE(0);
  ivec3 at[rows];
  uint image[rows];
  [[unroll]] for (uint i = 0; i < rows; ++i) {
    const Row row = row_of(min(row0 + i, row_count - 1));
    at[i] = row.at;
    image[i] = row.image * from_image_step + feature_group * from_channels * from_channel_step;
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
        PLACE left_at[rows];
        bool inside[rows];
        bool any_inside = false;
        [[unroll]] for (uint i = 0; i < rows; ++i) {
          const ivec3 source =
              backward ? ivec3(output_of(at[i].x, t0, 0), output_of(at[i].y, t1, 1),
                               output_of(at[i].z, t2, 2))
                       : ivec3(input_of(at[i].x, t0, 0), input_of(at[i].y, t1, 1),
                               input_of(at[i].z, t2, 2));
          inside[i] = all(greaterThanEqual(source, ivec3(0))) && all(lessThan(source, source_extent));
          any_inside = any_inside || inside[i];
          left_at[i] = left_place(
              inside[i] ? image[i] + position_of(source, source_extent) * from_position_step : 0);
        }
        if (!any_inside) continue;
        PLACE right_at[columns];
        [[unroll]] for (uint j = 0; j < columns; ++j)
          right_at[j] = right_place(tap * filter_tap_step + column_at[j]);
#define keep_inside(row) inside[row]
        ADD_ALL_TERMS(from_channels, left_step, right_step, keep_inside)
      }

  const uint to_position_step = backward ? in_position_step : out_position_step;
  const uint to_channel_step = backward ? in_channel_step : out_channel_step;
  const uint to_image_step = backward ? in_image_step : out_image_step;
  const ivec3 extent = extent_of_result();
  [[unroll]] for (uint i = 0; i < rows; ++i) {
    const Row row = row_of(row0 + i);
    const bool is_row = row0 + i < row_count && all(lessThan(row.at, extent));
    [[unroll]] for (uint j = 0; j < columns; ++j) {
      const uint column = column0 + j * gl_WorkGroupSize.x;
      if (is_row && column < to_channels)
        write_result(row.image * to_image_step + position_of(row.at, extent) * to_position_step +
                         (feature_group * to_channels + column) * to_channel_step,
                     sums[i * columns + j]);
    }
  }
}
