// Reading and writing at positions that are data: gather, scatter, segments, bins. A position out
// of range reads zeros, and is not written: what TensorFlow's GPU kernels do.
#pragma once

#include <cstdint>

#include "ir/build.h"

namespace evergpu::ops {

/// params[:axis] + indices[batch_dims:] + params[axis + 1:]: the slices of params along `axis`. The
/// first batch_dims axes of both are paired. A negative axis or batch_dims counts from the end of
/// params or indices.
ir::Value gather(const ir::Value& params, const ir::Value& indices, std::int64_t axis,
                 std::int64_t batch_dims);
/// The last axis of `indices` holds positions along the first axes of params.
ir::Value gather_nd(const ir::Value& params, const ir::Value& indices);
/// `base` with base[indices[i…]] combined with updates[i…], in order.
ir::Value scatter_nd(ir::ScatterOp op, const ir::Value& base, const ir::Value& indices,
                     const ir::Value& updates);

/// Row s of the result combines the rows of data whose entry in `ids` is s: ids has the shape of
/// data's first axes. A segment without rows has the identity of `op`: 0, 1, the lowest or the
/// highest number of the dtype.
ir::Value unsorted_segment(ir::ScatterOp op, const ir::Value& data, const ir::Value& ids,
                           std::int64_t segments);
/// The same, but segments without rows are 0 (of a product: 1).
ir::Value segment(ir::ScatterOp op, const ir::Value& data, const ir::Value& ids,
                  std::int64_t segments);
/// The mean of each segment; 0 for a segment without rows. Of integers: rounded towards zero.
ir::Value segment_mean(const ir::Value& data, const ir::Value& ids, std::int64_t segments);
/// The sum of each segment over the square root of its number of rows.
ir::Value segment_sum_over_sqrt(const ir::Value& data, const ir::Value& ids, std::int64_t segments);

/// What the sum of a segment's rows is divided by.
enum class SegmentScale : unsigned char {
  sum,          // 1
  mean,         // their number
  square_root,  // the square root of their number
};
/// The gradient of segments whose rows are data[indices[i]] for segment ids[i], with respect to
/// data of `rows` rows.
ir::Value segment_gradient(const ir::Value& gradient, const ir::Value& indices,
                           const ir::Value& ids, std::int64_t rows, SegmentScale scale);

/// Counts each number below `bins` in values [n] or in each row of [rows, n]: result [bins] or
/// [rows, bins]. Non-empty `weights`, of the shape of values, are added instead of ones. With
/// `binary` 1 means that a number is there at all.
ir::Value bin_count(const ir::Value& values, std::int64_t bins, const ir::Value& weights,
                    bool binary);

/// x with rows[i] replaced by, or combined with, values[i].
ir::Value update_rows(ir::ScatterOp op, const ir::Value& x, const ir::Value& rows,
                      const ir::Value& values);

}  // namespace evergpu::ops
