#include "ops/pooling.h"

#include <fmt/core.h>

#include <algorithm>

#include "ops/failure.h"
#include "ops/precision.h"

namespace evergpu::ops {
namespace {

using ir::BinaryOp;
using ir::DType;
using ir::Node;
using ir::ReduceOp;
using ir::Shape;
using ir::Value;

struct Resolved {
  ir::Window window;
  Shape output;
};

Result<Resolved> resolve(const Shape& x, const PoolingParameters& parameters, ReduceOp op) {
  const std::size_t rank = parameters.extents.size();
  if (static_cast<std::size_t>(x.rank()) != rank)
    return invalid_argument(
        fmt::format("tensor_in must be {}-dimensional, but has shape {}", rank, to_string(x)));
  Resolved result;
  result.window.op = op;
  result.window.extents = parameters.extents;
  result.window.strides = parameters.strides;
  ir::Dims output;
  for (std::size_t i = 0; i < rank; ++i) {
    if (parameters.extents[i] <= 0)
      return invalid_argument(
          fmt::format("Sliding window ksize must be > 0, but got {}", parameters.extents[i]));
    if (op == ReduceOp::maximum && parameters.padding.scheme == PaddingScheme::valid &&
        parameters.extents[i] > std::max<std::int64_t>(x.extents()[i], 1))
      return invalid_argument(fmt::format(
          "The ksize dimension {} (value {}) is larger than the input tensor dimension {} (value "
          "{}).",
          i, parameters.extents[i], i, x.extents()[i]));
    Result<WindowGeometry> geometry = window_geometry(
        x.extents()[i], parameters.extents[i], parameters.strides[i], 1, parameters.padding, i);
    if (!geometry.ok()) return geometry.status();
    result.window.pad_low.push_back(geometry->pad_low);
    result.window.pad_high.push_back(geometry->pad_high);
    output.push_back(geometry->output);
  }
  result.output = Shape(std::move(output));
  return result;
}

Status check_shape(const char* name, const Shape& given, const Shape& expected) {
  if (given == expected) return {};
  return invalid_argument(fmt::format("Expected {} shape to be {}, but got {}", name,
                                      to_string(expected), to_string(given)));
}

bool all_zero(const ir::Dims& dims) {
  return std::all_of(dims.begin(), dims.end(), [](std::int64_t d) { return d == 0; });
}

// How many elements of x each window covers: broadcasts to the pooled shape. Only padded axes are
// told apart, so this stays small.
Value window_counts(DType dtype, const Shape& x, const ir::Window& window) {
  double product = 1;
  for (std::int64_t extent : window.extents) product *= static_cast<double>(extent);
  if (all_zero(window.pad_low) && all_zero(window.pad_high)) return ir::constant(dtype, product);
  ir::Window counted = window;
  ir::Dims extents = x.extents();
  for (std::size_t i = 0; i < extents.size(); ++i) {
    if (window.extents[i] != 1 || window.pad_low[i] != 0 || window.pad_high[i] != 0) continue;
    extents[i] = 1;
    counted.strides[i] = 1;
  }
  return ir::window_reduce(ir::full(Shape(std::move(extents)), ir::constant(dtype, 1)), counted);
}

// For each window, the element of `values` at the place of x's first maximum.
Value pick(const Value& x, const Value& values, const Resolved& resolved) {
  const ir::Window& window = resolved.window;
  const Value inside = ir::pad(ir::full(x.shape(), ir::constant(DType::boolean, 1)),
                               ir::constant(DType::boolean, 0), window.pad_low, window.pad_high);
  const Value candidates = ir::pad(x, ir::constant(x.dtype(), 0), window.pad_low, window.pad_high);
  const Value padded_values =
      ir::pad(values, ir::constant(values.dtype(), 0), window.pad_low, window.pad_high);
  // One element of every window after the other, in row-major order; a later one wins only when
  // it is larger.
  Value best;
  Value picked;
  Value found;
  ir::Dims at(window.extents.size());
  const std::int64_t window_elements = Shape(window.extents).elements();
  for (std::int64_t n = 0; n < window_elements; ++n) {
    const auto part = [&](const Value& v) {
      return ir::slice(v, at, resolved.output.extents(), window.strides);
    };
    const Value candidate = part(candidates);
    const Value covered = part(inside);
    if (n == 0) {
      best = candidate;
      picked = part(padded_values);
      found = covered;
    } else {
      const Value better = ir::binary(BinaryOp::bit_or, ir::unary(ir::UnaryOp::logical_not, found),
                                      ir::binary(BinaryOp::greater, candidate, best));
      const Value take = ir::binary(BinaryOp::bit_and, covered, better);
      best = ir::select(take, candidate, best);
      picked = ir::select(take, part(padded_values), picked);
      found = ir::binary(BinaryOp::bit_or, found, covered);
    }
    for (std::size_t axis = at.size(); axis-- > 0;) {
      if (++at[axis] < window.extents[axis]) break;
      at[axis] = 0;
    }
  }
  return picked;
}

}  // namespace

Value max_pool(const Value& x, const PoolingParameters& parameters) {
  if (Status status = first_error(x); !status.ok()) return Node::failed(status);
  Result<Resolved> resolved = resolve(x.shape(), parameters, ReduceOp::maximum);
  if (!resolved.ok()) return Node::failed(resolved.status());
  return ir::window_reduce(x, resolved->window);
}

Value max_pool_gradient(const Value& x, const Shape& pooled, const Value& gradient,
                        const PoolingParameters& parameters) {
  if (Status status = first_error(x, gradient); !status.ok()) return Node::failed(status);
  Result<Resolved> resolved = resolve(x.shape(), parameters, ReduceOp::maximum);
  if (!resolved.ok()) return Node::failed(resolved.status());
  if (Status status = check_shape("orig_output", pooled, resolved->output); !status.ok())
    return Node::failed(status);
  if (Status status = check_shape("grad", gradient.shape(), resolved->output); !status.ok())
    return Node::failed(status);
  return ir::window_gradient(x, gradient, resolved->window);
}

Value pick_at_maximum(const Value& x, const Shape& pooled, const Value& values,
                      const PoolingParameters& parameters) {
  if (Status status = first_error(x, values); !status.ok()) return Node::failed(status);
  Result<Resolved> resolved = resolve(x.shape(), parameters, ReduceOp::maximum);
  if (!resolved.ok()) return Node::failed(resolved.status());
  if (Status status = check_shape("orig_output", pooled, resolved->output); !status.ok())
    return Node::failed(status);
  if (Status status = check_shape("grad", values.shape(), x.shape()); !status.ok())
    return Node::failed(status);
  return pick(x, values, *resolved);
}

Value max_pool_positions(const Value& x, DType dtype, bool include_batch,
                         const PoolingParameters& parameters) {
  if (Status status = first_error(x); !status.ok()) return x;
  Result<Resolved> resolved = resolve(x.shape(), parameters, ReduceOp::maximum);
  if (!resolved.ok()) return Node::failed(resolved.status());
  const ir::Dims strides = x.shape().strides();
  Value positions = ir::zeros(dtype, x.shape());
  for (int axis = include_batch ? 0 : 1; axis < x.shape().rank(); ++axis) {
    const Value stride = ir::constant_integer(dtype, strides[static_cast<std::size_t>(axis)]);
    positions = positions + ir::iota(dtype, x.shape(), axis) * stride;
  }
  return pick(x, positions, *resolved);
}

Value scatter_to_maxima(const Shape& x_shape, const Value& gradient, const Value& positions,
                        bool include_batch) {
  if (Status status = first_error(gradient, positions); !status.ok()) return Node::failed(status);
  Value flat = positions;
  if (!include_batch) {
    const Value image = ir::constant_integer(positions.dtype(), x_shape.strides()[0]);
    flat = flat + ir::iota(positions.dtype(), positions.shape(), 0) * image;
  }
  const Value sums = ir::scatter(ir::ScatterOp::add,
                                 ir::zeros(widened(gradient.dtype()), Shape{x_shape.elements()}),
                                 flat, widen(gradient));
  return ir::reshape(ir::cast(sums, gradient.dtype()), x_shape);
}

Value average_pool(const Value& x, const PoolingParameters& parameters) {
  if (Status status = first_error(x); !status.ok()) return Node::failed(status);
  Result<Resolved> resolved = resolve(x.shape(), parameters, ReduceOp::sum);
  if (!resolved.ok()) return Node::failed(resolved.status());
  const DType wide = widened(x.dtype());
  const Value sums = ir::window_reduce(ir::cast(x, wide), resolved->window);
  return ir::cast(sums / window_counts(wide, x.shape(), resolved->window), x.dtype());
}

Value average_pool_gradient(const Shape& x_shape, const Value& gradient,
                            const PoolingParameters& parameters) {
  if (Status status = first_error(gradient); !status.ok()) return Node::failed(status);
  Result<Resolved> resolved = resolve(x_shape, parameters, ReduceOp::sum);
  if (!resolved.ok()) return Node::failed(resolved.status());
  if (Status status = check_shape("grad", gradient.shape(), resolved->output); !status.ok())
    return Node::failed(status);
  const DType wide = widened(gradient.dtype());
  const Value shares = ir::cast(gradient, wide) / window_counts(wide, x_shape, resolved->window);
  // A sum's gradient does not look at x: a broadcast constant gives only the shape.
  const Value x = ir::zeros(wide, x_shape);
  return ir::cast(ir::window_gradient(x, shares, resolved->window), gradient.dtype());
}

}  // namespace evergpu::ops
