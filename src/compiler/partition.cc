#include "compiler/partition.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "compiler/kernel.h"
#include "compiler/view.h"

namespace evergpu::compiler {

namespace {

constexpr std::size_t max_program = 64;
// A Loop after a contraction is a part of a kernel that has it once for each element of a tile.
constexpr std::size_t max_after_contraction = 12;
// Loops over at most so many elements share a launch even if they read nothing in common.
constexpr std::int64_t few_elements = 4096;
// How many of the Loops that read an array a later one is compared with.
constexpr std::size_t max_candidates = 4;
// What computing a value again may take, in instructions.
constexpr std::uint8_t max_recomputed = 4;
// What random words are made of: the key and both halves of the counter, read one by one.
constexpr std::size_t words_of_stream = 3;
// The code for random words: some hundred instructions, but for a whole block of them.
constexpr std::size_t code_of_random = 16;
// A value that is repeated so often costs little to read.
constexpr std::int64_t many_repeats = 16;

/// Reductions that Loops may end in; see Loop::reductions.
bool is_fusable_reduction(const ir::Operation& operation, const ir::Operation& operand) {
  if (operation.kind != ir::Kind::reduce) return false;
  if (operand.shape.elements() <= operation.shape.elements()) return false;
  switch (operation.dtype) {
    case ir::DType::f16:
    case ir::DType::bf16:
    case ir::DType::f32:
    case ir::DType::f64:
    case ir::DType::i32:
    case ir::DType::i64:
      return true;
    default:
      return false;
  }
}

/// One or two instructions of any processor.
bool is_cheap(const ir::Operation& operation) {
  switch (operation.kind) {
    case ir::Kind::unary:
      return operation.get<ir::UnaryOp>() == ir::UnaryOp::negate;
    case ir::Kind::binary:
      switch (operation.get<ir::BinaryOp>()) {
        case ir::BinaryOp::add:
        case ir::BinaryOp::subtract:
        case ir::BinaryOp::multiply:
        case ir::BinaryOp::maximum:
        case ir::BinaryOp::minimum:
          return true;
        default:
          return false;
      }
    default:
      return false;
  }
}

class Partitioner {
 public:
  Partitioner(const ir::Graph& graph, const PipelineKinds& pipelines)
      : nodes_(graph.nodes),
        pipelines_(pipelines),
        costs_(nodes_.size()),
        cheap_(nodes_.size()),
        demands_(nodes_.size()),
        askers_(nodes_.size()) {
    result_.needed.resize(nodes_.size());
    result_.group.resize(nodes_.size(), Partition::no_group);
    result_.before.resize(nodes_.size(), Partition::no_group);
  }

  Partition run() {
    for (std::uint32_t n = 0; n < nodes_.size(); ++n) {
      costs_[n] = cost_as_operand(n);
      cheap_[n] = cheapness(n);
    }
    for (auto n = static_cast<std::uint32_t>(nodes_.size()); n-- > 0;) {
      result_.needed[n] = nodes_[n].wanted || is_demanded(n) || !askers_[n].empty();
      if (!result_.needed[n] || nodes_[n].leaf || nodes_[n].operation.shape.elements() == 0)
        continue;
      place(n);
    }
    merge_groups();
    drop_empty_groups();
    for (Group& group : result_.groups) std::sort(group.members.begin(), group.members.end());
    find_stored();
    return std::move(result_);
  }

 private:
  static constexpr std::uint32_t never = ~std::uint32_t{0};
  static constexpr std::uint32_t no_group = Partition::no_group;

  /// Who reads a node first.
  struct Demand {
    std::uint32_t time = never;
    std::uint32_t group = no_group;  // the Loop that does, over the same elements
    bool several = false;            // others read it too
  };

  /// What reading a node that is outside a group adds to the group's program.
  struct Cost {
    std::uint8_t instructions = 1;
    std::uint8_t inputs = 1;
  };

  /// How a value can be had from one array that exists anyway.
  struct Cheapness {
    std::uint8_t instructions = 0;   // 0: it cannot
    std::uint32_t array = no_array;  // as many elements as the value
  };
  static constexpr std::uint32_t no_array = ~std::uint32_t{0};

  /// What a group reads from outside, so far.
  struct Frontier {
    InlineVector<std::uint32_t, max_loop_inputs> nodes;
    std::size_t instructions = 0;
    std::size_t inputs = 0;

    bool fits() const { return instructions <= max_program && inputs <= max_loop_inputs; }
    bool contains(std::uint32_t n) const {
      return std::find(nodes.begin(), nodes.end(), n) != nodes.end();
    }
  };

