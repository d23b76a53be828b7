#include "support/random_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "support/generator.h"

namespace evergpu::testing {

using ir::DType;
using ir::Shape;
using ir::Tensor;
using ir::TensorView;
using ir::TypeTag;
using ir::Value;

namespace {

constexpr double greatest_float = 64;
/// A value whose error grew above this part of its bound is not computed with any more.
constexpr double greatest_error = 0.1;

double epsilon_of(DType dtype) {
  switch (dtype) {
    case DType::f16:
      return 0x1p-10;
    case DType::bf16:
      return 0x1p-7;
    case DType::f32:
      return 0x1p-23;
    default:
      return 0x1p-52;
  }
}

}  // namespace

std::int64_t Generator::between(std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
}

bool Generator::chance(double probability) {
  return std::uniform_real_distribution<double>()(random_) < probability;
}

DType Generator::any_dtype() {
  return options_.dtypes[static_cast<std::size_t>(
      between(0, static_cast<std::int64_t>(options_.dtypes.size()) - 1))];
}

std::optional<DType> Generator::any_dtype(bool (*fits)(DType)) {
  std::vector<DType> fitting;
  std::copy_if(options_.dtypes.begin(), options_.dtypes.end(), std::back_inserter(fitting), fits);
  if (fitting.empty()) return std::nullopt;
  return fitting[static_cast<std::size_t>(
      between(0, static_cast<std::int64_t>(fitting.size()) - 1))];
}

Shape Generator::any_shape(int min_rank) {
  static constexpr std::int64_t extents[] = {1, 1, 2, 2, 3, 3, 4, 5, 7, 8, 16, 33};
  const auto rank = std::max<std::int64_t>(min_rank, chance(0.1) ? between(4, 6) : between(0, 3));
  ir::Dims dims;
  std::int64_t elements = 1;
  for (std::int64_t i = 0; i < rank; ++i) {
    std::int64_t extent = extents[between(0, std::size(extents) - 1)];
    if (chance(0.01)) extent = 0;
    if (elements * extent > options_.max_elements) extent = 1;
    elements *= extent;
    dims.push_back(extent);
  }
  return Shape(std::move(dims));
}

Known Generator::leaf(DType dtype, const Shape& shape) {
  Tensor tensor(dtype, shape);
  ir::visit(dtype, [&]<typename T>(TypeTag<T>) {
    for (T& element : tensor.as<T>()) {
      if constexpr (ir::is_floating<T>)
        element = T(static_cast<float>(between(-8, 8)) / 8);
      else if constexpr (std::is_same_v<T, bool>)
        element = chance(0.5);
      else
        element = static_cast<T>(chance(0.05)          ? between(INT64_MIN, INT64_MAX)
                                 : std::is_signed_v<T> ? between(-9, 9)
                                                       : between(0, 9));
    }
  });
  Value value = options_.make_leaf
                    ? options_.make_leaf(tensor)
                    : ir::Node::stored(dtype, shape, std::make_shared<ir::Storage>());
  graph_.leaves.push_back(value);
  graph_.tensors.push_back(std::move(tensor));
  pool_.push_back(exact(value, 1));
  return pool_.back();
}

Known Generator::scalar(DType dtype, double number) {
  return exact(ir::constant(dtype, number), std::abs(number));
}

Known Generator::any_value() {
  if (pool_.empty() || chance(0.1)) return leaf(any_dtype(), any_shape());
  // What was made last is likelier to go on, so that graphs grow deep.
  const auto last = static_cast<std::int64_t>(pool_.size()) - 1;
  return pool_[static_cast<std::size_t>(std::max(between(0, last), between(0, last)))];
}

Known Generator::any_value(DType dtype, int min_rank) {
  for (int attempt = 0; attempt < 8; ++attempt)
    if (Known known = any_value(); known.dtype() == dtype && known.rank() >= min_rank) return known;
  return leaf(dtype, any_shape(min_rank));
}

Known Generator::partner(DType dtype, const Shape& shape) {
  for (int attempt = 0; attempt < 8; ++attempt) {
    Known known = any_value();
    if (known.dtype() == dtype && ir::broadcasts_to(known.shape(), shape)) return known;
  }
  if (chance(0.3)) return scalar(dtype, static_cast<double>(between(0, 4)) / 2);
  ir::Dims extents = shape.extents();
  if (chance(0.2) && !extents.empty()) extents.erase(0);
  for (std::int64_t& extent : extents)
    if (chance(0.15)) extent = 1;
  return leaf(dtype, Shape(std::move(extents)));
}

Known Generator::indices(const Shape& shape, std::int64_t extent) {
  const DType dtype = chance(0.5) ? DType::i32 : DType::i64;
  Tensor tensor(dtype, shape);
  ir::visit(dtype, [&]<typename T>(TypeTag<T>) {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>)
      for (T& element : tensor.as<T>())
        element = static_cast<T>(chance(0.05) ? between(-2, extent + 2)
                                              : between(0, std::max<std::int64_t>(extent - 1, 0)));
  });
  Value value = options_.make_leaf
                    ? options_.make_leaf(tensor)
                    : ir::Node::stored(dtype, shape, std::make_shared<ir::Storage>());
  graph_.leaves.push_back(value);
  graph_.tensors.push_back(std::move(tensor));
  return exact(value);
}

