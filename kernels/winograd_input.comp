#version 450
// The input's tiles, transformed: B^T d B.
#extension GL_GOOGLE_include_directive : require
#include "winograd_tiles.glsl"

vec4 transformed_line(vec4 d) { return vec4(d.x - d.z, d.y + d.z, d.z - d.y, d.y - d.w); }

void transform(Tile tile, uint channel, uint to) {
  const int top = tile.row - pad_top;
  const int left = tile.column - pad_left;
  const uint first = element_of(tile.image, top, left, channel);
  vec4 rows[4];
  [[unroll]] for (int i = 0; i < 4; ++i) {
    vec4 d;
    [[unroll]] for (int j = 0; j < 4; ++j)
      d[j] = pixel_of(top + i, left + j, first + (i * width + j) * position_step);
    rows[i] = transformed_line(d);
  }
  [[unroll]] for (uint j = 0; j < 4; ++j) {
    const vec4 column = transformed_line(vec4(rows[0][j], rows[1][j], rows[2][j], rows[3][j]));
    [[unroll]] for (uint i = 0; i < 4; ++i) write_target((4 * i + j) * frequency_step + to, column[i]);
  }
}

void main() { FOR_EACH_TILE(transform) }
