// What needs an order: the k greatest, the n-th, the extreme's position; and cumulative operations.
#pragma once

#include <cstdint>

#include "ir/build.h"

namespace evergpu::ops {

struct TopK {
  ir::Value values;
  ir::Value indices;  // i32
};
/// The k greatest elements along the last axis, the greatest first; of equal ones the first.
TopK top_k(const ir::Value& x, std::int64_t k);
/// The n-th smallest (reverse: greatest) element along the last axis, which goes.
ir::Value nth_element(const ir::Value& x, std::int64_t n, bool reverse);
/// For each row of predictions [rows, classes]: whether the target class [rows] is among the k
/// greatest. False where a needed prediction is not finite or the target is no class.
ir::Value in_top_k(const ir::Value& predictions, const ir::Value& targets, std::int64_t k);
/// The position of the first maximum or minimum along an axis.
ir::Value arg_extreme(ir::ReduceOp op, const ir::Value& x, std::int64_t axis,
                      ir::DType index_dtype);
/// The running sum or product along an axis. 16-bit floats are computed in f32.
ir::Value cumulative(ir::ReduceOp op, const ir::Value& x, std::int64_t axis, bool exclusive,
                     bool reverse);
/// The running log(sum(exp(x))) along an axis, of floats.
ir::Value cumulative_log_sum_exp(const ir::Value& x, std::int64_t axis, bool exclusive,
                                 bool reverse);
/// For each of values [rows, m]: how many of the ascending sorted [rows, n] are less than it
/// (`or_equal`: not greater). i32.
ir::Value sorted_position(const ir::Value& sorted, const ir::Value& values, bool or_equal);

}  // namespace evergpu::ops
