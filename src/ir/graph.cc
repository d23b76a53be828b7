// From wanted values to the list of everything they depend on.
#include "ir/graph.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

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
  std::unordered_set<const Node*> asked;
  for (const Value& value : wanted) asked.insert(value.get());
  std::map<std::pair<DType, std::uint64_t>, std::uint32_t>
      constants;  // positions, by what they hold
  Graph graph;
  graph.nodes.reserve(nodes.size());
  for (Value& value : nodes) {
    auto position = static_cast<std::uint32_t>(graph.nodes.size());
    const Operation& operation = value->operation();
    if (operation.kind == Kind::constant && value->state() == Node::State::pending &&
        !asked.contains(value.get())) {
      const std::uint64_t bits = operation.get<Constant>().bits;
      position = constants.try_emplace({operation.dtype, bits}, position).first->second;
    }
    positions[value.get()] = position;
    if (position < graph.nodes.size()) continue;
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
