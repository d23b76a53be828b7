#version 450
// The tiles of the gradient of a convolution's result, transformed: A g A^T.
#extension GL_GOOGLE_include_directive : require
#include "winograd_tiles.glsl"

vec4 transformed_line(vec2 g) { return vec4(g.x, g.x + g.y, g.x - g.y, -g.y); }

void transform(Tile tile, uint channel, uint to) {
  const uint first = element_of(tile.image, tile.row, tile.column, channel);
  vec4 rows[2];
  [[unroll]] for (int i = 0; i < 2; ++i) {
    vec2 g;
    [[unroll]] for (int j = 0; j < 2; ++j)
      g[j] = pixel_of(tile.row + i, tile.column + j, first + (i * width + j) * position_step);
    rows[i] = transformed_line(g);
  }
  [[unroll]] for (uint j = 0; j < 4; ++j) {
    const vec4 column = transformed_line(vec2(rows[0][j], rows[1][j]));
    [[unroll]] for (uint i = 0; i < 4; ++i) write_target((4 * i + j) * frequency_step + to, column[i]);
  }
}

void main() { FOR_EACH_TILE(transform) }
