// Static shapes: a list of extents, row-major.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/inline_vector.h"

namespace evergpu::ir {

/// A list of extents, axes, strides or paddings.
using Dims = InlineVector<std::int64_t, 5>;

/// The extents of a dense row-major array. Rank 0 is a scalar with one element.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> extents) : extents_(extents) {}
  explicit Shape(Dims extents) : extents_(std::move(extents)) {}
  explicit Shape(std::span<const std::int64_t> extents) : extents_(extents) {}

  int rank() const { return static_cast<int>(extents_.size()); }
  std::int64_t operator[](int axis) const { return extents_[static_cast<std::size_t>(axis)]; }
  const Dims& extents() const { return extents_; }
  const std::int64_t* begin() const { return extents_.begin(); }
  const std::int64_t* end() const { return extents_.end(); }

  /// The product of the extents; 1 for a scalar.
  std::int64_t elements() const {
    std::int64_t product = 1;
    for (std::int64_t extent : extents_) product *= extent;
    return product;
  }

  /// Row-major strides, in elements.
  Dims strides() const {
    Dims result(extents_.size());
    std::int64_t stride = 1;
    for (int axis = rank() - 1; axis >= 0; --axis) {
      result[static_cast<std::size_t>(axis)] = stride;
      stride *= (*this)[axis];
    }
    return result;
  }

  friend bool operator==(const Shape&, const Shape&) = default;

 private:
  Dims extents_;
};

/// "[2,3]"; the form TensorFlow's messages use.
std::string to_string(const Shape& shape);

/// True when `from` broadcasts to `to` by NumPy's rule (aligned at the last axis).
bool broadcasts_to(const Shape& from, const Shape& to);

/// The common shape of two operands by NumPy's rule; false when there is none.
bool broadcast_shape(const Shape& a, const Shape& b, Shape* result);

}  // namespace evergpu::ir
