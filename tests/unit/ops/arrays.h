// Arrays for tests of operators: made from numbers, computed by the reference interpreter, compared
// as doubles.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "ir/evaluate.h"
#include "ir/graph.h"

namespace evergpu::testing {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// The bytes of a leaf.
class ArrayStorage : public ir::Storage {
 public:
  explicit ArrayStorage(ir::Tensor tensor) : tensor_(std::move(tensor)) {}
  const ir::Tensor& tensor() const { return tensor_; }

 private:
  ir::Tensor tensor_;
};

/// A leaf with these elements, converted to `dtype`.
inline ir::Value array(const ir::Shape& shape, const std::vector<double>& numbers,
                       ir::DType dtype = ir::DType::f32) {
  EXPECT_EQ(shape.elements(), static_cast<std::int64_t>(numbers.size()));
  ir::Tensor tensor(dtype, shape);
  ir::visit(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::size_t i = 0; i < numbers.size(); ++i)
      tensor.as<T>()[i] = static_cast<T>(static_cast<ir::Compute<T>>(numbers[i]));
  });
  return ir::Node::stored(dtype, shape, std::make_shared<ArrayStorage>(std::move(tensor)));
}

/// Multiples of 1/8 from -2 to 2, the same for the same seed.
inline std::vector<double> random_numbers(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> eighths(-16, 16);
  std::vector<double> numbers(static_cast<std::size_t>(count));
  for (double& number : numbers) number = eighths(random) / 8.0;
  return numbers;
}
inline ir::Value random_array(const ir::Shape& shape, unsigned seed,
                              ir::DType dtype = ir::DType::f32) {
  return array(shape, random_numbers(shape.elements(), seed), dtype);
}

/// The elements of a value, which must not have failed.
inline std::vector<double> numbers(const ir::Value& value) {
  EXPECT_TRUE(value.status().ok()) << value.status().message();
  if (!value.status().ok()) return {};
  const ir::Value wanted[] = {value};
  const ir::Graph graph = ir::graph_of(wanted);
  EXPECT_TRUE(ir::verify(graph).ok()) << ir::verify(graph).message();
  std::vector<ir::TensorView> leaves;
  for (const ir::GraphNode& node : graph.nodes)
    if (node.leaf)
      leaves.push_back(static_cast<const ArrayStorage&>(*node.value->storage()).tensor().view());
  const std::vector<ir::Tensor> results = ir::evaluate(graph, leaves);
  const ir::Tensor& tensor = results[0];
  std::vector<double> elements;
  ir::visit(tensor.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (const T& element : tensor.as<T>())
      elements.push_back(static_cast<double>(static_cast<ir::Compute<T>>(element)));
  });
  return elements;
}

/// Expects a shape and elements within `tolerance` of `expected`; NaN equals NaN.
inline void expect_array(const ir::Value& value, const ir::Shape& shape,
                         const std::vector<double>& expected, double tolerance = 1e-5) {
  ASSERT_TRUE(value.status().ok()) << value.status().message();
  EXPECT_EQ(to_string(value.shape()), to_string(shape));
  const std::vector<double> actual = numbers(value);
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (std::isnan(expected[i]))
      EXPECT_TRUE(std::isnan(actual[i])) << "element " << i << " is " << actual[i];
    else
      EXPECT_NEAR(actual[i], expected[i], tolerance) << "element " << i;
  }
}

/// Expects a failed value with these words in its message.
inline void expect_failure(const ir::Value& value, const std::string& words) {
  ASSERT_FALSE(value.status().ok());
  EXPECT_NE(value.status().message().find(words), std::string::npos) << value.status().message();
}

inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// Checks a gradient against central differences: `loss` maps x to a scalar product of the
/// operator's result with fixed numbers.
inline void expect_gradient(const ir::Value& gradient, const std::vector<double>& x,
                            const std::function<double(const std::vector<double>&)>& loss,
                            double step, double tolerance) {
  const std::vector<double> actual = numbers(gradient);
  ASSERT_EQ(actual.size(), x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    std::vector<double> moved = x;
    moved[i] = x[i] + step;
    const double above = loss(moved);
    moved[i] = x[i] - step;
    const double below = loss(moved);
    EXPECT_NEAR(actual[i], (above - below) / (2 * step), tolerance) << "element " << i;
  }
}

}  // namespace evergpu::testing
