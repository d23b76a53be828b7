// Sums and zeros of lists of tensors, which TensorFlow keeps in variants: what gradients of loops
// are made of. TensorFlow takes the lists apart, and calls us back for their tensors.
#include <fmt/core.h>

#include "tensorflow/api.h"
#include "tensorflow/convert.h"
#include "tensorflow/op_table.h"
#include "tensorflow/plugin.h"

namespace evergpu::tensorflow {
namespace {

using ir::DType;
using ir::Shape;
using ir::Value;

// A tensor that a callback got. TensorFlow deletes it, whatever its header says.
class Element {
 public:
  explicit Element(TF_Tensor* tensor) : tensor_(tensor), dtype_(dtype_from(type())) {}

  TF_DataType type() const { return api().TF_TensorType(tensor_); }
  std::optional<DType> dtype() const { return dtype_; }
  Shape shape() const { return shape_of(tensor_); }

  /// Its value, wherever it lives.
  Value read(runtime::Device& device) const {
    const void* const data = api().TF_TensorData(tensor_);
    if (shape().elements() == 0) return ir::zeros(*dtype_, shape());
    if (!device.owns(data)) return device.capture(*dtype_, shape(), data);
    Value value = device.read(data, *dtype_, shape());
    if (Status status = device.status_of(value); !status.ok())
      return ir::Node::failed(std::move(status));
    return value;
  }

  Status write(runtime::Device& device, const Value& value) const {
    return device.write(api().TF_TensorData(tensor_), value);
  }

 private:
  TF_Tensor* tensor_;
  std::optional<DType> dtype_;
};

void report(TF_OpKernelContext* context, const Status& status) {
  if (!status.ok()) api().TF_OpKernelContext_Failure(context, TfStatus(status).get());
}

Status not_numbers(const Element& element) {
  return unimplemented(fmt::format("evergpu does not compute with a list's elements of type {}",
                                   static_cast<int>(element.type())));
}

Status sum_of(TF_OpKernelContext* context, const Element& a, const Element& b, const Element& sum) {
  if (!sum.dtype() || *sum.dtype() == DType::boolean) return not_numbers(sum);
  const auto device = device_of(context);
  if (!device.ok()) return device.status();
  return sum.write(**device, a.read(**device) + b.read(**device));
}

Status zeros_in(TF_OpKernelContext* context, const Element& zeros) {
  if (!zeros.dtype()) return not_numbers(zeros);
  const auto device = device_of(context);
  if (!device.ok()) return device.status();
  return zeros.write(**device, ir::zeros(*zeros.dtype(), zeros.shape()));
}

void add(TF_OpKernelContext* context, TF_Tensor* a, TF_Tensor* b, TF_Tensor* sum) {
  report(context, sum_of(context, Element(a), Element(b), Element(sum)));
}

void zeros_like(TF_OpKernelContext* context, TF_Tensor* /*like*/, TF_Tensor* zeros) {
  report(context, zeros_in(context, Element(zeros)));
}

// An error of a callback is in the context already.
Result<Lowering> add_lists(const Attributes&) {
  return Lowering([](Call& call) {
    const TfStatus status;
    api().TF_AddNVariant(call.context(), add, status.get());
    return status.status();
  });
}

Result<Lowering> zeros_like_list(const Attributes&) {
  return Lowering([](Call& call) {
    const TfStatus status;
    api().TF_ZerosLikeVariant(call.context(), zeros_like, status.get());
    return status.status();
  });
}

constexpr OpRow variant_table[] = {
    {.op = "AddN", .types = {{"T"}}, .variants = true, .make = add_lists},
    {.op = "ZerosLike", .types = {{"T"}}, .variants = true, .make = zeros_like_list},
};

}  // namespace

std::span<const OpRow> variant_rows() { return variant_table; }

}  // namespace evergpu::tensorflow
