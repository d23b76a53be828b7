#version 450
// Cumulative combination along an axis, one invocation for each line, in the order of the elements.
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"

layout(constant_id = 1) const uint op = 0;
layout(constant_id = 2) const uint exclusive = 0;
layout(constant_id = 3) const uint reverse = 0;

layout(set = 0, binding = 1, std430) readonly buffer X { STORED x[]; };
layout(set = 0, binding = 2, std430) writeonly buffer Y { STORED y[]; };

// arguments: lines, extent of the axis, elements after it
void main() {
  const uint i = invocation_number();
  if (i >= arguments[0]) return;
  const uint extent = arguments[1];
  const uint inner = arguments[2];
  const uint base = i / inner * extent * inner + i % inner;
  VALUE total = identity_of(op);
  for (uint n = 0; n < extent; ++n) {
    const uint at = base + (reverse != 0 ? extent - 1 - n : n) * inner;
    const VALUE next = combine(op, total, load(x[at]));
    y[at] = store(exclusive != 0 ? total : next);
    total = next;
  }
}
