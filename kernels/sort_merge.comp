#version 450
// Merges neighbouring sorted runs: each element finds its place by searching the other run for its
// rank. Equal elements of the first run stay before those of the second.
#extension GL_GOOGLE_include_directive : require
#include "sort.glsl"

layout(set = 0, binding = 1, std430) readonly buffer X { KEY x[]; };
layout(set = 0, binding = 2, std430) readonly buffer From { uint from[]; };
layout(set = 0, binding = 3, std430) writeonly buffer Keys { KEY keys[]; };
layout(set = 0, binding = 4, std430) writeonly buffer Order { uint order[]; };

// arguments: elements, elements of a row, of a run
void main() {
  const uint i = invocation_number();
  if (i >= arguments[0]) return;
  const uint extent = arguments[1];
  const uint run = arguments[2];
  const uint base = i / extent * extent;
  const uint at = i - base;
  const uint pair = at / (2 * run) * (2 * run);
  const uint middle = min(pair + run, extent);
  const bool first = at < middle;
  const KEY key = x[i];
  uint low = first ? middle : pair;
  uint high = first ? min(middle + run, extent) : middle;
  const uint begin = low;
  while (low < high) {
    const uint half_way = low + (high - low) / 2;
    const KEY other = x[base + half_way];
    const bool precedes = first ? before(other, key) : !before(key, other);
    if (precedes) low = half_way + 1;
    else high = half_way;
  }
  const uint to = base + (first ? at : at - (middle - pair)) + (low - begin);
  keys[to] = key;
  order[to] = from[i];
}
