#version 450
// The first index of the greatest or least element along an axis; NaN is none.
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"

layout(constant_id = 1) const uint op = OP_MAXIMUM;
layout(constant_id = 2) const uint index_words = 1;  // of 32 bits

layout(set = 0, binding = 1, std430) readonly buffer X { STORED x[]; };
layout(set = 0, binding = 2, std430) writeonly buffer Y { uint y[]; };

// arguments: lines, extent of the axis, elements after it
void main() {
  const uint i = invocation_number();
  if (i >= arguments[0]) return;
  const uint extent = arguments[1];
  const uint inner = arguments[2];
  const uint base = i / inner * extent * inner + i % inner;
  VALUE best = identity_of(op);
  uint index = 0;
  for (uint n = 0; n < extent; ++n) {
    const VALUE value = load(x[base + n * inner]);
    if (!IS_NAN(value) && (op == OP_MAXIMUM ? value > best : value < best)) {
      best = value;
      index = n;
    }
  }
  y[i * index_words] = index;
  if (index_words == 2) y[i * 2 + 1] = 0;
}
