// Dense row-major arrays in host memory: views of somebody's bytes, and an owner.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "ir/dtype.h"
#include "ir/shape.h"

namespace evergpu::ir {

/// Bytes of one dense array, to read.
struct TensorView {
  DType dtype = DType::f32;
  Shape shape;
  const std::byte* data = nullptr;

  template <typename T>
  const T* as() const {
    return reinterpret_cast<const T*>(data);
  }
};

/// Bytes of one dense array, to write.
struct MutableTensorView {
  DType dtype = DType::f32;
  Shape shape;
  std::byte* data = nullptr;

  template <typename T>
  T* as() const {
    return reinterpret_cast<T*>(data);
  }
};

/// An array that owns its bytes; they start as zeros.
class Tensor {
 public:
  Tensor() = default;
  Tensor(DType dtype, Shape shape)
      : dtype_(dtype),
        shape_(std::move(shape)),
        bytes_(static_cast<std::size_t>(shape_.elements()) * size_of(dtype)) {}
  /// Copies `values`; their number is that of the shape's elements.
  template <typename T>
  static Tensor of(Shape shape, std::span<const T> values) {
    Tensor tensor(dtype_of<T>(), std::move(shape));
    std::memcpy(tensor.bytes_.data(), values.data(), tensor.bytes_.size());
    return tensor;
  }

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  std::span<std::byte> bytes() { return bytes_; }
  template <typename T>
  std::span<const T> as() const {
    return {reinterpret_cast<const T*>(bytes_.data()), bytes_.size() / sizeof(T)};
  }
  template <typename T>
  std::span<T> as() {
    return {reinterpret_cast<T*>(bytes_.data()), bytes_.size() / sizeof(T)};
  }
  TensorView view() const { return {dtype_, shape_, bytes_.data()}; }
  MutableTensorView mutable_view() { return {dtype_, shape_, bytes_.data()}; }

 private:
  DType dtype_ = DType::f32;
  Shape shape_;
  std::vector<std::byte> bytes_;
};

}  // namespace evergpu::ir
