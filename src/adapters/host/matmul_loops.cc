// Matrix multiplication with loops of our own, for dtypes that oneDNN does not take and builds
// without it. f32 and f64: blocks are packed into panels that a vectorised kernel multiplies (Goto
// and van de Geijn, "Anatomy of high-performance matrix multiplication", TOMS 2008). Integers: row
// by row.
#include <algorithm>

#include "adapters/host/contraction.h"
#include "adapters/host/matmul_kernels.h"
#include "adapters/host/threads.h"
#include "adapters/host/work_space.h"
#include "ir/point_functions.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Library;

// What one task computes, and how much of k it takes at a time: the packed blocks fit into the L2
// cache. Blocks follow from the shape alone, and so does the order of every sum.
constexpr std::int64_t block_rows = 384;
constexpr std::int64_t block_columns = 256;
constexpr std::int64_t block_depth = 256;
constexpr std::int64_t grain = 64 << 10;  // multiplications for one thread

thread_local WorkSpace a_space;
thread_local WorkSpace b_space;

// A matrix in memory; the element in row r, column c is data[r * row_stride + c * column_stride].
template <typename T>
struct Matrix {
  const T* data;
  std::int64_t row_stride;
  std::int64_t column_stride;

  const T& at(std::int64_t row, std::int64_t column) const {
    return data[row * row_stride + column * column_stride];
  }
};

std::int64_t round_up(std::int64_t n, std::int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// `count` vectors along the long side of a block, as panels `width` wide, padded with zeros:
// panel[p * width + i] = at(first + i, p).
template <typename T, typename At>
void pack(std::int64_t count, std::int64_t depth, std::int64_t width, T* panels, At at) {
  for (std::int64_t first = 0; first < count; first += width) {
    const std::int64_t used = std::min(width, count - first);
    for (std::int64_t p = 0; p < depth; ++p, panels += width) {
      for (std::int64_t i = 0; i < used; ++i) panels[i] = at(first + i, p);
      std::fill(panels + used, panels + width, T(0));
    }
  }
}

// One block of the result, `rows` times `columns`, whose rows are `stride` apart.
template <typename T>
void multiply_block(const MatMulKernels& kernels, Matrix<T> a, Matrix<T> b, T* result,
                    std::int64_t rows, std::int64_t columns, std::int64_t k, std::int64_t stride) {
  T* const a_panels = a_space.at_least_elements<T>(round_up(rows, kernels.rows) * block_depth);
  T* const b_panels =
      b_space.at_least_elements<T>(round_up(columns, kernels.columns) * block_depth);
  alignas(block_alignment) T product[max_panel_product];
  for (std::int64_t first = 0; first < k; first += block_depth) {
    const std::int64_t depth = std::min(block_depth, k - first);
    pack(rows, depth, kernels.rows, a_panels,
         [&](std::int64_t i, std::int64_t p) { return a.at(i, first + p); });
    pack(columns, depth, kernels.columns, b_panels,
         [&](std::int64_t j, std::int64_t p) { return b.at(first + p, j); });
    for (std::int64_t column = 0; column < columns; column += kernels.columns)
      for (std::int64_t row = 0; row < rows; row += kernels.rows) {
        kernels.multiply(a_panels + row * depth, b_panels + column * depth, depth, product);
        const std::int64_t used = std::min(kernels.columns, columns - column);
        for (std::int64_t i = 0; i < std::min(kernels.rows, rows - row); ++i) {
          T* to = result + (row + i) * stride + column;
          const T* from = product + i * kernels.columns;
          for (std::int64_t j = 0; j < used; ++j) to[j] = first == 0 ? from[j] : to[j] + from[j];
        }
      }
  }
}

// One block of the result, for integers.
template <typename T>
void multiply_integers(Matrix<T> a, Matrix<T> b, T* result, std::int64_t rows, std::int64_t columns,
                       std::int64_t k, std::int64_t stride) {
  T* const b_rows = b_space.at_least_elements<T>(k * columns);
  for (std::int64_t p = 0; p < k; ++p)
    for (std::int64_t j = 0; j < columns; ++j) b_rows[p * columns + j] = b.at(p, j);
  for (std::int64_t i = 0; i < rows; ++i) {
    T* to = result + i * stride;
    std::fill(to, to + columns, T(0));
    for (std::int64_t p = 0; p < k; ++p) {
      const T x = a.at(i, p);
      const T* row = b_rows + p * columns;
      for (std::int64_t j = 0; j < columns; ++j)
        to[j] = ir::point::add(to[j], ir::point::multiply(x, row[j]));
    }
  }
}

template <typename T>
void multiply(const Library& library, Inputs inputs, std::byte* target) {
  const auto& attributes = library.operation.get<ir::MatMul>();
  const ir::Shape& a_shape = library.operand_shapes[0];
  const ir::Shape& shape = library.operation.shape;
  const std::int64_t m = shape[shape.rank() - 2];
  const std::int64_t n = shape[shape.rank() - 1];
  const std::int64_t k = a_shape[a_shape.rank() - (attributes.transpose_a ? 2 : 1)];
  const ir::Dims strides[] = {library.strides(0), library.strides(1)};
  const auto matrix = [&](std::size_t i, bool transpose) {
    const std::size_t last = strides[i].size() - 1;
    return Matrix<T>{reinterpret_cast<const T*>(inputs[i]), strides[i][transpose ? last : last - 1],
                     strides[i][transpose ? last - 1 : last]};
  };
  const Matrix<T> a = matrix(0, attributes.transpose_a);
  const Matrix<T> b = matrix(1, attributes.transpose_b);
  T* const result = reinterpret_cast<T*>(target);
  const std::int64_t down = (m + block_rows - 1) / block_rows;
  const std::int64_t across = (n + block_columns - 1) / block_columns;
  const std::int64_t cost = std::min(m, block_rows) * std::min(n, block_columns) * k;
  MatMulKernels kernels;
  if constexpr (std::is_same_v<T, float>) kernels = matmul_kernels_f32();
  if constexpr (std::is_same_v<T, double>) kernels = matmul_kernels_f64();
  parallel_for(
      shape.elements() / (m * n) * down * across, std::max<std::int64_t>(1, grain / cost),
      [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t block = begin; block < end; ++block) {
          const std::int64_t batch = block / (down * across);
          const std::int64_t row = block / across % down * block_rows;
          const std::int64_t column = block % across * block_columns;
          const auto place = [&](std::size_t i) {
            return matrix_offset(library.operand_shapes[i], strides[i], batch);
          };
          const Matrix<T> a_block{&a.at(row, 0) + place(0), a.row_stride, a.column_stride};
          const Matrix<T> b_block{&b.at(0, column) + place(1), b.row_stride, b.column_stride};
          T* const to = result + batch * m * n + row * n + column;
          const std::int64_t rows = std::min(block_rows, m - row);
          const std::int64_t columns = std::min(block_columns, n - column);
          if constexpr (std::is_integral_v<T>)
            multiply_integers(a_block, b_block, to, rows, columns, k, n);
          else
            multiply_block(kernels, a_block, b_block, to, rows, columns, k, n);
        }
      });
}

}  // namespace

MadeLibrary make_loop_matmul(const Library& library) {
  return ir::visit(library.operation.dtype, [&]<typename Tag>(Tag) -> MadeLibrary {
    using T = typename Tag::type;
    if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>)
      return make_function(multiply<T>);
    else
      return make_through_float(library, make_loop_matmul);
  });
}

}  // namespace evergpu::adapters::host
