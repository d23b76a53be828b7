#version 450
// Rows replaced by the last of their updates, which are in the order of the rows.
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"

layout(set = 0, binding = 1, std430) readonly buffer Keys { uint keys[]; };
layout(set = 0, binding = 2, std430) readonly buffer Order { uint order[]; };
layout(set = 0, binding = 3, std430) readonly buffer Updates { STORED updates[]; };
layout(set = 0, binding = 4, std430) writeonly buffer Y { STORED y[]; };

// arguments: updates, columns, rows
void main() {
  const uint i = invocation_number();
  const uint columns = arguments[1];
  const uint position = i / columns;
  const uint column = i % columns;
  if (position >= arguments[0]) return;
  const uint row = keys[position];
  if (row >= arguments[2]) return;
  if (position + 1 < arguments[0] && keys[position + 1] == row) return;
  write_element(y, row * columns + column,
                read_element(updates, order[position] * columns + column));
}
