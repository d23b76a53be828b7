// NumPy's basic indexing, x[begin:end:stride, …, new axis, i], its gradient and its assignment.
#pragma once

#include <cstdint>

#include "ir/build.h"

namespace evergpu::ops {

/// Sparse indices, one entry for each item between the brackets, and TensorFlow's bit masks over
/// these items.
struct StridedSliceParameters {
  ir::Dims begin{};
  ir::Dims end{};
  ir::Dims strides{};
  std::int64_t begin_mask = 0;     // begin is left out
  std::int64_t end_mask = 0;       // end is left out
  std::int64_t ellipsis_mask = 0;  // the item is "…"
  std::int64_t new_axis_mask = 0;  // the item is a new axis
  std::int64_t shrink_mask = 0;    // the item is one index: its axis goes
};

/// The elements of x that the parameters select.
ir::Value strided_slice(const ir::Value& x, const StridedSliceParameters& parameters);
/// The gradient with respect to x of shape `shape`: zeros where nothing was selected.
ir::Value strided_slice_gradient(const ir::Shape& shape, const ir::Value& gradient,
                                 const StridedSliceParameters& parameters);
/// x with the selected elements replaced by `value`, which is broadcast to the selection.
ir::Value strided_slice_update(const ir::Value& x, const ir::Value& value,
                               const StridedSliceParameters& parameters);

}  // namespace evergpu::ops
