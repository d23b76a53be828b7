#version 450
// The first index of the greatest or least element along an axis; NaN is none. A long line is cut
// into slices, each of which has a candidate; then the candidates are compared.
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"

layout(constant_id = 1) const uint op = OP_MAXIMUM;
layout(constant_id = 2) const uint index_words = 1;  // of 32 bits
layout(constant_id = 3) const uint of_candidates = 0;

layout(set = 0, binding = 1, std430) readonly buffer X { STORED x[]; };
layout(set = 0, binding = 2, std430) readonly buffer Candidates { uint candidates[]; };
layout(set = 0, binding = 3, std430) writeonly buffer Y { uint y[]; };

// arguments: slices of all lines; extent of the axis, elements after it; of a line, the slices and
// what is compared; what is compared in a slice
void main() {
  const uint i = invocation_number();
  if (i >= arguments[0]) return;
  const uint extent = arguments[1];
  const uint inner = arguments[2];
  const uint line = i / arguments[3];
  const uint terms = arguments[4];
  const uint begin = i % arguments[3] * arguments[5];
  const uint base = line / inner * extent * inner + line % inner;
  VALUE best = identity_of(op);
  uint index = of_candidates != 0 ? candidates[line * terms] : min(begin, extent - 1);
  for (uint n = begin; n < min(begin + arguments[5], terms); ++n) {
    const uint at = of_candidates != 0 ? candidates[line * terms + n] : n;
    const VALUE value = read_element(x, base + at * inner);
    if (!IS_NAN(value) && (op == OP_MAXIMUM ? value > best : value < best)) {
      best = value;
      index = at;
    }
  }
  y[i * index_words] = index;
  if (index_words == 2) y[i * 2 + 1] = 0;
}
