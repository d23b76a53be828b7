// Steps of random graphs: reductions, windows, contractions and indexed operations.
#include <algorithm>
#include <cmath>

#include "ir/infer/infer.h"
#include "support/generator.h"

namespace evergpu::testing {

using ir::Dims;
using ir::DType;
using ir::ReduceOp;
using ir::Shape;
using ir::Value;

namespace {

bool numeric(DType dtype) { return dtype != DType::boolean; }

ReduceOp reduce_op(std::int64_t choice) { return static_cast<ReduceOp>(choice); }

/// How bound and error grow when `terms` floats are combined.
struct Growth {
  double bound;
  double error;
};
Growth combine(ReduceOp op, const Known& x, double terms) {
  switch (op) {
    case ReduceOp::sum:
      return {x.bound * terms, x.error * terms};
    case ReduceOp::product: {
      const double bound = std::max(1.0, std::pow(x.bound, terms));
      return {bound, terms * bound / std::max(x.bound, 1.0) * x.error};
    }
    default:
      return {x.bound, x.error};
  }
}

}  // namespace

std::optional<Known> Generator::reduce() {
  const Known x = any_value();
  const ReduceOp op =
      x.dtype() == DType::boolean ? reduce_op(between(4, 5)) : reduce_op(between(0, 3));
  Dims axes;
  double terms = 1;
  for (int axis = 0; axis < x.rank(); ++axis)
    if (chance(0.5)) {
      axes.push_back(axis);
      terms *= static_cast<double>(x.shape()[axis]);
    }
  // The identities of an extreme are infinite.
  if (terms == 0 && ir::is_float(x.dtype()) && op >= ReduceOp::maximum) return std::nullopt;
  const Value value = ir::reduce(op, x.value, axes, chance(0.5));
  if (!ir::is_float(x.dtype())) return exact(value);
  if (op >= ReduceOp::maximum) return moved(value, x);
  const Growth growth = combine(op, x, terms);
  if (op == ReduceOp::sum && terms > 4 && chance(0.7)) {  // the mean
    const Known sum = computed(value, growth.bound, growth.error, terms);
    return computed(sum.value * (1 / terms), sum.bound / terms, sum.error / terms);
  }
  return computed(value, growth.bound, growth.error, terms);
}

std::optional<Known> Generator::arg_reduce() {
  const Known x = any_value();
  if (!x.exact || x.rank() == 0) return std::nullopt;
  const auto axis = static_cast<int>(between(0, x.rank() - 1));
  if (x.shape()[axis] == 0) return std::nullopt;
  return exact(ir::arg_reduce(chance(0.5) ? ReduceOp::maximum : ReduceOp::minimum, x.value, axis,
                              chance(0.5) ? DType::i32 : DType::i64));
}

std::optional<Known> Generator::window() {
  const auto dtype = any_dtype(numeric);
  if (!dtype) return std::nullopt;
  const Known x = any_value(*dtype, 2);
  ir::Window window;
  window.op = chance(0.5) ? ReduceOp::maximum : ReduceOp::sum;
  double taps = 1;
  for (std::int64_t extent : x.shape()) {
    const std::int64_t size = chance(0.4) ? 1 : between(1, 3);
    window.extents.push_back(size);
    window.strides.push_back(between(1, 3));
    // Every window meets an element, so that no identity shows.
    window.pad_low.push_back(extent < size ? 0 : between(0, size - 1));
    window.pad_high.push_back(extent < size ? 0 : between(0, size - 1));
    taps *= static_cast<double>(size);
  }
  const Value pooled = ir::window_reduce(x.value, window);
  const bool is_float = ir::is_float(x.dtype());
  if (chance(0.5)) {
    if (!is_float) return exact(pooled);
    if (window.op == ReduceOp::maximum) return moved(pooled, x);
    return computed(pooled, x.bound * taps, x.error * taps, taps);
  }
  if (window.op == ReduceOp::maximum && !x.exact) return std::nullopt;
  const Known gradient = leaf(x.dtype(), pooled.shape());
  const Value value = ir::window_gradient(x.value, gradient.value, window);
  if (!is_float) return exact(value);
  return computed(value, gradient.bound * taps, gradient.error * taps, taps);
}

std::optional<Known> Generator::matmul() {
  const auto dtype = any_dtype(numeric);
  if (!dtype) return std::nullopt;
  const Known a = any_value(*dtype, 2);
  const bool transpose_a = chance(0.3);
  const bool transpose_b = chance(0.3);
  const std::int64_t k = a.shape()[a.rank() - (transpose_a ? 2 : 1)];
  const std::int64_t n = between(1, 9);
  Dims extents(a.shape().begin(), a.shape().end() - 2);
  for (std::int64_t& extent : extents)
    if (chance(0.2)) extent = 1;
  extents.push_back(transpose_b ? n : k);
  extents.push_back(transpose_b ? k : n);
  const Known b = partner(*dtype, Shape(extents));
  const Value second = ir::broadcast(b.value, Shape(extents));
  const Value value = ir::matmul(a.value, second, transpose_a, transpose_b);
  if (!ir::is_float(*dtype)) return exact(value);
  const auto terms = static_cast<double>(k);
  return computed(value, terms * a.bound * b.bound,
                  terms * (a.bound * b.error + b.bound * a.error + a.error * b.error), terms);
}

std::optional<Known> Generator::convolution() {
  const auto dtype = any_dtype(ir::is_float);
  if (!dtype) return std::nullopt;
  ir::Convolution attributes;
  const std::int64_t spatial = between(1, 3);
  attributes.groups = chance(0.3) ? 2 : 1;
  attributes.layout = chance(0.5) ? ir::Layout::channels_last : ir::Layout::channels_first;
  const std::int64_t channels_in = between(1, 3);
  const std::int64_t channels_out = attributes.groups * between(1, 3);
  Dims filter;
  Dims image;
  for (std::int64_t i = 0; i < spatial; ++i) {
    filter.push_back(between(1, 3));
    attributes.strides.push_back(between(1, 2));
    attributes.dilations.push_back(chance(0.8) ? 1 : 2);
    attributes.pad_low.push_back(between(0, 2));
    attributes.pad_high.push_back(between(0, 2));
    image.push_back(between(3, 6));
  }
  filter.push_back(channels_in);
  filter.push_back(channels_out);
  const std::int64_t channels = attributes.groups * channels_in;
  if (attributes.layout == ir::Layout::channels_last)
    image.push_back(channels);
  else
    image.insert(0, channels);
  image.insert(0, between(1, 3));
  const Result<Shape> result = ir::convolution_shape(attributes, Shape(image), Shape(filter));
  if (!result.ok()) return std::nullopt;

  const auto taps = static_cast<double>(Shape(filter).elements() / channels_in / channels_out);
  Known x;
  Known y;
  Value value;
  double terms = 0;
  switch (between(0, 2)) {
    case 0:
      x = any_value(*dtype, 0);
      x = x.shape() == Shape(image) ? x : leaf(*dtype, Shape(image));
      y = leaf(*dtype, Shape(filter));
      terms = taps * static_cast<double>(channels_in);
      value = ir::convolution(x.value, y.value, attributes);
      break;
    case 1:
      x = leaf(*dtype, Shape(filter));
      y = leaf(*dtype, *result);
      terms = taps * static_cast<double>(channels_out / attributes.groups);
      value = ir::convolution_input(Shape(image), x.value, y.value, attributes);
      break;
    default:
      x = leaf(*dtype, Shape(image));
      y = leaf(*dtype, *result);
      terms = static_cast<double>(result->elements() / channels_out);
      value = ir::convolution_filter(x.value, Shape(filter), y.value, attributes);
  }
  return computed(value, terms * x.bound * y.bound, terms * (x.bound * y.error + y.bound * x.error),
                  terms);
}

std::optional<Known> Generator::gather() {
  const Known params = any_value();
  if (params.rank() == 0) return std::nullopt;
  const auto axis = static_cast<int>(between(0, params.rank() - 1));
  const auto batch_dims = static_cast<int>(chance(0.3) ? between(0, axis) : 0);
  Dims extents(params.shape().begin(), params.shape().begin() + batch_dims);
  for (std::int64_t more = between(0, 2); more > 0; --more) extents.push_back(between(1, 5));
  const Known index = indices(Shape(std::move(extents)), params.shape()[axis]);
  return moved(ir::gather(params.value, index.value, axis, batch_dims), params);
}

std::optional<Known> Generator::scatter() {
  const Known base = any_value();
  if (base.rank() == 0) return std::nullopt;
  auto op = static_cast<ir::ScatterOp>(between(0, 5));
  if (!ir::supports(op, base.dtype())) op = ir::ScatterOp::set;
  const std::int64_t count = between(0, 6);
  const Known index = indices(Shape{count}, base.shape()[0]);
  Dims extents = base.shape().extents();
  extents[0] = count;
  const Known updates = leaf(base.dtype(), Shape(std::move(extents)));
  const Value value = ir::scatter(op, base.value, index.value, updates.value);
  if (!ir::is_float(base.dtype())) return exact(value);
  const auto terms = static_cast<double>(count);
  switch (op) {
    case ir::ScatterOp::add:
    case ir::ScatterOp::subtract:
      return computed(value, base.bound + terms * updates.bound, base.error, terms);
    case ir::ScatterOp::multiply:
      return computed(value, base.bound, base.error, terms);  // updates are at most 1
    default: {
      Known known = moved(value, base);
      known.bound = std::max(base.bound, updates.bound);
      return known;
    }
  }
}

std::optional<Known> Generator::argsort() {
  const Known x = any_value();
  if (!x.exact || x.rank() == 0) return std::nullopt;
  return exact(ir::argsort(x.value, chance(0.5)));
}

std::optional<Known> Generator::scan() {
  const auto dtype = any_dtype(numeric);
  if (!dtype) return std::nullopt;
  const Known x = any_value(*dtype, 1);
  const auto axis = static_cast<int>(between(0, x.rank() - 1));
  const ReduceOp op = reduce_op(between(0, 3));
  // An exclusive extreme starts with its identity, which is infinite.
  const bool exclusive = (op < ReduceOp::maximum || !ir::is_float(x.dtype())) && chance(0.5);
  const Value value = ir::scan(op, x.value, axis, exclusive, chance(0.5));
  if (!ir::is_float(x.dtype())) return exact(value);
  if (op >= ReduceOp::maximum) return moved(value, x);
  const auto terms = static_cast<double>(x.shape()[axis]);
  const Growth growth = combine(op, x, terms);
  return computed(value, growth.bound, growth.error, terms);
}

std::optional<Known> Generator::recurrent() {
  const auto dtype = any_dtype(ir::is_float);
  if (!dtype) return std::nullopt;
  const ir::Recurrent attributes{chance(0.5) ? ir::GatedCell::lstm : ir::GatedCell::gru,
                                 chance(0.3)};
  const bool forward = chance(0.5);
  // A gradient of arbitrary numbers grows with each step.
  const std::int64_t steps = forward ? between(0, 4) : 1;
  const std::int64_t batch = between(1, 4);
  const std::int64_t units = between(1, 3);
  const std::int64_t width = ir::gates_of(attributes.cell) * units;
  const Known weights = leaf(*dtype, {width, units});
  const Known state = leaf(*dtype, {ir::states_of(attributes.cell), batch, units});
  constexpr double terms = 4096;  // more than are summed: later steps compute with earlier errors
  if (forward) {
    const Known gates = leaf(*dtype, {steps, batch, width});
    const Known biases = leaf(*dtype, {2, width});
    const double bound = static_cast<double>(units + 1 + steps);
    return computed(
        ir::recurrent(attributes, gates.value, weights.value, biases.value, state.value), bound, 0,
        terms);
  }
  const Known kept = leaf(*dtype, {ir::kept_of(attributes.cell), steps, batch, units});
  const Known gradient = leaf(*dtype, {steps, batch, units});
  const Known last = leaf(*dtype, state.shape());
  const double bound = static_cast<double>(20 * units + 2);
  return computed(ir::recurrent_gradient(attributes, kept.value, weights.value, state.value,
                                         gradient.value, last.value),
                  bound, 0, terms);
}

}  // namespace evergpu::testing
