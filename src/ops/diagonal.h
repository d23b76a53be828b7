// Diagonals of the matrices in the last two axes. Diagonal d holds the elements (i, i + d): d > 0
// is above the main diagonal, d < 0 below it.
#pragma once

#include "ir/build.h"

namespace evergpu::ops {

/// The diagonals lower … upper, packed as rows from `upper` down to `lower`, each as long as the
/// longest; shorter ones lie at the left or at the right of their row. One diagonal alone is packed
/// without the axis of rows.
struct Diagonals {
  std::int64_t lower = 0;
  std::int64_t upper = 0;
  bool super_left = true;  // those above the main diagonal lie at the left
  bool sub_left = true;    // those below it lie at the left
};

/// The packed diagonals of x [batch…, rows, columns]; `padding` (a scalar) fills the rows.
ir::Value diagonal_part(const ir::Value& x, const Diagonals& diagonals, const ir::Value& padding);
/// Matrices with the given diagonals, and the scalar `padding` elsewhere. -1 for rows or columns
/// means the smallest that fits (a square when both are -1).
ir::Value from_diagonals(const ir::Value& packed, const Diagonals& diagonals, std::int64_t rows,
                         std::int64_t columns, const ir::Value& padding);
/// x with the diagonals replaced.
ir::Value set_diagonals(const ir::Value& x, const ir::Value& packed, const Diagonals& diagonals);
/// x with zeros beyond the `lower` diagonals below the main one and the `upper` ones above it;
/// negative: all.
ir::Value band_part(const ir::Value& x, std::int64_t lower, std::int64_t upper);

/// [d…] to [d…, d…] with x on the diagonal, and its inverse.
ir::Value diagonal_tensor(const ir::Value& x);
ir::Value diagonal_of_tensor(const ir::Value& x);

}  // namespace evergpu::ops
