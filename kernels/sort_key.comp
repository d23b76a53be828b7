#version 450
// Elements as unsigned keys in the same order. Zeros are equal; NaNs are equal and the greatest.
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"

layout(constant_id = 1) const uint kind = 0;            // 0 unsigned, 1 signed, 2 float
layout(constant_id = 2) const uint sign_bit = 0;        // of the most significant word
layout(constant_id = 3) const uint infinity_bits = 0;   // of the most significant word
layout(constant_id = 4) const uint descending = 0;

#ifdef TYPE_b8
#define KEY uvec2
#else
#define KEY uint
#endif
layout(set = 0, binding = 1, std430) readonly buffer X { STORED x[]; };
layout(set = 0, binding = 2, std430) writeonly buffer Keys { KEY keys[]; };

void main() {
  const uint i = invocation_number();
  if (i >= arguments[0]) return;
#ifdef TYPE_b8
  uint low = x[i].x;
  uint high = x[i].y;
#else
  uint low = 0;
  uint high = read_element(x, i);
#endif
  if (kind == 1) high ^= sign_bit;
  if (kind == 2) {
    const uint magnitude = high & (sign_bit - 1);
    if (magnitude > infinity_bits || (magnitude == infinity_bits && low != 0)) {
      high = 0xffffffffu;
      low = 0xffffffffu;
    } else if (magnitude == 0 && low == 0) {
      high = sign_bit;
    } else if ((high & sign_bit) != 0) {
      high = ~high & (sign_bit | (sign_bit - 1));
      low = ~low;
    } else {
      high |= sign_bit;
    }
  }
  if (descending != 0) {
    high = ~high;
    low = ~low;
  }
#ifdef TYPE_b8
  keys[i] = uvec2(low, high);
#else
  keys[i] = high;
#endif
}
