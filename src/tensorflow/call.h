// One call of one op: its inputs as values, its outputs to be set.
#pragma once

#include <vector>

#include "base/status.h"
#include "ir/build.h"
#include "ir/tensor.h"
#include "runtime/device.h"
#include "tensorflow/convert.h"

struct TF_OpKernelContext;
struct TF_Tensor;

namespace evergpu::tensorflow {

class Call {
 public:
  /// `host_outputs`: TensorFlow keeps this kernel's results in host memory.
  Call(TF_OpKernelContext* context, runtime::Device& device, bool host_outputs);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  int input_count() const { return static_cast<int>(inputs_.size()); }
  /// The first input that is poisoned (its bytes could not be computed), else ok.
  Status status() const { return status_; }
  /// Input i as a value, wherever it lives: a host scalar becomes a constant, other host bytes are
  /// captured. A failed value when it cannot be read.
  ir::Value input(int i);
  /// Inputs [first, first + count).
  std::vector<ir::Value> inputs(int first, int count);
  /// Shape and dtype of input i.
  const ir::Shape& shape(int i) const { return inputs_[static_cast<std::size_t>(i)].shape; }
  ir::DType dtype(int i) const { return inputs_[static_cast<std::size_t>(i)].dtype; }

  /// Host-memory input i, an i32 or i64 tensor, as integers in row-major order.
  ir::Dims integers(int i) const;
  /// Host-memory input i, an i32 or i64 tensor of one element.
  std::int64_t integer(int i) const;
  /// The same, where its rank has to be 0; `name` is TensorFlow's, for the error.
  std::int64_t scalar(int i, const char* name) const;
  /// Host-memory input i, an i32 or i64 vector, as a shape.
  ir::Shape extents(int i) const;
  /// The bytes of host-memory input i.
  ir::TensorView host(int i) const;

  /// Allocates output i with the value's dtype and shape and records the value there. An output
  /// that TensorFlow keeps in host memory is computed at once. Returns the value's error if it
  /// failed.
  Status output(int i, const ir::Value& value);

  runtime::Device& device() { return device_; }
  TF_OpKernelContext* context() { return context_; }

 private:
  struct Input {
    TF_Tensor* tensor = nullptr;
    const void* data = nullptr;
    ir::DType dtype = ir::DType::f32;
    ir::Shape shape;
    bool plain = false;  // a dense tensor of a dtype we know, not a resource or variant
  };

  const Input& at(int i) const { return inputs_[static_cast<std::size_t>(i)]; }

  TF_OpKernelContext* context_;
  runtime::Device& device_;
  bool host_outputs_;
  InlineVector<Input, 4> inputs_;
  mutable Status status_;
  TfStatus& answer_;  // of TensorFlow's functions: the thread's own
};

}  // namespace evergpu::tensorflow
