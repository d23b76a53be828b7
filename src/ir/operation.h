// What a node computes: a kind, its attributes, and the dtype and shape of its one result.
// Everything TensorFlow has is built from these kinds.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "ir/dtype.h"
#include "ir/shape.h"

namespace evergpu::ir {

/// The node kinds. The comment names the operands, then the attributes.
enum class Kind : std::uint8_t {
  // sources
  constant,          // (); Constant: one scalar
  iota,              // (); Axis: the index along that axis
  load,              // (); Empty: bytes that exist already
  philox,            // (key u64[1], counter u64[2]); Empty: u32[n] random bits
  truncated_normal,  // (key u64[1], counter u64[2]); Empty: float[n]
  // point
  unary,    // (x); UnaryOp
  binary,   // (x, y); BinaryOp
  select,   // (condition bool, if_true, if_false); Empty
  cast,     // (x); Empty: numeric conversion to the result's dtype
  bitcast,  // (x); Empty: the same bytes; the last axis grows, shrinks or goes with the size of the
            // dtype
  // movement
  broadcast,  // (x); Empty: NumPy's rule
  reshape,    // (x); Empty
  permute,    // (x); Axes: result axis i is operand axis axes[i]
  slice,      // (x); Slice
  pad,        // (x, value scalar); Pad
  concat,     // (x0, x1, …); Axis
  // reduce: the reduced axes are gone from the result
  reduce,      // (x); Reduce
  arg_reduce,  // (x); ArgReduce: the first index of the extreme value (NaN is none), i32 or i64
  // window
  window_reduce,    // (x); Window
  window_gradient,  // max: (x, gradient), sum: (gradient); Window: gradient with respect to x
  // contraction
  matmul,              // (a [batch…,m,k], b [batch…,k,n]); MatMul
  convolution,         // (input, filter); Convolution
  convolution_input,   // (filter, gradient); Convolution: gradient with respect to the input
  convolution_filter,  // (input, gradient); Convolution: gradient with respect to the filter
  // indexed
  gather,  // (params, indices); Gather: an index out of range gives zeros
  scatter,  // (base [n,…], indices [m…], updates [m…,…]); Scatter: an index out of range is ignored
  argsort,  // (x); ArgSort: stable, along the last axis, i32; NaN counts as greater than all else
  scan,     // (x); Scan
  // recurrent: a layer over a whole sequence, see Recurrent
  recurrent,           // (gates [steps,batch,g*units], weights [g*units,units], biases [2,g*units],
                       // state [s,batch,units]); Recurrent
  recurrent_gradient,  // (kept, weights, state, gradient [steps,batch,units] of all h, gradient
                       // [s,batch,units] of the last state); Recurrent
};
inline constexpr int kind_count = static_cast<int>(Kind::recurrent_gradient) + 1;

enum class UnaryOp : std::uint8_t {
  negate,
  absolute,
  sign,
  floor,
  ceil,
  round_even,
  truncate,
  exp,
  expm1,
  log,
  log1p,
  sqrt,
  rsqrt,
  reciprocal,
  square,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  sigmoid,
  softplus,
  erf,
  erfc,
  erf_inverse,
  log_gamma,
  digamma,
  is_nan,
  is_infinite,
  is_finite,
  logical_not,
  bitwise_not,
};
inline constexpr int unary_op_count = static_cast<int>(UnaryOp::bitwise_not) + 1;

enum class BinaryOp : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,  // integers: divide truncates; by zero gives all bits set
  floor_divide,
  floor_modulo,
  truncate_modulo,
  power,
  atan2,
  maximum,
  minimum,  // maximum and minimum propagate NaN
  bit_and,
  bit_or,
  bit_xor,  // bool: logical
  shift_left,
  shift_right,  // the count is clamped to the width
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
};
inline constexpr int binary_op_count = static_cast<int>(BinaryOp::greater_equal) + 1;

/// any and all are for bool; maximum and minimum propagate NaN. An empty reduction gives the
/// identity.
enum class ReduceOp : std::uint8_t { sum, product, maximum, minimum, any, all };
enum class ScatterOp : std::uint8_t { set, add, subtract, multiply, maximum, minimum };
/// LSTM (Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000) has the gates
/// input, forget, new cell, output; GRU (Cho et al., 2014, in the form that resets after the
/// product) reset, update, new state.
enum class GatedCell : std::uint8_t { lstm, gru };
/// Where the channels of an image are: NHWC-like or NCHW-like.
enum class Layout : std::uint8_t { channels_last, channels_first };

