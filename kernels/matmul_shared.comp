#version 450
// Matrix products for GPUs: a workgroup brings tiles of A and B into shared memory, and each
// invocation holds a small block of sums in registers.
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"
#include "places.glsl"

layout(constant_id = 1) const uint rows = 4;         // of an invocation
layout(constant_id = 2) const uint columns = 4;
layout(constant_id = 3) const uint rows_across = 16;  // invocations along m
layout(constant_id = 4) const uint columns_across = 16;
layout(constant_id = 5) const uint depth = 16;  // of a tile along k

// One more than a multiple of the banks of shared memory, where neighbours write along k.
shared VALUE a_tile[depth * (rows * rows_across + 1)];
shared VALUE b_tile[depth * (columns * columns_across + 1)];

// arguments: as matmul.comp
void main() {
  const uint tile_m = rows * rows_across;
  const uint tile_n = columns * columns_across;
  const uint threads = rows_across * columns_across;
  const uint m = arguments[0];
  const uint n = arguments[1];
  uint group = group_number();
  if (group >= arguments[13]) return;
  const uint row0 = group % arguments[9] * tile_m;
  group /= arguments[9];
  const uint column0 = group % arguments[10] * tile_n;
  group /= arguments[10];
  const uint part = group % arguments[11];
  const uint batch = group / arguments[11];
  const uint begin = part * arguments[12];
  const uint end = min(begin + arguments[12], arguments[2]);
  const uint thread = gl_LocalInvocationID.x;
  const uint my_row = thread / columns_across;
  const uint my_column = thread % columns_across;
  // Neighbouring invocations read neighbouring elements, along whichever axis has them.
  const bool a_along_k = arguments[4] == 1;
  const bool b_along_k = arguments[6] == 1 && arguments[7] != 1;

  VALUE sums[rows * columns];
  [[unroll]] for (uint i = 0; i < rows; ++i)
    [[unroll]] for (uint j = 0; j < columns; ++j) sums[i * columns + j] = VALUE(0);
  for (uint at = begin; at < end; at += depth) {
    for (uint e = thread; e < tile_m * depth; e += threads) {
      const uint l = a_along_k ? e % depth : e / tile_m;
      const uint i = a_along_k ? e / depth : e % tile_m;
      VALUE value = VALUE(0);
      if (at + l < end && row0 + i < m)
        value = read_left(left_place(batch * arguments[5] + (row0 + i) * arguments[3] +
                                     (at + l) * arguments[4]));
      a_tile[l * (tile_m + 1) + i] = value;
    }
    for (uint e = thread; e < tile_n * depth; e += threads) {
      const uint l = b_along_k ? e % depth : e / tile_n;
      const uint j = b_along_k ? e / depth : e % tile_n;
      VALUE value = VALUE(0);
      if (at + l < end && column0 + j < n)
        value = read_right(right_place(batch * arguments[8] + (at + l) * arguments[6] +
                                       (column0 + j) * arguments[7]));
      b_tile[l * (tile_n + 1) + j] = value;
    }
    barrier();
    for (uint l = 0; l < depth; ++l) {
      VALUE left[rows];
      [[unroll]] for (uint i = 0; i < rows; ++i)
        left[i] = a_tile[l * (tile_m + 1) + my_row + i * rows_across];
      [[unroll]] for (uint j = 0; j < columns; ++j) {
        const VALUE right = b_tile[l * (tile_n + 1) + my_column + j * columns_across];
        [[unroll]] for (uint i = 0; i < rows; ++i)
          sums[i * columns + j] = MULTIPLY_ADD(left[i], right, sums[i * columns + j]);
      }
    }
    barrier();
  }
  const uint batches = arguments[14];
  [[unroll]] for (uint i = 0; i < rows; ++i)
    [[unroll]] for (uint j = 0; j < columns; ++j) {
      const uint row = row0 + my_row + i * rows_across;
      const uint column = column0 + my_column + j * columns_across;
      if (row < m && column < n)
        write_result(((part * batches + batch) * m + row) * n + column, sums[i * columns + j]);
    }
}
