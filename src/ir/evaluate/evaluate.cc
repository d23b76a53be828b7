#include "ir/evaluate.h"

#include "ir/evaluate/call.h"

namespace evergpu::ir {

void evaluate(const Operation& operation, std::span<const TensorView> operands,
              const MutableTensorView& result) {
  if (result.shape.elements() == 0) return;
  const reference::Call call{operation, operands, result};
  switch (operation.kind) {
    case Kind::constant:
    case Kind::iota:
      return reference::source(call);
    case Kind::load:
      return;  // its bytes exist already
    case Kind::philox:
    case Kind::truncated_normal:
      return reference::random(call);
    case Kind::unary:
      return reference::unary(call);
    case Kind::binary:
      return reference::binary(call);
    case Kind::select:
      return reference::select(call);
    case Kind::cast:
      return reference::cast(call);
    case Kind::bitcast:
    case Kind::broadcast:
    case Kind::reshape:
    case Kind::permute:
    case Kind::slice:
    case Kind::pad:
    case Kind::concat:
      return reference::movement(call);
    case Kind::reduce:
      return reference::reduce(call);
    case Kind::arg_reduce:
      return reference::arg_reduce(call);
    case Kind::window_reduce:
    case Kind::window_gradient:
      return reference::window(call);
    case Kind::matmul:
      return reference::matmul(call);
    case Kind::convolution:
    case Kind::convolution_input:
    case Kind::convolution_filter:
      return reference::convolution(call);
    case Kind::gather:
      return reference::gather(call);
    case Kind::scatter:
      return reference::scatter(call);
    case Kind::argsort:
      return reference::argsort(call);
    case Kind::scan:
      return reference::scan(call);
    case Kind::recurrent:
      return reference::recurrent(call);
    case Kind::recurrent_gradient:
      return reference::recurrent_gradient(call);
  }
}

std::vector<Tensor> evaluate(const Graph& graph, std::span<const TensorView> leaves) {
  const std::size_t count = graph.nodes.size();
  std::vector<std::size_t> users(count, 0);  // a result nobody will use any more is dropped
  for (const GraphNode& node : graph.nodes)
    for (std::uint32_t operand : node.operands) ++users[operand];

  std::vector<Tensor> tensors(count);
  std::vector<TensorView> views(count);
  std::vector<Tensor> wanted;
  std::size_t next_leaf = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const GraphNode& node = graph.nodes[i];
    if (node.leaf) {
      views[i] = leaves[next_leaf++];
    } else if (users[i] > 0 || node.wanted) {
      tensors[i] = Tensor(node.operation.dtype, node.operation.shape);
      views[i] = tensors[i].view();
      std::vector<TensorView> operands;
      for (std::uint32_t operand : node.operands) operands.push_back(views[operand]);
      evaluate(node.operation, operands, tensors[i].mutable_view());
    }
    for (std::uint32_t operand : node.operands)
      if (--users[operand] == 0 && !graph.nodes[operand].wanted) tensors[operand] = Tensor();
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (!graph.nodes[i].wanted) continue;
    if (graph.nodes[i].leaf) {
      Tensor copy(views[i].dtype, views[i].shape);
      if (!copy.bytes().empty())
        std::memcpy(copy.bytes().data(), views[i].data, copy.bytes().size());
      wanted.push_back(std::move(copy));
    } else {
      wanted.push_back(std::move(tensors[i]));
    }
  }
  return wanted;
}

}  // namespace evergpu::ir