struct Empty {
  friend bool operator==(const Empty&, const Empty&) = default;
};
/// One scalar, as the bytes of the node's dtype, zero-extended. A launch argument: not part of
/// structure.
struct Constant {
  std::uint64_t bits = 0;
  friend bool operator==(const Constant&, const Constant&) = default;
};
struct Axis {
  int axis = 0;
  friend bool operator==(const Axis&, const Axis&) = default;
};
struct Axes {
  Dims axes;
  friend bool operator==(const Axes&, const Axes&) = default;
};
/// Element i along an axis is operand element starts + i * strides. Strides may be negative.
/// `starts` is a launch argument: not part of structure.
struct Slice {
  Dims starts;
  Dims strides;
  friend bool operator==(const Slice&, const Slice&) = default;
};
/// `interior` values go between neighbours, `low` before and `high` after; none is negative.
struct Pad {
  Dims low;
  Dims high;
  Dims interior;
  friend bool operator==(const Pad&, const Pad&) = default;
};
struct Reduce {
  ReduceOp op = ReduceOp::sum;
  Dims axes;  // ascending, not negative
  friend bool operator==(const Reduce&, const Reduce&) = default;
};
struct ArgReduce {
  ReduceOp op = ReduceOp::maximum;  // maximum or minimum
  int axis = 0;
  friend bool operator==(const ArgReduce&, const ArgReduce&) = default;
};
/// A window over every axis of the operand (extent 1 for batch and channels). Padding takes no
/// part: it is the identity of `op`, and no gradient goes there. The gradient of a maximum goes to
/// the first.
struct Window {
  ReduceOp op = ReduceOp::maximum;  // maximum or sum
  Dims extents;
  Dims strides;
  Dims pad_low;
  Dims pad_high;
  friend bool operator==(const Window&, const Window&) = default;
};
struct MatMul {
  bool transpose_a = false;  // a is [batch…,k,m]
  bool transpose_b = false;  // b is [batch…,n,k]
  friend bool operator==(const MatMul&, const MatMul&) = default;
};
/// N spatial axes. The filter is [spatial…, channels in / groups, channels out] in both layouts.
struct Convolution {
  Dims strides;
  Dims dilations;
  Dims pad_low;
  Dims pad_high;
  std::int64_t groups = 1;
  Layout layout = Layout::channels_last;
  friend bool operator==(const Convolution&, const Convolution&) = default;
};
/// Result: params[:axis] + indices[batch_dims:] + params[axis+1:]; the first batch_dims axes are
/// paired.
struct Gather {
  int axis = 0;
  int batch_dims = 0;
  friend bool operator==(const Gather&, const Gather&) = default;
};
/// Updates are applied in order of the indices.
struct Scatter {
  ScatterOp op = ScatterOp::set;
  friend bool operator==(const Scatter&, const Scatter&) = default;
};
struct ArgSort {
  bool descending = false;
  friend bool operator==(const ArgSort&, const ArgSort&) = default;
};
struct Scan {
  ReduceOp op = ReduceOp::sum;  // sum, product, maximum or minimum
  int axis = 0;
  bool exclusive = false;
  bool reverse = false;
  friend bool operator==(const Scan&, const Scan&) = default;
};
/// A gated cell, step after step; `reverse`: from the last step to the first. Of g gates, `gates`
/// holds what comes from the layer's input, without the biases (the input's, then the state's); a
/// state is h, and c for LSTM: s arrays. The result of `recurrent` is [k, steps, batch, units]:
/// four arrays that the gradient reads (LSTM: its gates; GRU: its gates, and the state's product
/// for the new state), then those of the state. The result of `recurrent_gradient` is [steps + 1,
/// batch, 4 * units]: for each step the gradient of its gates (GRU: of the three in `gates`, and
/// once more of the new state's with regard to what comes from the state), and at the end that of
/// `state`, h and c side by side, then zeros.
struct Recurrent {
  GatedCell cell = GatedCell::lstm;
  bool reverse = false;
  friend bool operator==(const Recurrent&, const Recurrent&) = default;
};
/// g, s and k of a cell.
constexpr std::int64_t gates_of(GatedCell cell) { return cell == GatedCell::lstm ? 4 : 3; }
constexpr std::int64_t states_of(GatedCell cell) { return cell == GatedCell::lstm ? 2 : 1; }
constexpr std::int64_t kept_of(GatedCell cell) { return 4 + states_of(cell); }

using Attributes =
    std::variant<Empty, Constant, Axis, Axes, Slice, Pad, Reduce, ArgReduce, Window, MatMul,
                 Convolution, Gather, Scatter, ArgSort, Scan, Recurrent, UnaryOp, BinaryOp>;

/// A computation apart from who its operands are.
struct Operation {
  Kind kind = Kind::constant;
  DType dtype = DType::f32;
  Shape shape;
  Attributes attributes;

  template <typename T>
  const T& get() const {
    return std::get<T>(attributes);
  }
  /// Bytes of the result.
  std::size_t bytes() const { return static_cast<std::size_t>(shape.elements()) * size_of(dtype); }

  friend bool operator==(const Operation&, const Operation&) = default;
};

// The names used in printed IR.
std::string_view name_of(Kind kind);
std::string_view name_of(UnaryOp op);
std::string_view name_of(BinaryOp op);
std::string_view name_of(ReduceOp op);
std::string_view name_of(ScatterOp op);
std::string_view name_of(GatedCell cell);

}  // namespace evergpu::ir
