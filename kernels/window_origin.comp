#version 450
// Which element of the input is the first maximum of each window. NaN takes over from nobody and
// yields to nobody.
#extension GL_GOOGLE_include_directive : require
#include "window.glsl"

layout(set = 0, binding = 1, std430) readonly buffer X { STORED x[]; };
layout(set = 0, binding = 2, std430) writeonly buffer Origin { int origin[]; };

void main() {
  const uint i = invocation_number();
  if (i >= invocations) return;
  const Place place = out_place(i);
  VALUE best = VALUE(0);
  int best_at = -1;
  int t[axis_count];
  FOR_EACH_TAP(t) {
    const int from = input_at(place, t);
    if (from < 0) continue;
    const VALUE value = read_element(x, from);
    if (best_at < 0 || (best < value && !IS_NAN(best) && !IS_NAN(value))) {
      best = value;
      best_at = from;
    }
  }
  origin[i] = best_at;
}
