// How random graphs grow: a pool of values of which something is known, and steps that add one.
#pragma once

#include <optional>

#include "ir/build.h"
#include "support/random_graph.h"

namespace evergpu::testing {

/// A value with what is known about its elements.
struct Known {
  ir::Value value;
  double bound = 0;    // no float's magnitude is greater
  double error = 0;    // no float is off by more
  bool exact = false;  // all implementations agree on every bit

  ir::DType dtype() const { return value.dtype(); }
  const ir::Shape& shape() const { return value.shape(); }
  int rank() const { return value.shape().rank(); }
};

class Generator {
 public:
  Generator(std::mt19937_64& random, const RandomGraphOptions& options)
      : random_(random), options_(options) {}
  RandomGraph run();

 private:
  // Choices.
  std::int64_t between(std::int64_t low, std::int64_t high);
  bool chance(double probability);
  ir::DType any_dtype();
  std::optional<ir::DType> any_dtype(bool (*fits)(ir::DType));
  ir::Shape any_shape(int min_rank = 0);
  /// A value of the pool, or a new leaf.
  Known any_value();
  Known any_value(ir::DType dtype, int min_rank = 0);
  /// A value that broadcasts to `shape`.
  Known partner(ir::DType dtype, const ir::Shape& shape);
  Known leaf(ir::DType dtype, const ir::Shape& shape);
  Known scalar(ir::DType dtype, double number);
  /// Integers that index an axis of `extent` elements, seldom beyond it.
  Known indices(const ir::Shape& shape, std::int64_t extent);

  // Results, with what follows for them from their operands.
  /// A float result: `gain` times the operands' errors is already in `error`; `terms` are summed in
  /// one element.
  Known computed(ir::Value value, double bound, double error, double terms = 1) const;
  static Known moved(ir::Value value, const Known& from);
  static Known exact(ir::Value value, double bound = 0);

  // Steps; none where it does not apply to what was drawn.
  using Step = std::optional<Known> (Generator::*)();
  std::optional<Known> source();
  std::optional<Known> unary();
  std::optional<Known> unary_of_float(const Known& x);
  std::optional<Known> binary();
  std::optional<Known> binary_of_floats(const Known& x, const Known& y);
  std::optional<Known> compare();
  std::optional<Known> select();
  std::optional<Known> cast();
  std::optional<Known> bitcast();
  std::optional<Known> reshape();
  std::optional<Known> permute();
  std::optional<Known> broadcast();
  std::optional<Known> slice();
  std::optional<Known> pad();
  std::optional<Known> concat();
  std::optional<Known> reduce();
  std::optional<Known> arg_reduce();
  std::optional<Known> window();
  std::optional<Known> matmul();
  std::optional<Known> convolution();
  std::optional<Known> gather();
  std::optional<Known> scatter();
  std::optional<Known> argsort();
  std::optional<Known> scan();
  std::optional<Known> recurrent();

  /// Whether a result may join the pool.
  bool fits(const Known& known) const;

  std::mt19937_64& random_;
  const RandomGraphOptions& options_;
  std::vector<Known> pool_;
  RandomGraph graph_;
};

}  // namespace evergpu::testing
