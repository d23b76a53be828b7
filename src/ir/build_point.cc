// Making sources and point operations.
#include "ir/build.h"
#include "ir/builder.h"
#include "ir/convert.h"

namespace evergpu::ir {

using builder::fail;
using builder::failed;
using builder::make;

// --- sources ---

Value constant_bits(DType dtype, std::uint64_t bits) {
  return make({Kind::constant, dtype, Shape(), Constant{bits}}, {});
}

Value constant(DType dtype, double number) {
  return visit(dtype, [&]<typename T>(TypeTag<T>) {
    return constant_bits(dtype, bits_of(convert<T>(number)));
  });
}

Value constant_integer(DType dtype, std::int64_t number) {
  return visit(dtype, [&]<typename T>(TypeTag<T>) {
    return constant_bits(dtype, bits_of(convert<T>(number)));
  });
}

Value full(const Shape& shape, const Value& scalar) { return broadcast(scalar, shape); }

Value zeros(DType dtype, const Shape& shape) { return full(shape, constant_bits(dtype, 0)); }

Value iota(DType dtype, const Shape& shape, int axis) {
  std::int64_t normal = axis;
  if (!builder::normalize_axis(&normal, shape.rank()))
    return fail("iota: axis {} is out of range for {}", axis, to_string(shape));
  return make({Kind::iota, dtype, shape, Axis{static_cast<int>(normal)}}, {});
}

Value philox(const Value& key, const Value& counter, std::int64_t count) {
  return make({Kind::philox, DType::u32, Shape{count}, Empty{}}, {key, counter});
}

Value truncated_normal(DType dtype, const Value& key, const Value& counter, std::int64_t count) {
  return make({Kind::truncated_normal, dtype, Shape{count}, Empty{}}, {key, counter});
}

// --- point ---

Value unary(UnaryOp op, const Value& x) {
  if (failed(x)) return x;
  const bool integer = is_integer(x.dtype());
  if (integer && op >= UnaryOp::floor && op <= UnaryOp::truncate) return x;
  if (integer && op == UnaryOp::reciprocal) return constant_integer(x.dtype(), 1) / x;
  return make({Kind::unary, x.dtype(), {}, op}, {x});
}

Value binary(BinaryOp op, const Value& x, const Value& y) {
  if (failed(x)) return x;
  if (failed(y)) return y;
  if (x.shape() == y.shape()) return make({Kind::binary, x.dtype(), {}, op}, {x, y});
  Shape shape;
  if (!broadcast_shape(x.shape(), y.shape(), &shape))
    return fail("Incompatible shapes: {} vs. {}", to_string(x.shape()), to_string(y.shape()));
  return make({Kind::binary, x.dtype(), {}, op}, {broadcast(x, shape), broadcast(y, shape)});
}

Value select(const Value& condition, const Value& if_true, const Value& if_false) {
  if (failed(condition)) return condition;
  if (failed(if_true)) return if_true;
  if (failed(if_false)) return if_false;
  Shape shape;
  if (!broadcast_shape(if_true.shape(), if_false.shape(), &shape) ||
      !broadcast_shape(condition.shape(), shape, &shape))
    return fail("condition {}, then {}, and else {} must be broadcastable",
                to_string(condition.shape()), to_string(if_true.shape()),
                to_string(if_false.shape()));
  return make({Kind::select, if_true.dtype(), {}, Empty{}},
              {broadcast(condition, shape), broadcast(if_true, shape), broadcast(if_false, shape)});
}

Value cast(const Value& x, DType dtype) {
  if (failed(x) || x.dtype() == dtype) return x;
  return make({Kind::cast, dtype, {}, Empty{}}, {x});
}

Value bitcast(const Value& x, DType dtype) {
  if (failed(x) || x.dtype() == dtype) return x;
  return make({Kind::bitcast, dtype, {}, Empty{}}, {x});
}

}  // namespace evergpu::ir
