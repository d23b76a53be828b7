// The tile of a contraction that a workgroup computes: its operands' tiles are brought into shared
// memory, and each invocation holds a small block of sums in registers. The kernel that includes
// this says what the elements of its operands are.
layout(constant_id = 1) const uint rows = 4;         // of an invocation
layout(constant_id = 2) const uint columns = 4;
layout(constant_id = 3) const uint rows_across = 16;  // invocations along the rows
layout(constant_id = 4) const uint columns_across = 16;
layout(constant_id = 5) const uint depth = 16;  // terms of each sum that are brought at a time

const uint tile_rows = rows * rows_across;
const uint tile_columns = columns * columns_across;

// The element of the left operand in row `i` of the tile, of term `first + l`, and that of the right
// operand in column `j`; 0 where the tile reaches beyond the operand or the sum.
VALUE left_element(uint i, uint l, uint first);
VALUE right_element(uint l, uint j, uint first);
// All invocations are here before elements of terms `first` … `first + depth - 1` are asked for,
// and after those before them were: what they share may be made.
void prepare_terms(uint first);

// One more than a multiple of the banks of shared memory, where neighbours write along the terms.
shared VALUE left_tile[depth * (tile_rows + 1)];
shared VALUE right_tile[depth * (tile_columns + 1)];

// An invocation's rows and columns of the tile are apart by the number of invocations across it.
uint row_of_sum(uint i) { return gl_LocalInvocationID.x / columns_across + i * rows_across; }
uint column_of_sum(uint j) { return gl_LocalInvocationID.x % columns_across + j * columns_across; }
VALUE sums[rows * columns];

// The sums of terms `begin` … `end - 1`. Neighbouring invocations read neighbouring elements: those
// of an operand are neighbours along the terms, or else along its rows or columns.
void sum_terms(uint begin, uint end, bool left_along_terms, bool right_along_terms) {
  const uint threads = rows_across * columns_across;
  const uint thread = gl_LocalInvocationID.x;
  [[unroll]] for (uint i = 0; i < rows * columns; ++i) sums[i] = VALUE(0);
  prepare_terms(begin);
  barrier();
  for (uint first = begin; first < end; first += depth) {
    for (uint e = thread; e < tile_rows * depth; e += threads) {
      const uint l = left_along_terms ? e % depth : e / tile_rows;
      const uint i = left_along_terms ? e / depth : e % tile_rows;
      left_tile[l * (tile_rows + 1) + i] = left_element(i, l, first);
    }
    for (uint e = thread; e < tile_columns * depth; e += threads) {
      const uint l = right_along_terms ? e % depth : e / tile_columns;
      const uint j = right_along_terms ? e / depth : e % tile_columns;
      right_tile[l * (tile_columns + 1) + j] = right_element(l, j, first);
    }
    barrier();
    prepare_terms(first + depth);
    for (uint l = 0; l < depth; ++l) {
      VALUE left[rows];
      [[unroll]] for (uint i = 0; i < rows; ++i)
        left[i] = left_tile[l * (tile_rows + 1) + row_of_sum(i)];
      [[unroll]] for (uint j = 0; j < columns; ++j) {
        const VALUE right = right_tile[l * (tile_columns + 1) + column_of_sum(j)];
        [[unroll]] for (uint i = 0; i < rows; ++i)
          sums[i * columns + j] = MULTIPLY_ADD(left[i], right, sums[i * columns + j]);
      }
    }
    barrier();
  }
}
