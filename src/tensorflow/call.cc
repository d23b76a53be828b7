#include "tensorflow/call.h"

#include <fmt/format.h>

#include "ir/evaluate.h"
#include "ir/graph.h"
#include "tensorflow/api.h"
#include "tensorflow/convert.h"

namespace evergpu::tensorflow {

using ir::Value;

namespace {

/// Bytes in host memory that somebody else keeps for as long as the call lasts.
class HostBytes : public ir::Storage {
 public:
  explicit HostBytes(const void* data) : data_(static_cast<const std::byte*>(data)) {}
  const std::byte* data() const { return data_; }

 private:
  const std::byte* data_;
};

/// This thread's answer of TensorFlow's functions, without an error: making one for each call of an
/// op would cost as much as the functions do.
TfStatus& fresh_answer() {
  thread_local TfStatus answer;
  if (!answer.ok()) TfStatus::set(answer.get(), {});
  return answer;
}

/// Computes a value whose leaves are all HostBytes.
void evaluate_on_host(const Value& value, void* to) {
  const ir::Graph graph = ir::graph_of({&value, 1});
  std::vector<ir::TensorView> leaves;
  for (const ir::GraphNode& node : graph.nodes) {
    if (!node.leaf) continue;
    const auto& bytes = static_cast<const HostBytes&>(*node.value->storage());
    leaves.push_back({node.operation.dtype, node.operation.shape, bytes.data()});
  }
  if (value->state() == ir::Node::State::stored) {
    std::memcpy(to, leaves[0].data, value->operation().bytes());
    return;
  }
  const std::vector<ir::Tensor> results = ir::evaluate(graph, leaves);
  std::memcpy(to, results[0].bytes().data(), results[0].bytes().size());
}

}  // namespace

Call::Call(TF_OpKernelContext* context, runtime::Device& device, bool host_outputs)
    : context_(context), device_(device), host_outputs_(host_outputs), answer_(fresh_answer()) {
  const int count = api().TF_NumInputs(context);
  inputs_.resize(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const auto dtype = dtype_from(api().TF_InputDatatype(context, i));
    if (!dtype) continue;
    Input& input = inputs_[static_cast<std::size_t>(i)];
    api().TF_GetInput(context, i, &input.tensor, answer_.get());
    if (!answer_.ok()) {
      status_ = answer_.status();
      return;
    }
    input.plain = true;
    input.dtype = *dtype;
    input.data = api().TF_TensorData(input.tensor);
    input.shape = shape_of(input.tensor);
  }
}

Call::~Call() {
  for (const Input& input : inputs_) {
    if (input.tensor != nullptr) api().TF_DeleteTensor(input.tensor);
  }
}

Value Call::input(int i) {
  const Input& input = at(i);
  if (!input.plain)
    return ir::Node::failed(internal_error(fmt::format("input {} is not a dense tensor", i)));
  if (input.shape.elements() == 0) return ir::zeros(input.dtype, input.shape);
  if (device_.owns(input.data)) {
    Value value = device_.read(input.data, input.dtype, input.shape);
    if (status_.ok()) status_ = device_.status_of(value);
    return value;
  }
  if (!host_outputs_ || input.shape.elements() == 1)
    return device_.capture(input.dtype, input.shape, input.data);
  return ir::Node::stored(input.dtype, input.shape, std::make_shared<HostBytes>(input.data));
}

std::vector<Value> Call::inputs(int first, int count) {
  std::vector<Value> values;
  for (int i = first; i < first + count; ++i) values.push_back(input(i));
  return values;
}

ir::TensorView Call::host(int i) const {
  const Input& input = at(i);
  const bool readable = input.plain && (input.shape.elements() == 0 || !device_.owns(input.data));
  if (!readable) {
    status_ = internal_error(fmt::format("input {} is not in host memory", i));
    return {input.dtype, ir::Shape{0}, nullptr};
  }
  return {input.dtype, input.shape, static_cast<const std::byte*>(input.data)};
}

ir::Dims Call::integers(int i) const {
  const ir::TensorView view = host(i);
  ir::Dims result;
  for (std::int64_t k = 0; k < view.shape.elements(); ++k) {
    result.push_back(view.dtype == ir::DType::i64 ? view.as<std::int64_t>()[k]
                                                  : view.as<std::int32_t>()[k]);
  }
  return result;
}

std::int64_t Call::integer(int i) const {
  const ir::Dims values = integers(i);
  if (values.size() == 1) return values[0];
  if (status_.ok())
    status_ = invalid_argument(fmt::format("input {} must have exactly one element", i));
  return 0;
}

std::int64_t Call::scalar(int i, const char* name) const {
  if (shape(i).rank() == 0) return integer(i);
  if (status_.ok())
    status_ = invalid_argument(
        fmt::format("{} must be a scalar, but got shape {}", name, to_string(shape(i))));
  return 0;
}

ir::Shape Call::extents(int i) const {
  if (shape(i).rank() == 1) return ir::Shape(integers(i));
  if (status_.ok())
    status_ = invalid_argument("shape must be a vector of {int32,int64}, got shape " +
                               to_string(shape(i)));
  return {};
}

Status Call::output(int i, const Value& value) {
  if (!status_.ok()) return status_;
  EVERGPU_RETURN_IF_ERROR(value.status());
  const ir::Shape& shape = value.shape();
  // TensorFlow would end the process.
  auto checked_bytes = static_cast<std::int64_t>(ir::size_of(value.dtype()));
  for (const std::int64_t extent : shape)
    if (__builtin_mul_overflow(checked_bytes, extent, &checked_bytes))
      return invalid_argument(
          fmt::format("Encountered overflow when multiplying the extents of {}", to_string(shape)));
  const std::size_t bytes = value->operation().bytes();
  TF_Tensor* tensor = api().TF_AllocateOutput(context_, i, to_tensorflow(value.dtype()),
                                              shape.begin(), shape.rank(), bytes, answer_.get());
  if (api().TF_GetCode(answer_.get()) == TF_INTERNAL) {
    // A collective's sum must go where its first operand lies: TensorFlow then refuses to allocate.
    const int operand = 0;
    tensor = api().TF_ForwardInputOrAllocateOutput(context_, &operand, 1, i, shape.begin(),
                                                   shape.rank(), nullptr, answer_.get());
  }
  if (!answer_.ok()) return answer_.status();
  void* data = api().TF_TensorData(tensor);
  api().TF_DeleteTensor(tensor);
  if (bytes == 0) return {};
  if (device_.owns(data)) return device_.write(data, value);
  if (!host_outputs_) return internal_error(fmt::format("output {} is not in device memory", i));
  evaluate_on_host(value, data);
  return {};
}

}  // namespace evergpu::tensorflow
