#version 450
// Convolution and its gradients for GPUs, as implicit matrix products with tiles of both operands in
// shared memory. One side of the product is the positions of images, the other the taps, each with a
// channel: forward and by input, rows are positions and a sum's terms are taps; by filter, the other
// way around. The left operand is the patches of the source, the image that taps look at.
#extension GL_GOOGLE_include_directive : require
#include "convolution.glsl"
#include "shared_tile.glsl"

layout(constant_id = NEXT_CONSTANT) const uint direction = 0;  // 0: forward, 1: by input, 2: by filter

const bool by_input = direction == 1;
const bool by_filter = direction == 2;

#define source_channels (by_input ? channels_out : channels_in)
#define source_position_step (by_input ? out_position_step : in_position_step)
#define source_channel_step (by_input ? out_channel_step : in_channel_step)
#define source_image_step (by_input ? out_image_step : in_image_step)
#define strides uvec3(stride(0), stride(1), stride(2))
uvec3 input_extent() { return uvec3(in_extent(0), in_extent(1), in_extent(2)); }
uvec3 output_extent() { return uvec3(out_extent(0), out_extent(1), out_extent(2)); }
uvec3 filter_extent() { return uvec3(window_extent(0), window_extent(1), window_extent(2)); }
uvec3 source_extent() { return by_input ? output_extent() : input_extent(); }

uint volume(uvec3 extent) { return extent.x * extent.y * extent.z; }
uint number_of(uvec3 at, uvec3 extent) { return (at.x * extent.y + at.y) * extent.z + at.z; }
uvec3 at_number(uint number, uvec3 extent) {
  return uvec3(number / (extent.z * extent.y), number / extent.z % extent.y, number % extent.z);
}

// What this workgroup computes.
uint first_row;
uint first_column;
uint row_count;
uint column_count;
uint end;  // of the terms
uint feature_group;

// The positions and taps that it pairs, both counted from 0: position p with tap t is at
// `origin + p * position_step + t * tap_step` of the source. Of the gradient by the input they are
// the positions equal to `phase` modulo the stride, and the taps that meet an output position there:
// every `tap_period`th from `first_tap`.
uvec3 position_extent;
uvec3 tap_extent;
ivec3 origin;
ivec3 position_step;
ivec3 tap_step;
ivec3 phase;
ivec3 first_tap;
ivec3 tap_period;

void pair_all(uint axis) {
  position_extent[axis] = out_extent(axis);
  tap_extent[axis] = window_extent(axis);
  origin[axis] = -padding(axis);
  position_step[axis] = stride(axis);
  tap_step[axis] = dilation(axis);
  first_tap[axis] = 0;
  tap_period[axis] = 1;
}
void pair_phase(uint axis) {
  const int every = stride(axis);
  int shift = phase[axis] + padding(axis);
  int first = 0;
  for (; first < every && shift / every * every != shift; ++first) shift -= dilation(axis);
  int period = 1;
  while (period * dilation(axis) % every != 0) ++period;
  const int taps = first < every ? max(int(window_extent(axis)) - first, 0) : 0;
  position_extent[axis] = (in_extent(axis) + uint(every - 1 - phase[axis])) / uint(every);
  tap_extent[axis] = uint((taps + period - 1) / period);
  origin[axis] = shift / every;
  position_step[axis] = 1;
  tap_step[axis] = -(period * dilation(axis) / every);
  first_tap[axis] = first;
  tap_period[axis] = period;
}

// What a position, or a tap with its channel, adds to the place of an element: in the source three
// coordinates and a number of elements, in the array of the right operand or of the result elements.
struct Place {
  ivec4 in_source;
  uint in_other;
};
// Outside the source, whatever is added to it.
const Place nowhere = Place(ivec4(-0x40000000, 0, 0, 0), 0);

