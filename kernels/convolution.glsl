// The geometry of a convolution, as arguments. Three spatial axes; those that are missing have
// extent 1. A group's channels: `channels_in` and `channels_out`.
#include "element.glsl"
#include "places.glsl"

#define batch_count arguments[0]
#define group_count arguments[1]
#define channels_in arguments[2]
#define channels_out arguments[3]
#define in_extent(axis) arguments[4 + (axis)]
#define out_extent(axis) arguments[7 + (axis)]
#define window_extent(axis) arguments[10 + (axis)]
#define stride(axis) int(arguments[13 + (axis)])
#define dilation(axis) int(arguments[16 + (axis)])
#define padding(axis) int(arguments[19 + (axis)])
// Distances between neighbouring positions, channels and images.
#define in_position_step arguments[22]
#define in_channel_step arguments[23]
#define out_position_step arguments[24]
#define out_channel_step arguments[25]
#define in_image_step arguments[26]
#define out_image_step arguments[27]
// How the work is divided.
#define row_tiles arguments[28]
#define column_tiles arguments[29]
#define work_items arguments[30]
#define part_count arguments[31]
#define lines_per_part arguments[32]

#define filter_channel_step (group_count * channels_out)
#define filter_tap_step (channels_in * group_count * channels_out)

// Where tap `t` of output position `o` looks along an axis; out of range outside the input.
int input_of(int o, int t, uint axis) { return o * stride(axis) + t * dilation(axis) - padding(axis); }
// Which output position's tap `t` looks at input position `i`; negative if none.
int output_of(int i, int t, uint axis) {
  const int shifted = i + padding(axis) - t * dilation(axis);
  if (shifted < 0 || shifted % stride(axis) != 0) return -1;
  return shifted / stride(axis);
}
