#version 450
// Each element of the result: an element of the operand, or the padding.
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"

layout(set = 0, binding = 1, std430) readonly buffer X { STORED x[]; };
layout(set = 0, binding = 2, std430) readonly buffer Padding { STORED padding[]; };
layout(set = 0, binding = 3, std430) writeonly buffer Y { STORED y[]; };

// arguments: elements, rank; for each axis, the last one first: extent of the result, low padding,
// step between neighbours, extent and stride of the operand.
void main() {
  const uint i = invocation_number();
  if (i >= arguments[0]) return;
  uint rest = i;
  uint from = 0;
  bool inside = true;
  for (uint axis = 0; axis < arguments[1]; ++axis) {
    const uint a = 2 + 5 * axis;
    const uint extent = arguments[a];
    const uint at = rest % extent;
    rest /= extent;
    const uint shifted = at - arguments[a + 1];  // wraps to a great number before the first element
    const uint element = shifted / arguments[a + 2];
    inside = inside && at >= arguments[a + 1] && shifted % arguments[a + 2] == 0 &&
             element < arguments[a + 3];
    from += element * arguments[a + 4];
  }
  RAW value = read_element(padding, 0);
  if (inside) value = read_element(x, from);
  write_element(y, i, value);
}
