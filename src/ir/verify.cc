// Checks graphs against the rules of the builders.
#include <algorithm>

#include "ir/graph.h"
#include "ir/infer/infer.h"

namespace evergpu::ir {
namespace {

Status verify_node(const Graph& graph, std::size_t position) {
  const GraphNode& node = graph.nodes[position];
  if (node.leaf) {
    if (!node.operands.empty()) return internal_error("a leaf has operands");
    return {};
  }
  if (node.operation.kind == Kind::load) return internal_error("a load must be a leaf");
  InlineVector<OperandType, 3> types;
  for (std::uint32_t operand : node.operands) {
    if (operand >= position)
      return internal_error(fmt::format("operand %{} does not come before it", operand));
    const Operation& made = graph.nodes[operand].operation;
    types.push_back({made.dtype, &made.shape});
  }
  Operation inferred = node.operation;
  EVERGPU_RETURN_IF_ERROR(infer(inferred, types));
  if (inferred != node.operation)
    return internal_error(fmt::format("should be {}", print(inferred)));
  return {};
}

}  // namespace

Status verify(const Graph& graph) {
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    if (Status status = verify_node(graph, i); !status.ok())
      return Status(Code::internal, fmt::format("%{} = {}: {}", i, print(graph.nodes[i].operation),
                                                status.message()));
  return {};
}

}  // namespace evergpu::ir
