// Making values. Each function infers the result's dtype and shape. Operands that do not fit, or
// that failed themselves, give a failed value, so that expressions need no checks in between: look
// at Value::status() at the end.
#pragma once

#include <span>

#include "ir/value.h"

namespace evergpu::ir {

// --- sources ---

/// A scalar constant of `dtype`, converted from `number` (rounded to nearest even; saturating for
/// integers).
Value constant(DType dtype, double number);
/// A scalar constant from an integer, exact for 64-bit dtypes.
Value constant_integer(DType dtype, std::int64_t number);
/// A scalar constant from the bytes of one element.
Value constant_bits(DType dtype, std::uint64_t bits);
/// The constant broadcast to `shape`.
Value full(const Shape& shape, const Value& scalar);
Value zeros(DType dtype, const Shape& shape);
/// shape[axis] counted up from 0 along `axis`.
Value iota(DType dtype, const Shape& shape, int axis);
/// `count` words of Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC
/// 2011): word i is lane i % 4 of the block with counter + i / 4. key is u64[1], counter u64[2].
Value philox(const Value& key, const Value& counter, std::int64_t count);
/// `count` normal deviates within two standard deviations, drawn as TensorFlow does: each group of
/// four (f64: two) outputs owns 256 (128) blocks of the Philox stream. dtype f32 or f64.
Value truncated_normal(DType dtype, const Value& key, const Value& counter, std::int64_t count);

// --- point; operands broadcast by NumPy's rule ---

Value unary(UnaryOp op, const Value& x);
Value binary(BinaryOp op, const Value& x, const Value& y);
/// All three broadcast together.
Value select(const Value& condition, const Value& if_true, const Value& if_false);
/// Numeric conversion; to bool: x != 0. Float to integer truncates. The same dtype: x itself.
Value cast(const Value& x, DType dtype);
/// The same bytes. Equal element sizes keep the shape; to smaller elements the shape gains a last
/// axis of the ratio; to larger ones it loses that axis.
Value bitcast(const Value& x, DType dtype);

inline Value operator+(const Value& x, const Value& y) { return binary(BinaryOp::add, x, y); }
inline Value operator-(const Value& x, const Value& y) { return binary(BinaryOp::subtract, x, y); }
inline Value operator*(const Value& x, const Value& y) { return binary(BinaryOp::multiply, x, y); }
inline Value operator/(const Value& x, const Value& y) { return binary(BinaryOp::divide, x, y); }
inline Value operator-(const Value& x) { return unary(UnaryOp::negate, x); }
// With a number: a constant of the other operand's dtype.
inline Value operator+(const Value& x, double y) { return x + constant(x.dtype(), y); }
inline Value operator-(const Value& x, double y) { return x - constant(x.dtype(), y); }
inline Value operator*(const Value& x, double y) { return x * constant(x.dtype(), y); }
inline Value operator/(const Value& x, double y) { return x / constant(x.dtype(), y); }
inline Value operator+(double x, const Value& y) { return constant(y.dtype(), x) + y; }
inline Value operator-(double x, const Value& y) { return constant(y.dtype(), x) - y; }
inline Value operator*(double x, const Value& y) { return constant(y.dtype(), x) * y; }
inline Value operator/(double x, const Value& y) { return constant(y.dtype(), x) / y; }

// --- movement; a change of nothing gives x itself ---

Value broadcast(const Value& x, const Shape& shape);
Value reshape(const Value& x, const Shape& shape);
Value permute(const Value& x, std::span<const std::int64_t> axes);
/// Elements starts, starts + strides, … of each axis, `sizes` many.
Value slice(const Value& x, const Dims& starts, const Dims& sizes, const Dims& strides);
Value slice(const Value& x, const Dims& starts, const Dims& sizes);
/// The given axes run backwards.
Value flip(const Value& x, std::span<const std::int64_t> axes);
/// `value` is a scalar of x's dtype. An empty `interior` means none.
Value pad(const Value& x, const Value& value, const Dims& low, const Dims& high,
          const Dims& interior = {});
Value concat(std::span<const Value> values, int axis);

// --- reductions and windows ---

/// Axes may be negative and in any order; with `keep` the reduced axes stay with extent 1.
Value reduce(ReduceOp op, const Value& x, std::span<const std::int64_t> axes, bool keep = false);
Value arg_reduce(ReduceOp op, const Value& x, int axis, DType index_dtype);
Value window_reduce(const Value& x, const Window& window);
/// x is the pooled operand (its bytes matter for a maximum only), gradient has the pooled result's
/// shape.
Value window_gradient(const Value& x, const Value& gradient, const Window& window);

// --- contractions ---

/// Batch axes broadcast by NumPy's rule.
Value matmul(const Value& a, const Value& b, bool transpose_a = false, bool transpose_b = false);
Value convolution(const Value& input, const Value& filter, const Convolution& attributes);
Value convolution_input(const Shape& input_shape, const Value& filter, const Value& gradient,
                        const Convolution& attributes);
Value convolution_filter(const Value& input, const Shape& filter_shape, const Value& gradient,
                         const Convolution& attributes);

// --- indexed ---

Value gather(const Value& params, const Value& indices, int axis, int batch_dims = 0);
/// base is [n, rest…], indices [m…], updates [m…, rest…].
Value scatter(ScatterOp op, const Value& base, const Value& indices, const Value& updates);
Value argsort(const Value& x, bool descending);
Value scan(ReduceOp op, const Value& x, int axis, bool exclusive, bool reverse);

// --- recurrent: the operands' shapes are said at Kind and Recurrent ---

Value recurrent(const Recurrent& attributes, const Value& gates, const Value& weights,
                const Value& biases, const Value& state);
/// `kept` is recurrent's result, `gradient` that of its h, `last_gradient` that of the last state.
Value recurrent_gradient(const Recurrent& attributes, const Value& kept, const Value& weights,
                         const Value& state, const Value& gradient, const Value& last_gradient);

}  // namespace evergpu::ir
