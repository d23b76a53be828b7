// The tile of a contraction that a workgroup computes: its operands' tiles are brought into shared
// memory, and multiplied there by the invocations or, with TYPE_matrix, by cooperative matrices. The
// kernel that includes this says what the elements of its operands are. In the end each invocation
// holds rows x columns `sums`, which are those of row_of_sum(i) and column_of_sum(j).
#ifdef TYPE_matrix
#include "matrix_sums.glsl"
#else
#include "register_sums.glsl"
#endif

// The element of the left operand in row `i` of the tile, of term `first + l`, and that of the right
// operand in column `j`; 0 where the tile reaches beyond the operand or the sum.
FACTOR left_element(uint i, uint l, uint first);
FACTOR right_element(uint l, uint j, uint first);
// All invocations are here before elements of terms `first` … `first + depth - 1` are asked for,
// and after those before them were: what they share may be made.
void prepare_terms(uint first);

// The sums of terms `begin` … `end - 1`. Neighbouring invocations read neighbouring elements: those
// of an operand are neighbours along the terms, or else along its rows or columns.
void sum_terms(uint begin, uint end, bool left_along_terms, bool right_along_terms) {
  const uint thread = gl_LocalInvocationID.x;
  clear_sums();
  prepare_terms(begin);
  barrier();
  for (uint first = begin; first < end; first += depth) {
    for (uint e = thread; e < tile_rows * depth; e += threads) {
      const uint l = left_along_terms ? e % depth : e / tile_rows;
      const uint i = left_along_terms ? e / depth : e % tile_rows;
      left_tile[l * left_stride + i] = left_element(i, l, first);
    }
    for (uint e = thread; e < tile_columns * depth; e += threads) {
      const uint l = right_along_terms ? e % depth : e / tile_columns;
      const uint j = right_along_terms ? e / depth : e % tile_columns;
      right_tile[l * right_stride + j] = right_element(l, j, first);
    }
    barrier();
    prepare_terms(first + depth);
    add_products();
    barrier();
  }
  finish_sums();
}
