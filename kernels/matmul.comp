#version 450
// Matrix products without shared memory: an invocation holds `rows` x `columns` sums in registers.
// All invocations of a workgroup share their rows, so that elements of A are the same for all, and
// neighbours have neighbouring columns.
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"
#include "places.glsl"

layout(constant_id = 1) const uint rows = 8;
layout(constant_id = 2) const uint columns = 8;
layout(constant_id = 3) const uint depth = 1;  // terms that are read before they are added

// arguments: m, n, k; strides of A along m, k and batch; of B along k, n and batch; tiles along m,
// along n; parts that k is cut into, elements of k in each; workgroups. The sums of a part follow
// those of the part before.
void main() {
  const uint m = arguments[0];
  const uint n = arguments[1];
  uint group = group_number();
  if (group >= arguments[13]) return;
  const uint row0 = group % arguments[9] * rows;
  group /= arguments[9];
  const uint column0 = group % arguments[10] * columns * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  group /= arguments[10];
  const uint part = group % arguments[11];
  const uint batch = group / arguments[11];
  const uint begin = part * arguments[12];
  const uint end = min(begin + arguments[12], arguments[2]);
  const PLACE left_step = distance(arguments[4]);
  const PLACE right_step = distance(arguments[6]);

  VALUE sums[rows * columns];
  PLACE left_at[rows];
  PLACE right_at[columns];
  [[unroll]] for (uint i = 0; i < rows * columns; ++i) sums[i] = VALUE(0);
  [[unroll]] for (uint i = 0; i < rows; ++i)
    left_at[i] = left_place(batch * arguments[5] + min(row0 + i, m - 1) * arguments[3] +
                            begin * arguments[4]);
  [[unroll]] for (uint j = 0; j < columns; ++j)
    right_at[j] = right_place(batch * arguments[8] +
                              min(column0 + j * gl_WorkGroupSize.x, n - 1) * arguments[7] +
                              begin * arguments[6]);
  ADD_ALL_TERMS(end - begin, left_step, right_step, keep_all)

  const uint batches = arguments[14];
  [[unroll]] for (uint i = 0; i < rows; ++i)
    [[unroll]] for (uint j = 0; j < columns; ++j) {
      const uint row = row0 + i;
      const uint column = column0 + j * gl_WorkGroupSize.x;
      if (row < m && column < n)
        write_result(((part * batches + batch) * m + row) * n + column, sums[i * columns + j]);
    }
}