  Cost cost_as_operand(std::uint32_t n) const {
    const ir::GraphNode& node = nodes_[n];
    if (node.leaf) return {1, 1};  // whatever it was computed with
    if (node.operation.kind == ir::Kind::constant) return {1, 0};
    // Scaled, added up and converted; may turn out to be read from memory instead.
    if (node.operation.kind == ir::Kind::iota) return {6, 1};
    if (is_movement(node.operation.kind) && node.operation.kind != ir::Kind::bitcast)
      return costs_[node.operands[0]];
    return {1, 1};
  }

  // --- values that are computed again ---

  /// What a node's elements are moved from: the first that is no movement.
  std::uint32_t moved_from(std::uint32_t n) const {
    while (is_movement(nodes_[n].operation.kind) && !nodes_[n].leaf) n = nodes_[n].operands[0];
    return n;
  }

  /// Whether a node is an array, or a view of one, whatever shares a Loop with what.
  bool exists(std::uint32_t n) const {
    const ir::GraphNode& from = nodes_[moved_from(n)];
    return is_source(from) || !is_point(from.operation.kind);
  }

  Cheapness cheapness(std::uint32_t n) const {
    const ir::GraphNode& node = nodes_[n];
    if (node.leaf || node.wanted || !is_cheap(node.operation)) return {};
    Cheapness all{1, no_array};
    for (std::uint32_t operand : node.operands) {
      if (is_repeated(operand)) continue;
      Cheapness one{0, operand};
      if (is_point(nodes_[operand].operation.kind) && !nodes_[operand].leaf) {
        one = cheap_[operand];
        if (one.instructions == 0) return {};
      } else if (!exists(operand)) {
        return {};
      }
      if (all.array != no_array && all.array != one.array) return {};
      all.array = one.array;
      all.instructions = static_cast<std::uint8_t>(all.instructions + one.instructions);
    }
    if (all.instructions > max_recomputed || all.array == no_array) return {};
    // No more bytes may stay alive than the value itself has.
    return nodes_[all.array].operation.bytes() <= node.operation.bytes() ? all : Cheapness{};
  }

  /// Whether a node repeats the elements of something much smaller.
  bool is_repeated(std::uint32_t n) const {
    const ir::GraphNode& from = nodes_[moved_from(n)];
    return (from.operation.kind == ir::Kind::constant && !from.leaf) ||
           from.operation.shape.elements() * many_repeats <= nodes_[n].operation.shape.elements();
  }

  /// Whether several groups may compute a node.
  bool may_be_shared(std::uint32_t n) const { return askers_[n].size() > 1; }

  /// Makes a cheap value that only Loops read part of each of them, so that it is never stored.
  /// Loops that are too large for it remain, and read it.
  void recompute(std::uint32_t n) {
    for (const Demand& who : askers_[n]) {
      if (join(n, who.group, false)) {
        for (std::uint32_t operand : nodes_[n].operands) ask(operand, who);
      } else {
        require(n, who);
      }
    }
  }

  /// Whether a node that was placed is part of several groups, and stored by none.
  bool is_recomputed(std::uint32_t n) const { return may_be_shared(n) && !is_demanded(n); }
  bool is_demanded(std::uint32_t n) const { return demands_[n].time != never; }

  // --- from users to operands ---

  void place(std::uint32_t n) {
    if (may_be_shared(n) && !is_demanded(n)) {
      recompute(n);
      if (is_recomputed(n)) return;
    } else {
      for (const Demand& who : askers_[n]) require(n, who);
    }
    const ir::GraphNode& node = nodes_[n];
    const Demand& demand = demands_[n];
    const bool stored = nodes_[n].wanted || demand.several || demand.group == no_group;
    if (is_point(node.operation.kind)) {
      if (!join(n, demand.group, stored)) start_group(n);
    } else if (node.operation.kind == ir::Kind::philox) {
      place_random(n);
      return;
    } else if (!node.operands.empty() &&
               is_fusable_reduction(node.operation, nodes_[node.operands[0]].operation)) {
      start_group(n);
    } else if (is_movement(node.operation.kind)) {
      const bool same_order = keeps_order(node.operation, nodes_[node.operands[0]].operation) &&
                              join(n, demand.group, false);
      if (same_order) {
        // What others read of it is its operand.
        ask(node.operands[0], {demand.time, demand.group, stored});
      } else {
        ask(node.operands[0], {std::min(demand.time, node.wanted ? n : never), no_group, false});
      }
      return;
    } else if (pipelines_.windows && is_row_wise(node.operation)) {
      place_window(n);
      return;
    } else if (pipelines_.contractions && is_contraction(node.operation)) {
      place_contraction(n, stored);
      return;
    }
    const std::uint32_t group = result_.group[n];
    const std::uint32_t time = group != no_group ? result_.groups[group].time : n;
    for (std::uint32_t operand : node.operands) ask(operand, {time, group, false});
  }

