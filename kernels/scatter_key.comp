#version 450
// Indices as keys to sort by: those out of range come last.
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"

layout(set = 0, binding = 1, std430) readonly buffer Indices { STORED indices[]; };
layout(set = 0, binding = 2, std430) writeonly buffer Keys { uint keys[]; };

// arguments: indices, rows
void main() {
  const uint i = invocation_number();
  if (i >= arguments[0]) return;
#ifdef TYPE_b8
  const uint index = indices[i].y == 0 ? indices[i].x : 0xffffffffu;
#else
  const uint index = indices[i];
#endif
  keys[i] = index < arguments[1] ? index : 0xffffffffu;
}
