#version 450
// Sorts short runs of keys by insertion, with their positions in the row.
#extension GL_GOOGLE_include_directive : require
#include "sort.glsl"

layout(constant_id = 1) const uint run = 16;

layout(set = 0, binding = 1, std430) readonly buffer X { KEY x[]; };
layout(set = 0, binding = 2, std430) writeonly buffer Keys { KEY keys[]; };
layout(set = 0, binding = 3, std430) writeonly buffer Order { uint order[]; };

// arguments: runs, runs of a row, elements of a row
void main() {
  const uint i = invocation_number();
  if (i >= arguments[0]) return;
  const uint extent = arguments[2];
  const uint base = i / arguments[1] * extent;
  const uint begin = i % arguments[1] * run;
  const uint count = min(run, extent - begin);
  KEY sorted[run];
  uint positions[run];
  for (uint n = 0; n < count; ++n) {
    const KEY key = x[base + begin + n];
    uint at = n;
    for (; at > 0 && before(key, sorted[at - 1]); --at) {
      sorted[at] = sorted[at - 1];
      positions[at] = positions[at - 1];
    }
    sorted[at] = key;
    positions[at] = begin + n;
  }
  for (uint n = 0; n < count; ++n) {
    keys[base + begin + n] = sorted[n];
    order[base + begin + n] = positions[n];
  }
}
