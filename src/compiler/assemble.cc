#include "compiler/assemble.h"

#include <algorithm>

#include "compiler/kernel.h"
#include "compiler/view.h"

namespace evergpu::compiler {

namespace {

class Assembler {
 public:
  Assembler(const ir::Graph& graph, const Partition& partition, bool strided_matmul)
      : nodes_(graph.nodes),
        partition_(partition),
        strided_matmul_(strided_matmul),
        read_dense_(nodes_.size()),
        stored_(nodes_.size()),
        stores_(partition.groups.size()) {
    result_.assembled.resize(nodes_.size());
    result_.places.resize(nodes_.size());
    result_.only_there.resize(nodes_.size());
  }

  Assembly run() {
    find_dense_reads();
    for (std::size_t g = 0; g < partition_.groups.size(); ++g) {
      const Group& group = partition_.groups[g];
      stores_[g] = group.stored.size();
      if (group.producer != Group::none && !is_contraction(nodes_[group.producer].operation))
        continue;
      if (std::any_of(group.stored.begin(), group.stored.end(), [&](auto n) { return reduces(n); }))
        continue;
      for (std::uint32_t n : group.stored) stored_[n] = true;
    }
    for (std::uint32_t n = 0; n < nodes_.size(); ++n)
      if (is_concat(n)) place_parts(n);
    for (std::uint32_t n = 0; n < nodes_.size(); ++n)
      result_.only_there[n] = !result_.places[n].empty() && !read_dense_[n];
    return std::move(result_);
  }

 private:
  bool reduces(std::uint32_t n) const { return nodes_[n].operation.kind == ir::Kind::reduce; }
  /// It is a library kernel, not a Loop.
  bool is_lone_reduction(std::uint32_t n) const {
    return reduces(n) && partition_.groups[partition_.group[n]].members.size() == 1;
  }
  bool is_concat(std::uint32_t n) const {
    const ir::GraphNode& node = nodes_[n];
    return partition_.needed[n] && !node.leaf && node.operation.kind == ir::Kind::concat &&
           node.operation.shape.elements() > 0;
  }

  /// Which nodes somebody reads that takes dense arrays only, or outlive the plan.
  void find_dense_reads() {
    for (auto n = static_cast<std::uint32_t>(nodes_.size()); n-- > 0;) {
      const ir::GraphNode& node = nodes_[n];
      if (!partition_.needed[n] || node.leaf) continue;
      if (node.wanted) read_dense_[n] = true;
      const ir::Kind kind = node.operation.kind;
      if (partition_.group[n] != Partition::no_group && !is_lone_reduction(n) &&
          kind != ir::Kind::window_gradient && !is_contraction(node.operation))
        continue;
      const bool reads_dense =
          is_movement(kind)
              ? read_dense_[n]
              : kind != ir::Kind::concat && (kind != ir::Kind::matmul || !strided_matmul_);
      if (reads_dense)
        for (std::uint32_t operand : node.operands) read_dense_[operand] = true;
    }
  }

  /// Whether a node's elements can be written to one more place.
  bool can_be_placed(std::uint32_t n) const {
    if (result_.assembled[n]) return !is_stored_elsewhere(n);
    return stored_[n] &&
           (!is_stored_elsewhere(n) || stores_[partition_.group[n]] < max_loop_outputs);
  }

  void place_parts(std::uint32_t whole) {
    const ir::GraphNode& node = nodes_[whole];
    const int axis = node.operation.get<ir::Axis>().axis;
    std::int64_t start = 0;
    std::size_t placed = 0;
    for (std::uint32_t part : node.operands) {
      if (!can_be_placed(part) || is_placed_in(part, whole)) break;
      add_place(part, {whole, start});
      start += nodes_[part].operation.shape[axis];
      ++placed;
    }
    if (placed == node.operands.size()) {
      result_.assembled[whole] = true;
    } else {
      for (std::size_t i = 0; i < placed; ++i) drop_place(node.operands[i]);
    }
  }

  bool is_placed_in(std::uint32_t part, std::uint32_t whole) const {
    const auto& places = result_.places[part];
    return !places.empty() && places.back().whole == whole;
  }

  void add_place(std::uint32_t n, const Place& place) {
    if (is_stored_elsewhere(n)) ++stores_[partition_.group[n]];
    result_.places[n].push_back(place);
  }

  void drop_place(std::uint32_t n) {
    result_.places[n].pop_back();
    if (is_stored_elsewhere(n)) --stores_[partition_.group[n]];
  }

  /// Whether one more place is one more array that the Loop writes.
  bool is_stored_elsewhere(std::uint32_t n) const {
    return read_dense_[n] || !result_.places[n].empty();
  }

  const std::vector<ir::GraphNode>& nodes_;
  const Partition& partition_;
  const bool strided_matmul_;
  std::vector<bool> read_dense_;     // by node
  std::vector<bool> stored_;         // by node: by a Loop without reductions
  std::vector<std::size_t> stores_;  // by group: how many arrays it writes
  Assembly result_;
};

}  // namespace

Assembly assemble(const ir::Graph& graph, const Partition& partition, bool strided_matmul) {
  return Assembler(graph, partition, strided_matmul).run();
}

}  // namespace evergpu::compiler
