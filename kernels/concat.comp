#version 450
// Writes one operand into its place: rows of the operand at a distance.
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"

layout(set = 0, binding = 1, std430) readonly buffer X { STORED x[]; };
layout(set = 0, binding = 2, std430) writeonly buffer Y { STORED y[]; };

// arguments: elements, elements of a row of the operand, of the result, where the first row begins
void main() {
  const uint i = invocation_number();
  if (i >= arguments[0]) return;
  const uint row = i / arguments[1];
  const uint to = row * arguments[2] + arguments[3] + (i - row * arguments[1]);
  write_element(y, to, read_element(x, i));
}
