#version 450
// Rows of params chosen by indices; an index out of range gives zeros.
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"

layout(constant_id = 1) const uint index_words = 1;  // of 32 bits

layout(set = 0, binding = 1, std430) readonly buffer Params { STORED params[]; };
layout(set = 0, binding = 2, std430) readonly buffer Indices { uint indices[]; };
layout(set = 0, binding = 3, std430) writeonly buffer Y { STORED y[]; };

// arguments: elements, of a row, indices per batch, rows per index list, extent of the axis
void main() {
  const uint i = invocation_number();
  if (i >= arguments[0]) return;
  const uint width = arguments[1];
  const uint per_batch = arguments[2];
  const uint extent = arguments[4];
  const uint row = i / width;
  const uint outer = row / per_batch;
  const uint position = outer / arguments[3] * per_batch + row % per_batch;
  const uint index = indices[position * index_words];
  // Negative numbers are great ones without sign.
  bool inside = index < extent;
  if (index_words == 2) inside = inside && indices[position * 2 + 1] == 0;
  RAW value = RAW(0);
  if (inside) value = read_element(params, (outer * extent + index) * width + i % width);
  write_element(y, i, value);
}