  /// Random words are made by the Loop that alone reads them. Others are an array: few are made by
  /// a Loop, which can share a launch, and many by a library kernel.
  void place_random(std::uint32_t n) {
    const ir::GraphNode& node = nodes_[n];
    const Demand& demand = demands_[n];
    const bool stored = node.wanted || demand.several || demand.group == no_group;
    const bool few = node.operation.shape.elements() <= few_elements;
    const bool joins =
        (few || !stored) && !follows_contraction(demand.group) && join(n, demand.group, stored);
    if (few && !joins) start_group(n);
    const std::uint32_t group = result_.group[n];
    const std::uint32_t time = group != no_group ? result_.groups[group].time : n;
    for (std::uint32_t operand : node.operands) ask(operand, {time, no_group, false});
  }

  void place_window(std::uint32_t n) {
    const ir::GraphNode& node = nodes_[n];
    const Demand& demand = demands_[n];
    std::uint32_t time = n;
    if (node.operation.kind == ir::Kind::window_gradient && !node.wanted && !demand.several &&
        demand.group != no_group) {
      Group& group = result_.groups[demand.group];
      if (group.producer == Group::none && !group.gives) {
        group.producer = n;
        add_to(demand.group, n);
        time = group.time;
      }
    }
    const std::uint32_t first = node.operands[0];
    if (is_point(nodes_[first].operation.kind) && !nodes_[first].leaf) {
      result_.before[n] = static_cast<std::uint32_t>(result_.groups.size());
      add_group({{}, {}, time, Group::none, /*gives=*/true}, {&nodes_[first].operation.shape});
      add_operand(frontiers_.back(), first);
    }
    for (std::size_t i = 0; i < node.operands.size(); ++i)
      ask(node.operands[i], {time, i == 0 ? result_.before[n] : no_group, false});
  }

  bool follows_contraction(std::uint32_t g) const {
    if (g == no_group || result_.groups[g].producer == Group::none) return false;
    return is_contraction(nodes_[result_.groups[g].producer].operation);
  }

  /// Its operands are there when the Loop runs that it is a member of.
  void place_contraction(std::uint32_t n, bool stored) {
    const std::uint32_t g = demands_[n].group;
    std::uint32_t time = n;
    if (g != no_group && result_.groups[g].producer == Group::none && !result_.groups[g].gives &&
        frontiers_[g].instructions <= max_after_contraction && spaces_[g].reduced_axes == nullptr &&
        !(stored && outputs_[g] == max_loop_outputs)) {
      result_.groups[g].producer = n;
      add_to(g, n);
      if (stored) ++outputs_[g];
      time = result_.groups[g].time;
    }
    for (std::uint32_t operand : nodes_[n].operands) ask(operand, {time, no_group, false});
  }

  void ask(std::uint32_t n, const Demand& who) {
    if (cheap_[n].instructions == 0 || who.group == no_group || who.several) {
      require(n, who);
      return;
    }
    const auto same = [&](const Demand& other) { return other.group == who.group; };
    if (std::none_of(askers_[n].begin(), askers_[n].end(), same)) askers_[n].push_back(who);
  }

  void require(std::uint32_t n, const Demand& who) {
    Demand& demand = demands_[n];
    if (demand.time == never) {
      demand = who;
      return;
    }
    demand.several |= who.several;
    if (demand.time == who.time) {
      // In one Loop, element by element and in another order too: it must exist before.
      if (demand.group != who.group) demand.group = no_group;
      return;
    }
    demand.several = true;
    if (who.time < demand.time) {
      demand.time = who.time;
      demand.group = who.group;
    }
  }

  void start_group(std::uint32_t n) {
    result_.group[n] = static_cast<std::uint32_t>(result_.groups.size());
    const bool reduces = nodes_[n].operation.kind == ir::Kind::reduce;
    add_group({{n}, {}, n}, {&nodes_[reduces ? nodes_[n].operands[0] : n].operation.shape,
                             reduces ? &nodes_[n].operation.get<ir::Reduce>().axes : nullptr});
    add_member(frontiers_.back(), n);
  }

