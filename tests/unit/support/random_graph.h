// Random valid graphs over all node kinds and dtypes, as input for tests that compare two ways to
// compute the same thing.
#pragma once

#include <functional>
#include <random>
#include <span>
#include <vector>

#include "ir/graph.h"
#include "ir/tensor.h"

namespace evergpu::testing {

struct RandomGraphOptions {
  int nodes = 16;                    // operations on top of leaves, about
  std::int64_t max_elements = 2000;  // of any value
  std::vector<ir::DType> dtypes{std::begin(ir::all_dtypes), std::end(ir::all_dtypes)};
  bool libraries = true;  // contractions, windows, gathers, scatters, sorts and scans too
  /// Makes a leaf from its bytes; by default a stored value with an empty storage.
  std::function<ir::Value(const ir::Tensor&)> make_leaf;
};

/// Floats stay within about ±64, and nothing depends discontinuously on a rounded value: floats are
/// compared, sorted, rounded or cast to integers only where they were never computed with. So two
/// implementations may differ by their rounding alone.
struct RandomGraph {
  std::vector<ir::Value> wanted;
  /// How much an element of wanted[i] may differ, absolutely, between implementations that compute
  /// each node to within a few units in the last place; 0 where results must be equal.
  std::vector<double> tolerances;
  std::vector<ir::Value> leaves;
  std::vector<ir::Tensor> tensors;  // the bytes of leaves[i]

  /// The bytes of the leaves of `graph`, which was made from some of these values, in its order.
  std::vector<ir::TensorView> leaves_of(const ir::Graph& graph) const;
  /// The tolerance of each wanted node of `graph`, in its order.
  std::vector<double> tolerances_of(const ir::Graph& graph) const;
};

RandomGraph make_random_graph(std::mt19937_64& random, const RandomGraphOptions& options = {});

/// "" when `actual` has the dtype and shape of `expected` and its elements differ by no more than
/// `tolerance` (NaN equals NaN), else what the first difference is.
std::string difference(const ir::TensorView& expected, const ir::TensorView& actual,
                       double tolerance);

}  // namespace evergpu::testing
