// From wanted values to the list of everything they depend on.
#include "ir/graph.h"

#include <algorithm>
#include <unordered_map>

namespace evergpu::ir {
namespace {

using Positions = std::unordered_map<const Node*, std::uint32_t>;

/// The nodes that `wanted` depends on, in the order of their making. Iterative: chains are long.
std::vector<Value> reachable(std::span<const Value> wanted, Positions* positions) {
  std::vector<Value> nodes;
  const auto visit = [&](const Value& value) {
    if (positions->emplace(value.get(), 0).second) nodes.push_back(value);
  };
  for (const Value& value : wanted) visit(value);
  for (std::size_t next = 0; next < nodes.size(); ++next) {
    const Node& node = *nodes[next];
    if (node.state() == Node::State::pending)
      for (const Value& operand : node.operands()) visit(operand);
  }
  std::sort(nodes.begin(), nodes.end(),
            [](const Value& a, const Value& b) { return a->sequence() < b->sequence(); });
  return nodes;
}

}  // namespace

Graph graph_of(std::span<const Value> wanted) {
  Positions positions;
  std::vector<Value> nodes = reachable(wanted, &positions);
  Graph graph;
  graph.nodes.reserve(nodes.size());
  for (Value& value : nodes) {
    positions[value.get()] = static_cast<std::uint32_t>(graph.nodes.size());
    GraphNode& node = graph.nodes.emplace_back();
    node.operation = value->operation();
    node.origin = value->origin();
    node.leaf = value->state() != Node::State::pending;
    if (!node.leaf)
      for (const Value& operand : value->operands())
        node.operands.push_back(positions.at(operand.get()));
    node.value = std::move(value);
  }
  for (const Value& value : wanted) graph.nodes[positions.at(value.get())].wanted = true;
  return graph;
}

}  // namespace evergpu::ir