  bool join(std::uint32_t n, std::uint32_t group, bool stored) {
    if (group == no_group) return false;
    if (stored && (outputs_[group] == max_loop_outputs || result_.groups[group].gives))
      return false;
    Frontier grown = frontiers_[group];
    auto* const at = std::find(grown.nodes.begin(), grown.nodes.end(), n);
    grown.nodes.erase(static_cast<std::size_t>(at - grown.nodes.begin()));
    grown.instructions -= costs_[n].instructions;
    grown.inputs -= costs_[n].inputs;
    add_member(grown, n);
    if (!grown.fits()) return false;
    frontiers_[group] = std::move(grown);
    if (stored) ++outputs_[group];
    add_to(group, n);
    return true;
  }

  void add_to(std::uint32_t group, std::uint32_t n) {
    result_.group[n] = group;
    result_.groups[group].members.push_back(n);
  }

  void add_member(Frontier& frontier, std::uint32_t n) const {
    add_instructions(frontier, n);
    if (nodes_[n].operation.kind == ir::Kind::philox) return;
    for (std::uint32_t operand : nodes_[n].operands) add_operand(frontier, operand);
  }

  void add_instructions(Frontier& frontier, std::uint32_t n) const {
    ++frontier.instructions;
    if (nodes_[n].operation.kind != ir::Kind::philox) return;
    frontier.instructions += words_of_stream + code_of_random;
    frontier.inputs += words_of_stream;
  }

  void add_operand(Frontier& frontier, std::uint32_t n) const {
    if (frontier.contains(n)) return;
    frontier.nodes.push_back(n);
    frontier.instructions += costs_[n].instructions;
    frontier.inputs += costs_[n].inputs;
  }

  // --- Loops that become one ---

  /// What a group runs over.
  struct Space {
    const ir::Shape* shape = nullptr;
    const ir::Dims* reduced_axes = nullptr;  // null where nothing is reduced
  };

  void add_group(Group group, const Space& space) {
    result_.groups.push_back(std::move(group));
    frontiers_.emplace_back();
    spaces_.push_back(space);
    outputs_.push_back(1);
  }

  static bool alike(const Space& a, const Space& b) {
    if (*a.shape != *b.shape) return false;
    return a.reduced_axes == nullptr || b.reduced_axes == nullptr ||
           *a.reduced_axes == *b.reduced_axes;
  }

  /// Whether a node's elements can be read at a time.
  bool is_there(std::uint32_t n, std::uint32_t time) const {
    while (is_movement(nodes_[n].operation.kind) && result_.group[n] == no_group && !nodes_[n].leaf)
      n = nodes_[n].operands[0];
    if (is_source(nodes_[n])) return true;
    return (result_.group[n] != no_group ? result_.groups[result_.group[n]].time : n) < time;
  }

  /// Each group becomes part of an earlier one that makes or reads the same array, or that is as
  /// small, where it can run as early.
  void merge_groups() {
    std::vector<std::uint32_t> order(result_.groups.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return result_.groups[a].time < result_.groups[b].time;
    });
    std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> readers;  // groups, by node
    std::unordered_map<std::int64_t, std::vector<std::uint32_t>> small;     // by elements
    for (const std::uint32_t g : order) {
      if (result_.groups[g].gives) continue;
      const std::int64_t elements = spaces_[g].shape->elements();
      std::vector<std::uint32_t> arrays;
      for (std::uint32_t n : frontiers_[g].nodes)
        if (nodes_[moved_from(n)].operation.shape.elements() >= elements) arrays.push_back(n);
      std::vector<std::uint32_t> candidates;
      for (std::uint32_t n : arrays) {
        if (result_.group[n] != no_group) candidates.push_back(result_.group[n]);
        candidates.insert(candidates.end(), readers[n].begin(), readers[n].end());
      }
      if (elements <= few_elements)
        candidates.insert(candidates.end(), small[elements].begin(), small[elements].end());
      if (std::any_of(candidates.begin(), candidates.end(),
                      [&](std::uint32_t earlier) { return merge(earlier, g); }))
        continue;
      for (std::uint32_t n : arrays) remember(readers[n], g);
      if (elements <= few_elements) remember(small[elements], g);
    }
  }

  static void remember(std::vector<std::uint32_t>& list, std::uint32_t group) {
    if (list.size() == max_candidates) list.erase(list.begin());
    list.push_back(group);
  }

