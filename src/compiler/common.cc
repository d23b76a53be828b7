#include "compiler/common.h"

#include <algorithm>
#include <unordered_map>

#include "compiler/plan.h"
#include "compiler/structural_words.h"

namespace evergpu::compiler {

namespace {

class Sharer {
 public:
  explicit Sharer(const ir::Graph& graph) : nodes_(graph.nodes) {
    first_.reserve(nodes_.size());
    found_.reserve(nodes_.size());
  }

  std::vector<std::uint32_t> run() {
    for (std::uint32_t n = 0; n < nodes_.size(); ++n)
      first_.push_back(may_be_equal(nodes_[n]) ? first_equal(n) : n);
    return std::move(first_);
  }

 private:
  static bool may_be_equal(const ir::GraphNode& node) {
    return !node.leaf && node.operation.kind != ir::Kind::constant &&
           node.operation.kind != ir::Kind::slice;
  }

  std::uint32_t first_equal(std::uint32_t n) {
    const std::uint64_t hash = hash_of(n);
    const auto [begin, end] = found_.equal_range(hash);
    const auto equal =
        std::find_if(begin, end, [&](const auto& earlier) { return are_equal(earlier.second, n); });
    if (equal != end) return equal->second;
    found_.emplace(hash, n);
    return n;
  }

  std::uint64_t hash_of(std::uint32_t n) const {
    const ir::Operation& operation = nodes_[n].operation;
    std::uint64_t hash = static_cast<std::uint64_t>(operation.kind);
    const auto add = [&](std::uint64_t word) { hash = mix(hash, word); };
    add(static_cast<std::uint64_t>(operation.dtype));
    for (const std::int64_t extent : operation.shape) add(static_cast<std::uint64_t>(extent));
    for_each_structural_word(operation.attributes, add);
    for (const std::uint32_t operand : nodes_[n].operands) add(first_[operand]);
    return hash;
  }

  bool are_equal(std::uint32_t a, std::uint32_t b) const {
    const auto& of_a = nodes_[a].operands;
    const auto& of_b = nodes_[b].operands;
    return nodes_[a].operation == nodes_[b].operation &&
           std::equal(of_a.begin(), of_a.end(), of_b.begin(), of_b.end(),
                      [&](std::uint32_t x, std::uint32_t y) { return first_[x] == first_[y]; });
  }

  const std::vector<ir::GraphNode>& nodes_;
  std::vector<std::uint32_t> first_;
  std::unordered_multimap<std::uint64_t, std::uint32_t> found_;  // first ones, by hash
};

}  // namespace

Shared share_equal_values(const ir::Graph& graph) {
  Shared shared{{}, Sharer(graph).run()};
  shared.graph.nodes.reserve(graph.nodes.size());
  for (std::uint32_t n = 0; n < graph.nodes.size(); ++n) {
    const ir::GraphNode& node = graph.nodes[n];
    ir::GraphNode& copy = shared.graph.nodes.emplace_back();
    copy.operation = node.operation;
    copy.origin = node.origin;
    copy.leaf = node.leaf;
    for (const std::uint32_t operand : node.operands)
      copy.operands.push_back(shared.first[operand]);
    if (node.wanted) shared.graph.nodes[shared.first[n]].wanted = true;
  }
  return shared;
}

void restore_nodes(Plan& plan, const ir::Graph& graph, const Shared& shared) {
  std::vector<std::uint32_t> buffers(graph.nodes.size(), Buffer::none);
  for (const Wanted& wanted : plan.wanted) buffers[wanted.node] = wanted.buffer;
  plan.wanted.clear();
  std::unordered_multimap<std::uint32_t, std::uint32_t> others;  // of equal value, by the first
  for (std::uint32_t n = 0; n < graph.nodes.size(); ++n) {
    if (shared.first[n] != n) others.emplace(shared.first[n], n);
    if (!graph.nodes[n].wanted) continue;
    const std::uint32_t position = buffers[shared.first[n]];
    plan.wanted.push_back({n, position});
    Buffer& buffer = plan.buffers[position];
    if (buffer.place == Buffer::Place::wanted && !graph.nodes[buffer.node].wanted) buffer.node = n;
  }
  for (Step& step : plan.steps) {
    const std::vector<std::uint32_t> computed = step.nodes;
    for (const std::uint32_t n : computed)
      for (auto [other, end] = others.equal_range(n); other != end; ++other)
        step.nodes.push_back(other->second);
    std::sort(step.nodes.begin(), step.nodes.end());
  }
}

}  // namespace evergpu::compiler
