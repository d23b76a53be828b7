// A shared tile's sums in registers: each invocation holds a small block of them.
layout(constant_id = 1) const uint rows = 4;         // of an invocation
layout(constant_id = 2) const uint columns = 4;
layout(constant_id = 3) const uint rows_across = 16;  // invocations along the rows
layout(constant_id = 4) const uint columns_across = 16;
layout(constant_id = 5) const uint depth = 16;  // terms of each sum that are brought at a time
#define NEXT_CONSTANT 6

const uint threads = rows_across * columns_across;
const uint tile_rows = rows * rows_across;
const uint tile_columns = columns * columns_across;

// One more than a multiple of the banks of shared memory, where neighbours write along the terms.
const uint left_stride = tile_rows + 1;
const uint right_stride = tile_columns + 1;
shared VALUE left_tile[depth * left_stride];
shared VALUE right_tile[depth * right_stride];

// An invocation's rows and columns of the tile are apart by the number of invocations across it.
uint row_of_sum(uint i) { return gl_LocalInvocationID.x / columns_across + i * rows_across; }
uint column_of_sum(uint j) { return gl_LocalInvocationID.x % columns_across + j * columns_across; }
VALUE sums[rows * columns];

void clear_sums() {
  [[unroll]] for (uint i = 0; i < rows * columns; ++i) sums[i] = VALUE(0);
}
void add_products() {
  for (uint l = 0; l < depth; ++l) {
    VALUE left[rows];
    [[unroll]] for (uint i = 0; i < rows; ++i) left[i] = left_tile[l * left_stride + row_of_sum(i)];
    [[unroll]] for (uint j = 0; j < columns; ++j) {
      const VALUE right = right_tile[l * right_stride + column_of_sum(j)];
      [[unroll]] for (uint i = 0; i < rows; ++i)
        sums[i * columns + j] = MULTIPLY_ADD(left[i], right, sums[i * columns + j]);
    }
  }
}
void finish_sums() {}
