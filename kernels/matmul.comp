#version 450
// Matrix products without shared memory: an invocation holds `rows` x `columns` sums in registers.
// All invocations of a workgroup share their rows, so that elements of A are the same for all, and
// neighbours have neighbouring columns.
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"

layout(constant_id = 1) const uint rows = 8;
layout(constant_id = 2) const uint columns = 8;

#ifdef TYPE_partial
#define RESULT VALUE
#define store_result(x) (x)
#else
#define RESULT STORED
#define store_result(x) store(x)
#endif

layout(set = 0, binding = 1, std430) readonly buffer A { STORED a[]; };
layout(set = 0, binding = 2, std430) readonly buffer B { STORED b[]; };
layout(set = 0, binding = 3, std430) writeonly buffer C { RESULT c[]; };

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
  const uint a_step = arguments[4];
  const uint b_step = arguments[6];

  VALUE sums[rows * columns];
  uint a_at[rows];
  uint b_at[columns];
  [[unroll]] for (uint i = 0; i < rows; ++i)
    [[unroll]] for (uint j = 0; j < columns; ++j) sums[i * columns + j] = VALUE(0);
  [[unroll]] for (uint i = 0; i < rows; ++i)
    a_at[i] = batch * arguments[5] + min(row0 + i, m - 1) * arguments[3] + begin * a_step;
  [[unroll]] for (uint j = 0; j < columns; ++j)
    b_at[j] = batch * arguments[8] + min(column0 + j * gl_WorkGroupSize.x, n - 1) * arguments[7] +
              begin * b_step;
  for (uint at = begin; at < end; ++at) {
    VALUE left[rows];
    [[unroll]] for (uint i = 0; i < rows; ++i) {
      left[i] = load(a[a_at[i]]);
      a_at[i] += a_step;
    }
    [[unroll]] for (uint j = 0; j < columns; ++j) {
      const VALUE right = load(b[b_at[j]]);
      b_at[j] += b_step;
      [[unroll]] for (uint i = 0; i < rows; ++i)
        sums[i * columns + j] = MULTIPLY_ADD(left[i], right, sums[i * columns + j]);
    }
  }
  const uint batches = arguments[14];
  [[unroll]] for (uint i = 0; i < rows; ++i)
    [[unroll]] for (uint j = 0; j < columns; ++j) {
      const uint row = row0 + i;
      const uint column = column0 + j * gl_WorkGroupSize.x;
      if (row < m && column < n)
        c[((part * batches + batch) * m + row) * n + column] = store_result(sums[i * columns + j]);
    }
}
