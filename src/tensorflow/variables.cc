#include "tensorflow/variables.h"

#include <fmt/format.h>

#include <algorithm>

#include "tensorflow/api.h"
#include "tensorflow/convert.h"
#include "tensorflow/plugin.h"

namespace evergpu::tensorflow {
namespace {

// TensorFlow gives a variable a buffer of its own before an update when somebody still reads the
// old one. Both tensors are ours to delete.
void copy_variable(TF_OpKernelContext* context, TF_Tensor* source, TF_Tensor* target) {
  const std::size_t bytes = api().TF_TensorByteSize(source);
  void* const from = api().TF_TensorData(source);
  if (bytes != 0) {
    const auto device = device_of(context);
    const Status status =
        device.ok() ? (*device)->copy(api().TF_TensorData(target), from, bytes) : device.status();
    if (!status.ok()) api().TF_OpKernelContext_Failure(context, TfStatus(status).get());
  }
  api().TF_DeleteTensor(source);
  api().TF_DeleteTensor(target);
}

}  // namespace

Variables::Variables(Call& call, std::span<const int> inputs) : call_(call) {
  const TfStatus status;
  api().TF_MaybeLockVariableInputMutexesInOrder(call.context(), /*do_lock=*/true, /*sparse=*/false,
                                                inputs.data(), inputs.size(), copy_variable,
                                                &locks_, status.get());
  status_ = status.status();
}

Variables::~Variables() {
  for (const Variable& variable : variables_) api().TF_DeleteTensor(variable.tensor);
  if (locks_ != nullptr) api().TF_ReleaseVariableInputLockHolder(locks_);
}

Result<Variables::Variable*> Variables::find(int input) {
  if (!status_.ok()) return status_;
  auto* const known = std::find_if(variables_.begin(), variables_.end(),
                                   [&](const Variable& v) { return v.input == input; });
  if (known != variables_.end()) return known;
  Variable variable;
  variable.input = input;
  const TfStatus status;
  api().TF_GetInputTensorFromVariable(call_.context(), input, /*lock_held=*/true,
                                      /*isVariantType=*/false, /*sparse=*/false, copy_variable,
                                      &variable.tensor, status.get());
  if (!status.ok()) return status.status();
  if (variable.tensor == nullptr)
    return Status(Code::failed_precondition,
                  fmt::format("Attempting to use uninitialized variables: input {}", input));
  const auto dtype = dtype_from(api().TF_TensorType(variable.tensor));
  variable.shape = shape_of(variable.tensor);
  variables_.push_back(variable);
  if (!dtype)
    return unimplemented(fmt::format("evergpu has no dtype for the variable of input {}", input));
  variables_.back().dtype = *dtype;
  return &variables_.back();
}

ir::Value Variables::read(int input) {
  Result<Variable*> variable = find(input);
  if (!variable.ok()) return ir::Node::failed(variable.status());
  const ir::DType dtype = (*variable)->dtype;
  const ir::Shape& shape = (*variable)->shape;
  if (shape.elements() == 0) return ir::zeros(dtype, shape);
  const void* const data = api().TF_TensorData((*variable)->tensor);
  if (!call_.device().owns(data))
    return ir::Node::failed(
        internal_error(fmt::format("the variable of input {} is not in device memory", input)));
  ir::Value value = call_.device().read(data, dtype, shape);
  if (Status status = call_.device().status_of(value); !status.ok())
    return ir::Node::failed(std::move(status));
  return value;
}

Status Variables::assign(int input, const ir::Value& value) {
  EVERGPU_RETURN_IF_ERROR(value.status());
  Result<Variable*> variable = find(input);
  if (!variable.ok()) return variable.status();
  if (value.dtype() != (*variable)->dtype)
    return invalid_argument(
        fmt::format("Trying to update a variable of dtype {} with a tensor of dtype {}",
                    name_of((*variable)->dtype), name_of(value.dtype())));
  if (!(value.shape() == (*variable)->shape))
    return invalid_argument(
        fmt::format("Cannot update variable with shape {} using a Tensor with shape {}, shapes "
                    "must be equal.",
                    to_string((*variable)->shape), to_string(value.shape())));
  if (value.shape().elements() == 0) return {};
  return call_.device().write(api().TF_TensorData((*variable)->tensor), value);
}

ir::Value read_variable(Call& call) {
  constexpr int first[] = {0};
  return Variables(call, first).read(0);
}

Status assign_reference(Call& call, bool use_locking, bool validate_shape) {
  const TfStatus status;
  api().TF_AssignRefVariable(call.context(), 0, 0, 1, use_locking, validate_shape, copy_variable,
                             status.get());
  return status.status();
}

void forward_reference(Call& call, int input, int output) {
  api().TF_OpKernelContext_ForwardRefInputToRefOutput(call.context(), input, output);
}

}  // namespace evergpu::tensorflow
