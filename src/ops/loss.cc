#include "ops/loss.h"

#include <fmt/core.h>

#include <limits>

#include "ops/failure.h"
#include "ops/precision.h"

namespace evergpu::ops {
namespace {

using ir::BinaryOp;
using ir::Node;
using ir::ReduceOp;
using ir::UnaryOp;
using ir::Value;

// Along the last axis, which stays with extent 1.
Value reduce_last(ReduceOp op, const Value& x) {
  const std::int64_t last[] = {-1};
  return ir::reduce(op, x, last, /*keep=*/true);
}

// x less its maximum along the last axis, so that exp does not overflow.
Value shifted(const Value& x) { return x - reduce_last(ReduceOp::maximum, x); }

Value drop_last_axis(const Value& x) {
  if (!x.status().ok()) return x;
  ir::Dims extents = x.shape().extents();
  extents.pop_back();
  return ir::reshape(x, ir::Shape(std::move(extents)));
}

LossAndGradient failed(const Status& status) {
  return {Node::failed(status), Node::failed(status)};
}

}  // namespace

Value softmax(const Value& x) {
  const Value exponentials = ir::unary(UnaryOp::exp, shifted(widen(x)));
  return ir::cast(exponentials / reduce_last(ReduceOp::sum, exponentials), x.dtype());
}

Value log_softmax(const Value& x) {
  const Value logits = shifted(widen(x));
  const Value sum = reduce_last(ReduceOp::sum, ir::unary(UnaryOp::exp, logits));
  return ir::cast(logits - ir::unary(UnaryOp::log, sum), x.dtype());
}

LossAndGradient softmax_cross_entropy(const Value& logits, const Value& labels) {
  if (Status status = first_error(logits, labels); !status.ok()) return failed(status);
  ir::Shape shape;
  if (!ir::broadcast_shape(logits.shape(), labels.shape(), &shape))
    return failed(invalid_argument(
        fmt::format("logits and labels must be broadcastable: logits_size={} labels_size={}",
                    to_string(logits.shape()), to_string(labels.shape()))));
  if (shape.rank() != 2)
    return failed(invalid_argument(
        fmt::format("logits and labels must be either 2-dimensional, or broadcasted to be "
                    "2-dimensional, but have shape {}",
                    to_string(shape))));
  const Value x = shifted(ir::broadcast(widen(logits), shape));
  const Value target = ir::broadcast(widen(labels), shape);
  const Value exponentials = ir::unary(UnaryOp::exp, x);
  const Value sum = reduce_last(ReduceOp::sum, exponentials);
  const Value loss = reduce_last(ReduceOp::sum, target * (ir::unary(UnaryOp::log, sum) - x));
  return {drop_last_axis(ir::cast(loss, logits.dtype())),
          ir::cast(exponentials / sum - target, logits.dtype())};
}

LossAndGradient sparse_softmax_cross_entropy(const Value& logits, const Value& labels) {
  if (Status status = first_error(logits, labels); !status.ok()) return failed(status);
  if (logits.shape().rank() != 2)
    return failed(invalid_argument(
        fmt::format("logits must be 2-D, but got shape {}", to_string(logits.shape()))));
  if (labels.shape().rank() != 1)
    return failed(invalid_argument(
        fmt::format("labels must be 1-D, but got shape {}", to_string(labels.shape()))));
  const std::int64_t rows = logits.shape()[0];
  const std::int64_t classes = logits.shape()[1];
  if (labels.shape()[0] != rows)
    return failed(invalid_argument(
        fmt::format("logits and labels must have the same first dimension, got logits shape {} "
                    "and labels shape {}",
                    to_string(logits.shape()), to_string(labels.shape()))));
  if (classes == 0)
    return failed(invalid_argument(fmt::format(
        "Must have at least one class, but got logits shape {}", to_string(logits.shape()))));

  const Value label = ir::reshape(labels, {rows, 1});
  const Value valid =
      ir::binary(BinaryOp::bit_and,
                 ir::binary(BinaryOp::greater_equal, label, ir::constant_integer(label.dtype(), 0)),
                 ir::binary(BinaryOp::less, label, ir::constant_integer(label.dtype(), classes)));
  const Value hit = ir::binary(BinaryOp::equal, label, ir::iota(label.dtype(), {rows, classes}, 1));

  const Value x = shifted(widen(logits));
  const Value exponentials = ir::unary(UnaryOp::exp, x);
  const Value sum = reduce_last(ReduceOp::sum, exponentials);
  const Value zero = ir::constant(x.dtype(), 0);
  const Value nan = ir::constant(x.dtype(), std::numeric_limits<double>::quiet_NaN());
  const Value loss =
      reduce_last(ReduceOp::sum, ir::select(hit, ir::unary(UnaryOp::log, sum) - x, zero));
  const Value gradient = exponentials / sum - ir::select(hit, ir::constant(x.dtype(), 1), zero);
  return {drop_last_axis(ir::cast(ir::select(valid, loss, nan), logits.dtype())),
          ir::cast(ir::select(valid, gradient, nan), logits.dtype())};
}

}  // namespace evergpu::ops
