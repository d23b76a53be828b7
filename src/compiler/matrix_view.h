// Views that are operands of matrix products.
#pragma once

#include <optional>

#include "compiler/view.h"

namespace evergpu::compiler {

/// The strides, over the axes of `shape`, of a view that a matrix product can read in place, as
/// Library's contract says; nothing for others.
std::optional<ir::Dims> matrix_strides(const View& view, const ir::Shape& shape);

/// Whether a view of that shape is all of an array with its last two axes swapped.
bool is_transposed(const View& view, const ir::Shape& shape);

ir::Shape swap_last_axes(const ir::Shape& shape);

}  // namespace evergpu::compiler
