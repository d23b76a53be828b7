#include "compiler/partition.h"

#include <algorithm>

#include "compiler/kernel.h"
#include "compiler/view.h"

namespace evergpu::compiler {

namespace {

constexpr std::size_t max_program = 64;

class Partitioner {
 public:
  explicit Partitioner(const ir::Graph& graph)
      : nodes_(graph.nodes), costs_(nodes_.size()), demands_(nodes_.size(), unused) {
    result_.needed.resize(nodes_.size());
    result_.group.resize(nodes_.size(), Partition::no_group);
  }

  Partition run() {
    for (std::uint32_t n = 0; n < nodes_.size(); ++n) costs_[n] = cost_as_operand(n);
    for (auto n = static_cast<std::uint32_t>(nodes_.size()); n-- > 0;) {
      result_.needed[n] = nodes_[n].wanted || demands_[n] != unused;
      if (!result_.needed[n] || nodes_[n].leaf || nodes_[n].operation.shape.elements() == 0)
        continue;
      place(n);
    }
    for (Group& group : result_.groups) std::reverse(group.members.begin(), group.members.end());
    return std::move(result_);
  }

 private:
  // What the users of a node ask for: nothing, the one group that they are in, or bytes.
  static constexpr std::uint32_t unused = ~std::uint32_t{0};
  static constexpr std::uint32_t bytes = unused - 1;

  /// What reading a node that is outside a group adds to the group's program.
  struct Cost {
    std::uint8_t instructions = 1;
    std::uint8_t inputs = 1;
  };

  /// What a group reads from outside, so far.
  struct Frontier {
    InlineVector<std::uint32_t, max_loop_inputs> nodes;
    std::size_t instructions = 0;
    std::size_t inputs = 0;
  };

  Cost cost_as_operand(std::uint32_t n) const {
    const ir::GraphNode& node = nodes_[n];
    if (node.operation.kind == ir::Kind::constant) return {1, 0};
    // Scaled, added up and converted; may turn out to be read from memory instead.
    if (node.operation.kind == ir::Kind::iota) return {6, 1};
    if (is_movement(node.operation.kind) && node.operation.kind != ir::Kind::bitcast)
      return costs_[node.operands[0]];
    return {1, 1};
  }

  void place(std::uint32_t n) {
    const ir::GraphNode& node = nodes_[n];
    const bool point = is_point(node.operation.kind);
    const bool moves = is_movement(node.operation.kind) &&
                       keeps_order(node.operation, nodes_[node.operands[0]].operation);
    if (point || moves) {
      if (!join(n, demands_[n]) && point) start_group(n);
    }
    const std::uint32_t group = result_.group[n];
    for (std::uint32_t operand : node.operands)
      demand(operand, group != Partition::no_group ? group : bytes);
  }

  void demand(std::uint32_t n, std::uint32_t who) {
    demands_[n] = demands_[n] == unused || demands_[n] == who ? who : bytes;
  }

  void start_group(std::uint32_t n) {
    result_.group[n] = static_cast<std::uint32_t>(result_.groups.size());
    result_.groups.push_back({{n}});
    frontiers_.emplace_back();
    add_member(frontiers_.back(), n);
  }

  bool join(std::uint32_t n, std::uint32_t group) {
    if (nodes_[n].wanted || group == bytes) return false;
    Frontier grown = frontiers_[group];
    auto* const at = std::find(grown.nodes.begin(), grown.nodes.end(), n);
    grown.nodes.erase(static_cast<std::size_t>(at - grown.nodes.begin()));
    grown.instructions -= costs_[n].instructions;
    grown.inputs -= costs_[n].inputs;
    add_member(grown, n);
    if (grown.instructions > max_program || grown.inputs > max_loop_inputs) return false;
    frontiers_[group] = std::move(grown);
    result_.group[n] = group;
    result_.groups[group].members.push_back(n);
    return true;
  }

  void add_member(Frontier& frontier, std::uint32_t n) const {
    ++frontier.instructions;
    for (std::uint32_t operand : nodes_[n].operands) {
      if (std::find(frontier.nodes.begin(), frontier.nodes.end(), operand) != frontier.nodes.end())
        continue;
      frontier.nodes.push_back(operand);
      frontier.instructions += costs_[operand].instructions;
      frontier.inputs += costs_[operand].inputs;
    }
  }

  const std::vector<ir::GraphNode>& nodes_;
  std::vector<Cost> costs_;
  std::vector<std::uint32_t> demands_;
  std::vector<Frontier> frontiers_;  // of each group
  Partition result_;
};

}  // namespace

bool is_point(ir::Kind kind) {
  switch (kind) {
    case ir::Kind::unary:
    case ir::Kind::binary:
    case ir::Kind::select:
    case ir::Kind::cast:
      return true;
    default:
      return false;
  }
}

Partition partition(const ir::Graph& graph) { return Partitioner(graph).run(); }

}  // namespace evergpu::compiler
