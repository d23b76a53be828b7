// The parts of the reference interpreter, one function a family of kinds.
#pragma once

#include <span>

#include "ir/operation.h"
#include "ir/tensor.h"

namespace evergpu::ir::reference {

/// One operation with its operands and where its result goes.
struct Call {
  const Operation& operation;
  std::span<const TensorView> operands;
  MutableTensorView result;

  std::int64_t elements() const { return result.shape.elements(); }
  template <typename T>
  const T* operand(std::size_t i) const {
    return operands[i].as<T>();
  }
  template <typename T>
  const T& attributes() const {
    return operation.get<T>();
  }
};

void source(const Call& call);
void random(const Call& call);
void unary(const Call& call);
void binary(const Call& call);
void select(const Call& call);
void cast(const Call& call);
void movement(const Call& call);
void reduce(const Call& call);
void arg_reduce(const Call& call);
void scan(const Call& call);
void window(const Call& call);
void matmul(const Call& call);
void convolution(const Call& call);
void gather(const Call& call);
void scatter(const Call& call);
void argsort(const Call& call);
void recurrent(const Call& call);
void recurrent_gradient(const Call& call);

/// The identity of a reduction in compute type C.
template <typename C>
C identity(ReduceOp op) {
  using Limits = std::numeric_limits<C>;
  switch (op) {
    case ReduceOp::product:
    case ReduceOp::all:
      return C(1);
    case ReduceOp::maximum:
      return Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
    case ReduceOp::minimum:
      return Limits::has_infinity ? Limits::infinity() : Limits::max();
    default:
      return C(0);
  }
}

}  // namespace evergpu::ir::reference
