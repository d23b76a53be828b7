// Short ways to make leaves from elements and to compute values, for tests of the IR.
#pragma once

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <vector>

#include "ir/build.h"
#include "ir/evaluate.h"

namespace evergpu::ir {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float inf = std::numeric_limits<float>::infinity();

/// The bytes of a leaf.
class TensorStorage : public Storage {
 public:
  explicit TensorStorage(Tensor tensor) : tensor_(std::move(tensor)) {}
  TensorView view() const { return tensor_.view(); }

 private:
  Tensor tensor_;
};

/// A leaf. Elements are given as what they are computed in: 16-bit floats as float.
template <typename T>
Value array(const Shape& shape, const std::vector<Compute<T>>& elements) {
  EXPECT_EQ(shape.elements(), static_cast<std::int64_t>(elements.size()));
  Tensor tensor(dtype_of<T>(), shape);
  for (std::size_t i = 0; i < elements.size(); ++i)
    tensor.as<T>()[i] = static_cast<T>(static_cast<Compute<T>>(elements[i]));
  return Node::stored(dtype_of<T>(), shape, std::make_shared<TensorStorage>(std::move(tensor)));
}
template <typename T>
Value list(const std::vector<Compute<T>>& elements) {
  return array<T>(Shape{static_cast<std::int64_t>(elements.size())}, elements);
}

/// Computes a value, which must not have failed.
inline Tensor compute(const Value& value) {
  EXPECT_TRUE(value.status().ok()) << value.status().message();
  if (!value.status().ok()) return {};
  const Graph graph = graph_of({&value, 1});
  EXPECT_TRUE(verify(graph).ok()) << verify(graph).message();
  std::vector<TensorView> leaves;
  for (const GraphNode& node : graph.nodes)
    if (node.leaf)
      leaves.push_back(static_cast<const TensorStorage&>(*node.value->storage()).view());
  return evaluate(graph, leaves)[0];
}

/// The elements of a value of dtype T.
template <typename T>
std::vector<Compute<T>> elements(const Value& value) {
  const Tensor tensor = compute(value);
  EXPECT_EQ(tensor.dtype(), dtype_of<T>());
  if (tensor.dtype() != dtype_of<T>()) return {};
  std::vector<Compute<T>> result;
  for (T element : tensor.as<T>()) result.push_back(static_cast<Compute<T>>(element));
  return result;
}

/// A leaf without bytes, for tests that compute nothing.
inline Value placeholder(DType dtype, const Shape& shape) {
  return Node::stored(dtype, shape, std::make_shared<Storage>());
}
inline Value placeholder(const Shape& shape) { return placeholder(DType::f32, shape); }

}  // namespace evergpu::ir
