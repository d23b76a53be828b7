#version 450
// The sum or the maximum of each window.
#extension GL_GOOGLE_include_directive : require
#include "window.glsl"

layout(constant_id = 1) const uint op = OP_MAXIMUM;

layout(set = 0, binding = 1, std430) readonly buffer X { STORED x[]; };
layout(set = 0, binding = 2, std430) writeonly buffer Y { STORED y[]; };

void main() {
  const uint i = invocation_number();
  if (i >= invocations) return;
  const Place place = out_place(i);
  VALUE total = identity_of(op);
  int t[axis_count];
  FOR_EACH_TAP(t) {
    const int from = input_at(place, t);
    if (from >= 0) total = combine(op, total, read_element(x, from));
  }
  write_element(y, i, total);
}
