// Operands of contractions, widened: products of floats are summed in double, those of integers
// modulo 2^64, and rounded (or cut) to the dtype once, at the end.
#pragma once

#include <vector>

#include "ir/convert.h"

namespace evergpu::ir::reference {

/// What elements of T are multiplied and summed in.
template <typename T>
using Wide = std::conditional_t<is_floating<T>, double, std::uint64_t>;

/// `x` as rows * columns wide numbers, from any row and column stride.
template <typename T>
void pack(const T* x, std::int64_t rows, std::int64_t columns, std::int64_t row_stride,
          std::int64_t column_stride, Wide<T>* packed) {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c)
      *packed++ = convert<Wide<T>>(x[r * row_stride + c * column_stride]);
}

/// The inverse of pack.
template <typename T>
void unpack(const Wide<T>* packed, std::int64_t rows, std::int64_t columns, std::int64_t row_stride,
            std::int64_t column_stride, T* x) {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c)
      x[r * row_stride + c * column_stride] = convert<T>(*packed++);
}

/// result[j] += factor * x[j]
template <typename S>
void add_scaled(S factor, const S* x, std::int64_t count, S* result) {
  for (std::int64_t j = 0; j < count; ++j) result[j] += factor * x[j];
}

}  // namespace evergpu::ir::reference
