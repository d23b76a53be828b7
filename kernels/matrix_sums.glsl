// A shared tile's sums in cooperative matrices, each of which a subgroup holds: f16 operands, sums of
// f32. glslc knows NVIDIA's extension for them, whose instructions the adapter replaces by those of
// VK_KHR_cooperative_matrix (spirv_matrix.h).
#extension GL_NV_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require

layout(constant_id = 1) const uint matrix_rows = 2;  // matrices of a subgroup along the rows
layout(constant_id = 2) const uint matrix_columns = 2;
layout(constant_id = 3) const uint subgroups_down = 2;
layout(constant_id = 4) const uint subgroups_across = 2;
layout(constant_id = 5) const uint depth = 32;  // terms of each sum that are brought at a time
layout(constant_id = 6) const uint M = 16;      // of a matrix of sums
layout(constant_id = 7) const uint N = 16;
layout(constant_id = 8) const uint K = 16;
layout(constant_id = 9) const uint lanes = 32;  // of a subgroup
#define NEXT_CONSTANT 10

const uint subgroups = subgroups_down * subgroups_across;
const uint threads = subgroups * lanes;
const uint subgroup_rows = matrix_rows * M;
const uint subgroup_columns = matrix_columns * N;
const uint tile_rows = subgroups_down * subgroup_rows;
const uint tile_columns = subgroups_across * subgroup_columns;

// Rows of a matrix begin at multiples of 16 bytes, and not all in the same banks of shared memory.
const uint left_stride = tile_rows + 8;
const uint right_stride = tile_columns + 8;
shared FACTOR left_tile[depth * left_stride];
shared FACTOR right_tile[depth * right_stride];

// The lanes of a subgroup lie in rows over a matrix of sums.
const uint lanes_across = N < lanes ? N : lanes;
const uint lanes_down = lanes / lanes_across;
const uint rows = subgroup_rows / lanes_down;  // of an invocation
const uint columns = subgroup_columns / lanes_across;
const uint rows_of_matrix = M / lanes_down;
const uint columns_of_matrix = N / lanes_across;

uint first_row_of_subgroup() { return gl_SubgroupID / subgroups_across * subgroup_rows; }
uint first_column_of_subgroup() { return gl_SubgroupID % subgroups_across * subgroup_columns; }
uint row_of_sum(uint i) {
  return first_row_of_subgroup() + i * lanes_down + gl_SubgroupInvocationID / lanes_across;
}
uint column_of_sum(uint j) {
  return first_column_of_subgroup() + j * lanes_across + gl_SubgroupInvocationID % lanes_across;
}

fcoopmatNV<32, gl_ScopeSubgroup, M, N> matrices[matrix_rows * matrix_columns];
VALUE sums[rows * columns];
shared VALUE exchanged[subgroups * M * N];

void clear_sums() {
  [[unroll]] for (uint i = 0; i < matrix_rows * matrix_columns; ++i)
    matrices[i] = fcoopmatNV<32, gl_ScopeSubgroup, M, N>(0);
}
void add_products() {
  for (uint l = 0; l < depth; l += K) {
    fcoopmatNV<16, gl_ScopeSubgroup, M, K> left[matrix_rows];
    [[unroll]] for (uint r = 0; r < matrix_rows; ++r)
      coopMatLoadNV(left[r], left_tile, l * left_stride + first_row_of_subgroup() + r * M,
                    left_stride, true);
    [[unroll]] for (uint c = 0; c < matrix_columns; ++c) {
      fcoopmatNV<16, gl_ScopeSubgroup, K, N> right;
      coopMatLoadNV(right, right_tile, l * right_stride + first_column_of_subgroup() + c * N,
                    right_stride, false);
      [[unroll]] for (uint r = 0; r < matrix_rows; ++r) {
        const uint number = r * matrix_columns + c;
        matrices[number] = coopMatMulAddNV(left[r], right, matrices[number]);
      }
    }
  }
}
// Which element of a matrix a lane holds is the driver's secret, so they go through memory.
void finish_sums() {
  const uint begin = gl_SubgroupID * M * N;
  const uint lane = gl_SubgroupInvocationID;
  [[unroll]] for (uint r = 0; r < matrix_rows; ++r)
    [[unroll]] for (uint c = 0; c < matrix_columns; ++c) {
      coopMatStoreNV(matrices[r * matrix_columns + c], exchanged, begin, N, false);
      barrier();
      [[unroll]] for (uint i = 0; i < rows_of_matrix; ++i)
        [[unroll]] for (uint j = 0; j < columns_of_matrix; ++j)
          sums[(r * rows_of_matrix + i) * columns + c * columns_of_matrix + j] =
              exchanged[begin + (i * lanes_down + lane / lanes_across) * N + j * lanes_across +
                        lane % lanes_across];
      barrier();
    }
}
