#version 450
// Sums the parts of a contraction in their order.
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"

layout(set = 0, binding = 1, std430) readonly buffer Parts { VALUE parts[]; };
layout(set = 0, binding = 2, std430) writeonly buffer Y { STORED y[]; };

// arguments: elements, parts
void main() {
  const uint i = invocation_number();
  const uint count = arguments[0];
  if (i >= count) return;
  VALUE sum = parts[i];
  for (uint part = 1; part < arguments[1]; ++part) sum += parts[part * count + i];
  y[i] = store(sum);
}
