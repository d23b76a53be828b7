#include "compiler/variants.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace evergpu::compiler {

ir::Graph reordered(const ir::Graph& graph, std::mt19937& random) {
  const std::size_t size = graph.nodes.size();
  std::vector<std::vector<std::uint32_t>> users(size);
  std::vector<std::size_t> missing(size);  // operands that have no place yet
  std::vector<std::uint32_t> ready;
  for (std::uint32_t n = 0; n < size; ++n) {
    missing[n] = graph.nodes[n].operands.size();
    for (const std::uint32_t operand : graph.nodes[n].operands) users[operand].push_back(n);
    if (missing[n] == 0) ready.push_back(n);
  }
  std::vector<std::uint32_t> position(size);
  ir::Graph result;
  while (!ready.empty()) {
    std::swap(ready[random() % ready.size()], ready.back());
    const std::uint32_t n = ready.back();
    ready.pop_back();
    position[n] = static_cast<std::uint32_t>(result.nodes.size());
    ir::GraphNode& node = result.nodes.emplace_back(graph.nodes[n]);
    for (std::uint32_t& operand : node.operands) operand = position[operand];
    for (const std::uint32_t user : users[n])
      if (--missing[user] == 0) ready.push_back(user);
  }
  return result;
}

ir::Graph with_other_arguments(const ir::Graph& graph, std::mt19937& random) {
  ir::Graph result = graph;
  for (ir::GraphNode& node : result.nodes) {
    if (node.leaf) continue;
    const ir::Dims& extents = node.operation.shape.extents();
    if (auto* constant = std::get_if<ir::Constant>(&node.operation.attributes))
      constant->bits ^= random() & 1;  // still the bits of any dtype
    if (auto* slice = std::get_if<ir::Slice>(&node.operation.attributes)) {
      const ir::Dims& from = graph.nodes[node.operands[0]].operation.shape.extents();
      for (std::size_t axis = 0; axis < extents.size(); ++axis) {
        if (extents[axis] == 0) continue;
        const std::int64_t way = (extents[axis] - 1) * slice->strides[axis];
        const std::int64_t room = from[axis] - std::abs(way);
        slice->starts[axis] = std::max<std::int64_t>(0, -way) + random() % room;
      }
    }
  }
  return result;
}

}  // namespace evergpu::compiler
