// Making matrix products, convolutions, gathers, scatters and sorts.
#include "ir/build.h"
#include "ir/builder.h"

namespace evergpu::ir {

using builder::fail;
using builder::failed;
using builder::make;

namespace {

/// x with its batch axes (all but the last two) broadcast to `batch`.
Value broadcast_batch(const Value& x, const Shape& batch) {
  Dims extents = batch.extents();
  extents.push_back(x.shape()[x.shape().rank() - 2]);
  extents.push_back(x.shape()[x.shape().rank() - 1]);
  return broadcast(x, Shape(std::move(extents)));
}

}  // namespace

Value matmul(const Value& a, const Value& b, bool transpose_a, bool transpose_b) {
  if (failed(a)) return a;
  if (failed(b)) return b;
  const auto batch_of = [](const Value& x) {
    return Shape(Dims(x.shape().begin(), x.shape().end() - 2));
  };
  Shape batch;
  if (a.shape().rank() < 2 || b.shape().rank() < 2 ||
      !broadcast_shape(batch_of(a), batch_of(b), &batch))
    return fail("matmul: operands {} and {}", to_string(a.shape()), to_string(b.shape()));
  return make({Kind::matmul, a.dtype(), {}, MatMul{transpose_a, transpose_b}},
              {broadcast_batch(a, batch), broadcast_batch(b, batch)});
}

Value convolution(const Value& input, const Value& filter, const Convolution& attributes) {
  return make({Kind::convolution, input.dtype(), {}, attributes}, {input, filter});
}

Value convolution_input(const Shape& input_shape, const Value& filter, const Value& gradient,
                        const Convolution& attributes) {
  return make({Kind::convolution_input, filter.dtype(), input_shape, attributes},
              {filter, gradient});
}

Value convolution_filter(const Value& input, const Shape& filter_shape, const Value& gradient,
                         const Convolution& attributes) {
  return make({Kind::convolution_filter, input.dtype(), filter_shape, attributes},
              {input, gradient});
}

Value gather(const Value& params, const Value& indices, int axis, int batch_dims) {
  if (failed(params)) return params;
  if (failed(indices)) return indices;
  std::int64_t normal = axis;
  if (!builder::normalize_axis(&normal, params.shape().rank()))
    return fail("gather: axis {} is out of range for {}", axis, to_string(params.shape()));
  if (batch_dims < 0) batch_dims += indices.shape().rank();
  return make({Kind::gather, params.dtype(), {}, Gather{static_cast<int>(normal), batch_dims}},
              {params, indices});
}

Value scatter(ScatterOp op, const Value& base, const Value& indices, const Value& updates) {
  return make({Kind::scatter, base.dtype(), {}, Scatter{op}}, {base, indices, updates});
}

Value argsort(const Value& x, bool descending) {
  return make({Kind::argsort, DType::i32, {}, ArgSort{descending}}, {x});
}

}  // namespace evergpu::ir
