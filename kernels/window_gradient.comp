#version 450
// Gradient of pooling: each element of the input sums what its windows send it, in the order in
// which the reference adds them: of the taps for a sum, of the windows for a maximum.
#extension GL_GOOGLE_include_directive : require
#include "window.glsl"

layout(constant_id = 1) const uint op = OP_MAXIMUM;

layout(set = 0, binding = 1, std430) readonly buffer Gradient { STORED gradient[]; };
layout(set = 0, binding = 2, std430) readonly buffer Origin { int origin[]; };
layout(set = 0, binding = 3, std430) writeonly buffer Y { STORED y[]; };

void main() {
  const uint i = invocation_number();
  if (i >= invocations) return;
  const Place place = in_place(i);
  VALUE total = VALUE(0);
  int t[axis_count];
  if (op == OP_SUM) {
    FOR_EACH_TAP(t) {
      const int from = output_at(place, t);
      if (from >= 0) total += read_element(gradient, from);
    }
  } else {
    FOR_EACH_TAP_BACKWARDS(t) {
      const int from = output_at(place, t);
      if (from >= 0) {
        if (origin[from] == int(i)) total += read_element(gradient, from);
      }
    }
  }
  write_element(y, i, total);
}
