// Results that were computed in host memory.
#pragma once

#include "ir/tensor.h"
#include "tensorflow/call.h"

namespace evergpu::tensorflow {

/// The array as a value of the call's device; its bytes are copied now.
inline ir::Value captured(Call& call, const ir::TensorView& array) {
  if (array.shape.elements() == 0) return ir::zeros(array.dtype, array.shape);
  return call.device().capture(array.dtype, array.shape, array.data);
}
inline ir::Value captured(Call& call, const ir::Tensor& array) {
  return captured(call, ir::TensorView{array.dtype(), array.shape(), array.bytes().data()});
}
/// A vector of i32 or i64.
template <typename T>
ir::Value captured(Call& call, const std::vector<T>& numbers) {
  return captured(call, ir::TensorView{ir::dtype_of<T>(), ir::Shape{std::ssize(numbers)},
                                       reinterpret_cast<const std::byte*>(numbers.data())});
}

}  // namespace evergpu::tensorflow
