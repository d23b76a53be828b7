#version 450
// A filter's gradient from the sums over all tiles at each frequency: G^T m G. Sums in parts are
// added in their order, and those of a later block of tiles to what is there. An invocation has a
// pair of channels.
#extension GL_GOOGLE_include_directive : require
#define ADDS
#include "winograd.glsl"

// arguments: pairs of channels; parts, as [part, frequency, pair]; whether it is a later block
#define pairs arguments[0]
#define part_count arguments[1]
#define is_later arguments[2]

vec3 transformed_line(vec4 m) {
  const float sum = 0.5 * (m.y + m.z);
  return vec3(m.x + sum, 0.5 * (m.y - m.z), sum + m.w);
}

void main() {
  const uint pair = invocation_number();
  if (pair >= pairs) return;
  vec3 rows[4];
  [[unroll]] for (uint i = 0; i < 4; ++i) {
    vec4 m = vec4(0.0);
    for (uint part = 0; part < part_count; ++part)
      [[unroll]] for (uint j = 0; j < 4; ++j)
        m[j] += read_source((part * frequencies + 4 * i + j) * pairs + pair);
    rows[i] = transformed_line(m);
  }
  [[unroll]] for (uint j = 0; j < 3; ++j) {
    const vec3 column = transformed_line(vec4(rows[0][j], rows[1][j], rows[2][j], rows[3][j]));
    [[unroll]] for (uint i = 0; i < 3; ++i) {
      const uint element = (3 * i + j) * pairs + pair;
      write_target(element, is_later != 0 ? read_earlier(element) + column[i] : column[i]);
    }
  }
}
