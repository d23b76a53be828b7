#version 450
// Cumulative combination along an axis, one invocation for each slice of a line, in the order of the
// elements. A slice begins with what all slices before it make.
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"

layout(constant_id = 1) const uint op = 0;
layout(constant_id = 2) const uint exclusive = 0;
layout(constant_id = 3) const uint reverse = 0;
layout(constant_id = 4) const uint continues = 0;

layout(set = 0, binding = 1, std430) readonly buffer X { STORED x[]; };
layout(set = 0, binding = 2, std430) readonly buffer Before { VALUE before[]; };
layout(set = 0, binding = 3, std430) writeonly buffer Y { STORED y[]; };

// arguments: slices of all lines; extent of the axis, elements after it; slices of a line, elements
// of a slice
void main() {
  const uint i = invocation_number();
  if (i >= arguments[0]) return;
  const uint extent = arguments[1];
  const uint inner = arguments[2];
  const uint line = i / arguments[3];
  const uint begin = i % arguments[3] * arguments[4];
  const uint base = line / inner * extent * inner + line % inner;
  VALUE total = continues != 0 && begin > 0 ? before[i] : identity_of(op);
  for (uint n = begin; n < min(begin + arguments[4], extent); ++n) {
    const uint at = base + (reverse != 0 ? extent - 1 - n : n) * inner;
    const VALUE next = combine(op, total, read_element(x, at));
    write_element(y, at, exclusive != 0 ? total : next);
    total = next;
  }
}
