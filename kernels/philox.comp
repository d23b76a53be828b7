#version 450
// Random words: an invocation for each block of four.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "philox.glsl"

layout(set = 0, binding = 1, std430) readonly buffer Key { uvec2 key; };
layout(set = 0, binding = 2, std430) readonly buffer Counter { uint counter[4]; };
layout(set = 0, binding = 3, std430) writeonly buffer Y { uint y[]; };

// arguments: words
void main() {
  const uint i = invocation_number();
  const uint count = arguments[0];
  if (i >= (count + 3) / 4) return;
  const uvec4 first = uvec4(counter[0], counter[1], counter[2], counter[3]);
  const uvec4 block = stream_block(first, key, uvec2(i, 0));
  for (uint n = 0; n < 4 && i * 4 + n < count; ++n) y[i * 4 + n] = block[n];
}