Known Generator::computed(Value value, double bound, double error, double terms) const {
  const double rounding = (4 + std::sqrt(terms)) * epsilon_of(value.dtype()) * bound;
  return {std::move(value), bound, error + rounding, false};
}

Known Generator::moved(Value value, const Known& from) {
  return {std::move(value), from.bound, from.error, from.exact};
}

Known Generator::exact(Value value, double bound) { return {std::move(value), bound, 0, true}; }

bool Generator::fits(const Known& known) const {
  if (known.shape().elements() > options_.max_elements) return false;
  if (!ir::is_float(known.dtype())) return true;
  return known.bound <= greatest_float &&
         known.error <= greatest_error * std::max(known.bound, 1.0);
}

RandomGraph Generator::run() {
  static constexpr Step fusable[] = {
      &Generator::source,  &Generator::unary,     &Generator::unary,   &Generator::unary,
      &Generator::binary,  &Generator::binary,    &Generator::binary,  &Generator::compare,
      &Generator::select,  &Generator::cast,      &Generator::bitcast, &Generator::reshape,
      &Generator::permute, &Generator::broadcast, &Generator::slice,   &Generator::pad,
      &Generator::concat,  &Generator::reduce,    &Generator::reduce};
  static constexpr Step library[] = {
      &Generator::arg_reduce,  &Generator::window, &Generator::matmul,
      &Generator::convolution, &Generator::gather, &Generator::scatter,
      &Generator::argsort,     &Generator::scan,   &Generator::recurrent};
  std::vector<Known> results;
  while (static_cast<int>(results.size()) < options_.nodes) {
    const bool from_library = options_.libraries && chance(0.3);
    const Step step = from_library ? library[between(0, std::size(library) - 1)]
                                   : fusable[between(0, std::size(fusable) - 1)];
    const std::optional<Known> result = (this->*step)();
    if (!result) continue;
    if (const Status status = result->value.status(); !status.ok())
      throw std::logic_error("random graph: " + status.message());  // a mistake of the generator
    const bool is_new = std::none_of(pool_.begin(), pool_.end(), [&](const Known& known) {
      return known.value == result->value;
    });
    if (!is_new || !fits(*result)) continue;
    pool_.push_back(*result);
    results.push_back(*result);
  }
  for (std::size_t i = 0; i < results.size(); ++i)
    if (i + 1 == results.size() || chance(0.3)) {
      graph_.wanted.push_back(results[i].value);
      graph_.tolerances.push_back(results[i].error);
    }
  return std::move(graph_);
}

RandomGraph make_random_graph(std::mt19937_64& random, const RandomGraphOptions& options) {
  return Generator(random, options).run();
}

std::vector<TensorView> RandomGraph::leaves_of(const ir::Graph& graph) const {
  std::vector<TensorView> views;
  for (const ir::GraphNode& node : graph.nodes) {
    if (!node.leaf) continue;
    const auto found = std::find(leaves.begin(), leaves.end(), node.value);
    views.push_back(tensors.at(static_cast<std::size_t>(found - leaves.begin())).view());
  }
  return views;
}

std::vector<double> RandomGraph::tolerances_of(const ir::Graph& graph) const {
  std::vector<double> result;
  for (const ir::GraphNode& node : graph.nodes) {
    if (!node.wanted) continue;
    const auto found = std::find(wanted.begin(), wanted.end(), node.value);
    result.push_back(tolerances.at(static_cast<std::size_t>(found - wanted.begin())));
  }
  return result;
}

std::string difference(const TensorView& expected, const TensorView& actual, double tolerance) {
  if (expected.dtype != actual.dtype || expected.shape != actual.shape)
    return fmt::format("expected {}{}, got {}{}", name_of(expected.dtype),
                       to_string(expected.shape), name_of(actual.dtype), to_string(actual.shape));
  return ir::visit(expected.dtype, [&]<typename T>(TypeTag<T>) -> std::string {
    for (std::int64_t i = 0; i < expected.shape.elements(); ++i) {
      const auto a = static_cast<ir::Compute<T>>(expected.as<T>()[i]);
      const auto b = static_cast<ir::Compute<T>>(actual.as<T>()[i]);
      if (a == b || (a != a && b != b)) continue;
      if constexpr (ir::is_floating<T>)
        if (std::abs(static_cast<double>(a) - static_cast<double>(b)) <= tolerance) continue;
      return fmt::format("element {} of {}{}: expected {}, got {}, tolerance {}", i,
                         name_of(expected.dtype), to_string(expected.shape), a, b, tolerance);
    }
    return {};
  });
}

}  // namespace evergpu::testing