  /// Makes the group `later` part of `earlier` if that is possible.
  bool merge(std::uint32_t earlier, std::uint32_t later) {
    Group& into = result_.groups[earlier];
    Group& from = result_.groups[later];
    if (into.gives || into.time >= from.time || !alike(spaces_[earlier], spaces_[later]))
      return false;
    if (outputs_[earlier] + outputs_[later] > max_loop_outputs) return false;
    Frontier both = frontiers_[earlier];
    for (std::uint32_t n : from.members) {
      add_instructions(both, n);
      if (nodes_[n].operation.kind != ir::Kind::philox) continue;
      for (std::uint32_t operand : nodes_[n].operands)
        if (!is_there(operand, into.time)) return false;
    }
    if (follows_contraction(earlier) &&
        (spaces_[later].reduced_axes != nullptr || both.instructions > max_after_contraction))
      return false;
    for (std::uint32_t n : frontiers_[later].nodes) {
      if (result_.group[n] == earlier) continue;
      if (!is_there(n, into.time)) return false;
      add_operand(both, n);
    }
    if (!both.fits()) return false;
    frontiers_[earlier] = std::move(both);
    outputs_[earlier] += outputs_[later];
    if (spaces_[earlier].reduced_axes == nullptr) spaces_[earlier] = spaces_[later];
    for (std::uint32_t n : from.members) {
      if (result_.group[n] == later) result_.group[n] = earlier;
      const auto end = into.members.end();
      if (!may_be_shared(n) || std::find(into.members.begin(), end, n) == end)
        into.members.push_back(n);
    }
    from.members.clear();
    return true;
  }

  void drop_empty_groups() {
    std::vector<std::uint32_t> position(result_.groups.size(), no_group);
    std::uint32_t kept = 0;
    for (std::uint32_t g = 0; g < result_.groups.size(); ++g) {
      if (result_.groups[g].members.empty()) continue;
      position[g] = kept;
      if (kept != g) result_.groups[kept] = std::move(result_.groups[g]);
      ++kept;
    }
    result_.groups.resize(kept);
    for (std::uint32_t& group : result_.group)
      if (group != no_group) group = position[group];
    for (std::uint32_t& group : result_.before)
      if (group != no_group) group = position[group];
  }

  void find_stored() {
    // The groups, besides its own, that compute a node.
    std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> others;
    for (std::uint32_t g = 0; g < result_.groups.size(); ++g)
      for (std::uint32_t n : result_.groups[g].members)
        if (result_.group[n] != g) others[n].push_back(g);
    const auto computes = [&](std::uint32_t g, std::uint32_t n) {
      if (result_.group[n] == g) return true;
      const auto found = may_be_shared(n) ? others.find(n) : others.end();
      return found != others.end() &&
             std::find(found->second.begin(), found->second.end(), g) != found->second.end();
    };
    std::vector<bool> read(nodes_.size());  // by somebody outside of the node's groups
    for (auto n = static_cast<std::uint32_t>(nodes_.size()); n-- > 0;) {
      if (!result_.needed[n] || nodes_[n].leaf) continue;
      const std::uint32_t group = result_.group[n];
      const bool outside = read[n] || nodes_[n].wanted;
      const bool moves = is_movement(nodes_[n].operation.kind);
      for (std::size_t i = 0; i < nodes_[n].operands.size(); ++i) {
        const std::uint32_t operand = nodes_[n].operands[i];
        const std::uint32_t reader = !is_library(n) ? group : i == 0 ? result_.before[n] : no_group;
        if (reader == no_group || !computes(reader, operand) || (moves && outside))
          read[operand] = true;
        if (!may_be_shared(n)) continue;
        if (const auto found = others.find(n); found != others.end())
          for (std::uint32_t other : found->second)
            if (!computes(other, operand)) read[operand] = true;
      }
      if (group != no_group && outside && !moves && !is_recomputed(n))
        result_.groups[group].stored.push_back(n);
    }
    for (Group& group : result_.groups) std::reverse(group.stored.begin(), group.stored.end());
  }

  /// Whether a node's operands are read by a library kernel, whatever group it is a member of.
  bool is_library(std::uint32_t n) const {
    const ir::Operation& operation = nodes_[n].operation;
    return operation.kind == ir::Kind::window_reduce ||
           operation.kind == ir::Kind::window_gradient || is_contraction(operation);
  }

  const std::vector<ir::GraphNode>& nodes_;
  const PipelineKinds pipelines_;
  std::vector<Cost> costs_;
  std::vector<Cheapness> cheap_;
  std::vector<Demand> demands_;
  std::vector<InlineVector<Demand, 2>> askers_;  // Loops that read a cheap node
  std::vector<Frontier> frontiers_;              // of each group
  std::vector<Space> spaces_;                    // of each group
  std::vector<std::size_t> outputs_;             // of each group, at most
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

bool is_source(const ir::GraphNode& node) {
  return node.leaf || node.operation.kind == ir::Kind::constant ||
         node.operation.kind == ir::Kind::iota;
}

Partition partition(const ir::Graph& graph, const PipelineKinds& pipelines) {
  return Partitioner(graph, pipelines).run();
}

}  // namespace evergpu::compiler
