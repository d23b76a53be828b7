#version 450
// Gradient of a convolution with respect to the filter, as an implicit matrix product for each tap:
// rows are input channels, columns output channels, summed over images and positions, line by line.
#extension GL_GOOGLE_include_directive : require
#include "convolution.glsl"

layout(constant_id = 1) const uint rows = 8;
layout(constant_id = 2) const uint columns = 8;
layout(constant_id = 3) const uint depth = 1;  // terms that are read before they are added

void main() {
  uint group = group_number();
  if (group >= work_items) return;
  const uint row0 = group % row_tiles * rows;
  group /= row_tiles;
  const uint column0 = group % column_tiles * columns * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  group /= column_tiles;
  const uint feature_group = group % group_count;
  group /= group_count;
  const uint taps = window_extent(0) * window_extent(1) * window_extent(2);
  const uint tap = group % taps;
  const uint part = group / taps;
  const int t0 = int(tap / (window_extent(2) * window_extent(1)));
  const int t1 = int(tap / window_extent(2) % window_extent(1));
  const int t2 = int(tap % window_extent(2));

  VALUE sums[rows * columns];
  [[unroll]] for (uint i = 0; i < rows; ++i)
    [[unroll]] for (uint j = 0; j < columns; ++j) sums[i * columns + j] = VALUE(0);
  uint row_at[rows];
  [[unroll]] for (uint i = 0; i < rows; ++i)
    row_at[i] = (feature_group * channels_in + min(row0 + i, channels_in - 1)) * in_channel_step;
  uint column_at[columns];
  [[unroll]] for (uint j = 0; j < columns; ++j)
    column_at[j] = (feature_group * channels_out +
                    min(column0 + j * gl_WorkGroupSize.x, channels_out - 1)) * out_channel_step;

  // Output positions of a line whose tap lies inside the input.
  const int shift = t2 * dilation(2) - padding(2);
  const int first = shift < 0 ? (-shift + stride(2) - 1) / stride(2) : 0;
  const int room = int(in_extent(2)) - 1 - shift;
  const int end = room < 0 ? 0 : min(int(out_extent(2)), room / stride(2) + 1);

  const PLACE left_step = distance(uint(stride(2)) * in_position_step);
  const PLACE right_step = distance(out_position_step);
  const uint lines = batch_count * out_extent(0) * out_extent(1);
  const uint line_end = min((part + 1) * lines_per_part, lines);
  for (uint line = part * lines_per_part; line < line_end; ++line) {
    const uint image = line / (out_extent(0) * out_extent(1));
    const uint o0 = line / out_extent(1) % out_extent(0);
    const uint o1 = line % out_extent(1);
    const int i0 = input_of(int(o0), t0, 0);
    const int i1 = input_of(int(o1), t1, 1);
    if (i0 < 0 || i0 >= int(in_extent(0)) || i1 < 0 || i1 >= int(in_extent(1))) continue;
    const uint from = image * in_image_step +
                      ((uint(i0) * in_extent(1) + uint(i1)) * in_extent(2) +
                       uint(first * stride(2) + shift)) * in_position_step;
    const uint gradient_from =
        image * out_image_step +
        ((o0 * out_extent(1) + o1) * out_extent(2) + uint(first)) * out_position_step;
    PLACE left_at[rows];
    PLACE right_at[columns];
    [[unroll]] for (uint i = 0; i < rows; ++i) left_at[i] = left_place(from + row_at[i]);
    [[unroll]] for (uint j = 0; j < columns; ++j)
      right_at[j] = right_place(gradient_from + column_at[j]);
    ADD_ALL_TERMS(uint(max(end - first, 0)), left_step, right_step, keep_all)
  }

  [[unroll]] for (uint i = 0; i < rows; ++i)
    [[unroll]] for (uint j = 0; j < columns; ++j) {
      const uint row = row0 + i;
      const uint column = column0 + j * gl_WorkGroupSize.x;
      if (row < channels_in && column < channels_out)
        write_result((part * taps + tap) * filter_tap_step + row * filter_channel_step +
                         feature_group * channels_out + column,
                     sums[i * columns + j]);
    }
}
