// Transforms of tiles: an invocation has a channel of some tiles in a row, so that it divides once
// to find them. Transformed, they lie as [frequency, tile, channel].
#include "winograd.glsl"

#define tile_rows arguments[0]     // of an image
#define tile_columns arguments[1]
#define channels arguments[2]
#define height int(arguments[3])   // of the image that is read or written
#define width int(arguments[4])
#define pad_top int(arguments[5])
#define pad_left int(arguments[6])
#define position_step arguments[7]  // distances between neighbouring positions, channels and images
#define channel_step arguments[8]
#define image_step arguments[9]
#define first_tile arguments[10]
#define tile_count arguments[11]
#define tiles_each arguments[12]  // of an invocation
#define frequency_step arguments[13]  // between frequencies of the transformed tiles

struct Tile {
  uint image;
  int row;  // of its first pixel of the convolution's result
  int column;
};

Tile tile_of(uint number) {
  const uint line = number / tile_columns;
  return Tile(line / tile_rows, int(line % tile_rows * 2), int(number % tile_columns * 2));
}

Tile next(Tile tile) {
  tile.column += 2;
  if (tile.column < int(tile_columns * 2)) return tile;
  tile.column = 0;
  tile.row += 2;
  if (tile.row < int(tile_rows * 2)) return tile;
  tile.row = 0;
  ++tile.image;
  return tile;
}

// For each tile of the invocation `step` is done: `channel` of `tile`, whose first frequency is
// element `transformed`.
#define FOR_EACH_TILE(step)                                                       \
  {                                                                               \
    const uint item = invocation_number();                                        \
    const uint channel = item % channels;                                         \
    const uint begin = item / channels * tiles_each;                              \
    const uint end = min(begin + tiles_each, tile_count);                         \
    if (begin >= end) return;                                                     \
    Tile tile = tile_of(first_tile + begin);                                      \
    for (uint number = begin; number < end; ++number, tile = next(tile)) {        \
      const uint transformed = number * channels + channel;                       \
      step(tile, channel, transformed);                                           \
    }                                                                             \
  }

bool is_inside(int y, int x) { return y >= 0 && y < height && x >= 0 && x < width; }
uint element_of(uint image, int y, int x, uint channel) {
  return image * image_step + uint(y * width + x) * position_step + channel * channel_step;
}
// A pixel's element; outside the image 0.
float pixel_of(int y, int x, uint element) {
  const bool inside = is_inside(y, x);
  const float value = read_source(inside ? element : 0);
  return inside ? value : 0.0;
}
