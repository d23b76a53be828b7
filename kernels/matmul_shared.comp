#version 450
// Matrix products for GPUs: tiles of both matrices in shared memory.
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"
#include "places.glsl"
#include "shared_tile.glsl"

// arguments: as matmul.comp
#define row_count arguments[0]
#define column_count arguments[1]

// What this workgroup computes.
uint first_row;
uint first_column;
uint batch;
uint end;  // of the terms

FACTOR left_element(uint i, uint l, uint first) {
  if (first + l >= end || first_row + i >= row_count) return FACTOR(0);
  return read_left(left_place(batch * arguments[5] + (first_row + i) * arguments[3] +
                              (first + l) * arguments[4]));
}
FACTOR right_element(uint l, uint j, uint first) {
  if (first + l >= end || first_column + j >= column_count) return FACTOR(0);
  return read_right(right_place(batch * arguments[8] + (first + l) * arguments[6] +
                                (first_column + j) * arguments[7]));
}
void prepare_terms(uint first) {}

void main() {
  uint group = group_number();
  if (group >= arguments[13]) return;
  first_row = group % arguments[9] * tile_rows;
  group /= arguments[9];
  first_column = group % arguments[10] * tile_columns;
  group /= arguments[10];
  const uint part = group % arguments[11];
  batch = group / arguments[11];
  const uint begin = part * arguments[12];
  end = min(begin + arguments[12], arguments[2]);
  sum_terms(begin, end, arguments[4] == 1, arguments[6] == 1 && arguments[7] != 1);

  const uint batches = arguments[14];
  [[unroll]] for (uint i = 0; i < rows; ++i)
    [[unroll]] for (uint j = 0; j < columns; ++j) {
      const uint row = first_row + row_of_sum(i);
      const uint column = first_column + column_of_sum(j);
      if (row < row_count && column < column_count)
        write_result(((part * batches + batch) * row_count + row) * column_count + column,
                     sums[i * columns + j]);
    }
}
