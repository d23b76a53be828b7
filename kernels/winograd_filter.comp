#version 450
// A filter of 3x3 taps, transformed: G g G^T, as [frequency, channel in, channel out]. An invocation
// has a pair of channels.
#extension GL_GOOGLE_include_directive : require
#include "winograd.glsl"

layout(constant_id = 1) const uint turned = 0;  // by 180 degrees

// arguments: pairs of channels; from a frequency to the next
#define pairs arguments[0]
#define frequency_step arguments[1]

vec4 transformed_line(vec3 g) {
  const float ends = 0.5 * (g.x + g.z);
  const float middle = 0.5 * g.y;
  return vec4(g.x, ends + middle, ends - middle, g.z);
}

void main() {
  const uint pair = invocation_number();
  if (pair >= pairs) return;
  vec4 rows[3];
  [[unroll]] for (uint i = 0; i < 3; ++i) {
    vec3 g;
    [[unroll]] for (uint j = 0; j < 3; ++j) {
      const uint tap = 3 * i + j;
      g[j] = read_source((turned != 0 ? 8 - tap : tap) * pairs + pair);
    }
    rows[i] = transformed_line(g);
  }
  [[unroll]] for (uint j = 0; j < 4; ++j) {
    const vec4 column = transformed_line(vec3(rows[0][j], rows[1][j], rows[2][j]));
    [[unroll]] for (uint i = 0; i < 4; ++i)
      write_target((4 * i + j) * frequency_step + pair, column[i]);
  }
}