Place place_of_position(uint number) {
  const uint image = number / volume(position_extent);
  const uvec3 at = at_number(number % volume(position_extent), position_extent);
  const uint other =
      by_input ? image * in_image_step +
                     number_of(at * strides + uvec3(phase), input_extent()) * in_position_step
               : image * out_image_step + number_of(at, output_extent()) * out_position_step;
  return Place(ivec4(origin + ivec3(at) * position_step, image * source_image_step), other);
}
Place place_of_tap(uint number) {
  const uint channel = number % source_channels;
  const ivec3 at = ivec3(at_number(number / source_channels, tap_extent));
  const uint tap = number_of(uvec3(first_tap + at * tap_period), filter_extent());
  return Place(ivec4(at * tap_step, channel * source_channel_step),
               tap * filter_tap_step + channel * (by_input ? 1 : filter_channel_step));
}
Place place_of_row(uint row) {
  if (row >= row_count) return nowhere;
  return by_filter ? place_of_tap(row) : place_of_position(row);
}
Place place_of_term(uint term) {
  if (term >= end) return nowhere;
  return by_filter ? place_of_position(term) : place_of_tap(term);
}

// They take divisions, so invocations share them.
shared ivec4 rows_in_source[tile_rows];
shared ivec4 terms_in_source[depth];
shared uint terms_in_other[depth];

void prepare_rows() {
  const uint group_step = source_channels * source_channel_step;
  for (uint i = gl_LocalInvocationID.x; i < tile_rows; i += gl_WorkGroupSize.x)
    rows_in_source[i] =
        place_of_row(first_row + i).in_source + ivec4(0, 0, 0, feature_group * group_step);
}
void prepare_terms(uint first) {
  for (uint l = gl_LocalInvocationID.x; l < depth; l += gl_WorkGroupSize.x) {
    const Place place = place_of_term(first + l);
    terms_in_source[l] = place.in_source;
    terms_in_other[l] = place.in_other;
  }
}
FACTOR left_element(uint i, uint l, uint first) {
  const ivec4 place = rows_in_source[i] + terms_in_source[l];
  const uvec3 at = uvec3(place.xyz);  // what is negative is beyond every extent
  if (any(greaterThanEqual(at, source_extent()))) return FACTOR(0);
  return read_left(
      left_place(uint(place.w) + number_of(at, source_extent()) * source_position_step));
}
FACTOR right_element(uint l, uint j, uint first) {
  if (first + l >= end || first_column + j >= column_count) return FACTOR(0);
  const uint group_step = channels_out * (by_filter ? out_channel_step : 1);
  const uint column_step = by_filter ? out_channel_step : by_input ? filter_channel_step : 1;
  return read_right(right_place(terms_in_other[l] + feature_group * group_step +
                                (first_column + j) * column_step));
}

void main() {
  uint group = group_number();
  if (group >= work_items) return;
  first_row = group % row_tiles * tile_rows;
  group /= row_tiles;
  first_column = group % column_tiles * tile_columns;
  group /= column_tiles;
  feature_group = group % group_count;
  group /= group_count;
  const uint part = group % part_count;
  phase = ivec3(at_number(group / part_count, strides));
  [[unroll]] for (uint axis = 0; axis < 3; ++axis) {
    if (by_input) pair_phase(axis);
    else pair_all(axis);
  }
  const uint position_count = batch_count * volume(position_extent);
  const uint tap_count = volume(tap_extent) * source_channels;
  row_count = by_filter ? tap_count : position_count;
  column_count = by_input ? channels_in : channels_out;
  if (first_row >= row_count) return;  // a phase with fewer positions than others
  const uint term_count = by_filter ? position_count : tap_count;
  const uint terms_of_part = (term_count + part_count - 1) / part_count;
  end = min((part + 1) * terms_of_part, term_count);
  prepare_rows();
  const bool left_along_terms = (source_channel_step == 1) != by_filter;
  const bool right_along_terms = by_input || (by_filter && out_channel_step != 1);
  sum_terms(part * terms_of_part, end, left_along_terms, right_along_terms);

  const uint column_step = by_filter ? 1 : by_input ? in_channel_step : out_channel_step;
  const uint result_size = by_filter  ? volume(filter_extent()) * filter_tap_step
                           : by_input ? batch_count * in_image_step
                                      : batch_count * out_image_step;
  [[unroll]] for (uint i = 0; i < rows; ++i) {
    const uint row = first_row + row_of_sum(i);
    const uint row_place = part * result_size + place_of_row(row).in_other;
    [[unroll]] for (uint j = 0; j < columns; ++j) {
      const uint column = first_column + column_of_sum(j);
      if (row < row_count && column < column_count)
        write_result(row_place + (feature_group * column_count + column) * column_step,
                     sums[i * columns + j]);
    }
  }
}
