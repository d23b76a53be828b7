#version 450
// What the elements of each slice of a scan make together.
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"

layout(constant_id = 1) const uint op = 0;
layout(constant_id = 2) const uint reverse = 0;

layout(set = 0, binding = 1, std430) readonly buffer X { STORED x[]; };
layout(set = 0, binding = 2, std430) writeonly buffer Totals { VALUE totals[]; };

// arguments: as scan.comp
void main() {
  const uint i = invocation_number();
  if (i >= arguments[0]) return;
  const uint extent = arguments[1];
  const uint inner = arguments[2];
  const uint line = i / arguments[3];
  const uint begin = i % arguments[3] * arguments[4];
  const uint base = line / inner * extent * inner + line % inner;
  VALUE total = identity_of(op);
  for (uint n = begin; n < min(begin + arguments[4], extent); ++n)
    total = combine(op, total, read_element(x, base + (reverse != 0 ? extent - 1 - n : n) * inner));
  totals[i] = total;
}
