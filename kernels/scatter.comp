#version 450
// Updates in the order of their row: an invocation for each column of each update. That of the first
// update of a row applies all of the row's, in their order, so the result never depends on timing.
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"

layout(constant_id = 1) const uint op = 1;  // ir::ScatterOp

layout(set = 0, binding = 1, std430) readonly buffer Keys { uint keys[]; };
layout(set = 0, binding = 2, std430) readonly buffer Order { uint order[]; };
layout(set = 0, binding = 3, std430) readonly buffer Updates { STORED updates[]; };
layout(set = 0, binding = 4, std430) buffer Y { STORED y[]; };

VALUE apply(VALUE x, VALUE update) {
  precise VALUE result = x;
  if (op == 1) result = x + update;
  if (op == 2) result = x - update;
  if (op == 3) result = x * update;
  if (op == 4) result = combine(OP_MAXIMUM, x, update);
  if (op == 5) result = combine(OP_MINIMUM, x, update);
  return result;
}

// arguments: updates, columns, rows
void main() {
  const uint i = invocation_number();
  const uint count = arguments[0];
  const uint columns = arguments[1];
  uint position = i / columns;
  const uint column = i % columns;
  if (position >= count) return;
  const uint row = keys[position];
  if (row >= arguments[2]) return;
  if (position > 0 && keys[position - 1] == row) return;
  const uint to = row * columns + column;
  VALUE total = read_element(y, to);
  for (; position < count && keys[position] == row; ++position)
    total = apply(total, read_element(updates, order[position] * columns + column));
  write_element(y, to, total);
}
