#version 450
// Small integers as 32-bit ones.
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"

layout(set = 0, binding = 1, std430) readonly buffer X { STORED x[]; };
layout(set = 0, binding = 2, std430) writeonly buffer Y { VALUE y[]; };

void main() {
  const uint i = invocation_number();
  if (i < arguments[0]) y[i] = read_element(x, i);
}
