#version 450
// The result's tiles from their products at all frequencies: A^T m A.
#extension GL_GOOGLE_include_directive : require
#include "winograd_tiles.glsl"

vec2 transformed_line(vec4 m) { return vec2(m.x + m.y + m.z, m.y - m.z - m.w); }

void transform(Tile tile, uint channel, uint from) {
  vec2 rows[4];
  [[unroll]] for (uint i = 0; i < 4; ++i) {
    vec4 m;
    [[unroll]] for (uint j = 0; j < 4; ++j) m[j] = read_source((4 * i + j) * frequency_step + from);
    rows[i] = transformed_line(m);
  }
  const uint first = element_of(tile.image, tile.row, tile.column, channel);
  [[unroll]] for (int j = 0; j < 2; ++j) {
    const vec2 column = transformed_line(vec4(rows[0][j], rows[1][j], rows[2][j], rows[3][j]));
    [[unroll]] for (int i = 0; i < 2; ++i)
      if (is_inside(tile.row + i, tile.column + j))
        write_target(first + (i * width + j) * position_step, column[i]);
  }
}

void main() { FOR_EACH_TILE(transform) }
