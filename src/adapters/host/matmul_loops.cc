// Matrix multiplication with loops of our own, for dtypes that oneDNN does not take and builds
// without it. Each element is a sum in order of k, in the compute type, rounded once.
#include <algorithm>

#include "adapters/host/contraction.h"
#include "adapters/host/threads.h"
#include "adapters/host/work_space.h"
#include "ir/point_functions.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Library;

constexpr std::int64_t column_block = 256;

thread_local WorkSpace packed_space;

struct Matrix {
  std::int64_t row_stride;
  std::int64_t column_stride;
};

// Rows [begin, end) of one product, columns in blocks of packed b.
template <typename T>
void multiply_rows(const T* a, Matrix a_strides, const T* b, Matrix b_strides, T* result,
                   std::int64_t begin, std::int64_t end, std::int64_t k, std::int64_t n) {
  using C = ir::Compute<T>;
  C* const packed = packed_space.at_least_elements<C>((k + 1) * column_block);
  C* const sums = packed + k * column_block;
  for (std::int64_t first = 0; first < n; first += column_block) {
    const std::int64_t width = std::min(column_block, n - first);
    for (std::int64_t p = 0; p < k; ++p)
      for (std::int64_t j = 0; j < width; ++j)
        packed[p * column_block + j] =
            static_cast<C>(b[p * b_strides.row_stride + (first + j) * b_strides.column_stride]);
    for (std::int64_t i = begin; i < end; ++i) {
      std::fill(sums, sums + width, C(0));
      for (std::int64_t p = 0; p < k; ++p) {
        const C x = static_cast<C>(a[i * a_strides.row_stride + p * a_strides.column_stride]);
        const C* row = packed + p * column_block;
        for (std::int64_t j = 0; j < width; ++j)
          sums[j] = ir::point::add(sums[j], ir::point::multiply(x, row[j]));
      }
      for (std::int64_t j = 0; j < width; ++j) result[i * n + first + j] = static_cast<T>(sums[j]);
    }
  }
}

template <typename T>
void multiply(const Library& library, Inputs inputs, std::byte* target) {
  const auto& attributes = library.operation.get<ir::MatMul>();
  const ir::Shape& a = library.operand_shapes[0];
  const ir::Shape& result = library.operation.shape;
  const std::int64_t m = result[result.rank() - 2];
  const std::int64_t n = result[result.rank() - 1];
  const std::int64_t k = a[a.rank() - (attributes.transpose_a ? 2 : 1)];
  const std::int64_t batches = result.elements() / (m * n);
  const Matrix a_strides = attributes.transpose_a ? Matrix{1, m} : Matrix{k, 1};
  const Matrix b_strides = attributes.transpose_b ? Matrix{1, k} : Matrix{n, 1};
  // Rows in groups that pay for packing b.
  const std::int64_t row_block = std::max<std::int64_t>(16, m / (4 * thread_count()) + 1);
  const std::int64_t row_blocks = (m + row_block - 1) / row_block;
  parallel_for(batches * row_blocks, std::max<std::int64_t>(1, (1 << 16) / (row_block * n * k)),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t part = begin; part < end; ++part) {
                   const std::int64_t batch = part / row_blocks;
                   const std::int64_t row = part % row_blocks * row_block;
                   multiply_rows(reinterpret_cast<const T*>(inputs[0]) + batch * m * k, a_strides,
                                 reinterpret_cast<const T*>(inputs[1]) + batch * k * n, b_strides,
                                 reinterpret_cast<T*>(target) + batch * m * n, row,
                                 std::min(row + row_block, m), k, n);
                 }
               });
}

}  // namespace

MadeLibrary make_loop_matmul(const Library& library) {
  if (library.operation.dtype == ir::DType::boolean) return nullptr;
  return ir::visit(library.operation.dtype, [&]<typename Tag>(Tag) -> MadeLibrary {
    using T = typename Tag::type;
    if constexpr (std::is_same_v<T, bool>)
      return nullptr;
    else
      return make_function(multiply<T>);
  });
}

}  // namespace evergpu::adapters::host
