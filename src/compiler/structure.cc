#include "compiler/structure.h"

#include <algorithm>
#include <span>

#include "compiler/structural_words.h"

namespace evergpu::compiler {

namespace {

class Describer {
 public:
  explicit Describer(const ir::Graph& graph)
      : nodes_(graph.nodes), labels_(nodes_.size()), demands_(nodes_.size()) {
    begin_.reserve(nodes_.size() + 1);
    words_.reserve(nodes_.size() * 8);
  }

  Structure run() {
    begin_.push_back(0);
    for (std::uint32_t n = 0; n < nodes_.size(); ++n) {
      describe(nodes_[n]);
      begin_.push_back(words_.size());
      labels_[n] = hash_of(words_of(n));
    }
    look_at_operands();
    const std::vector<std::uint32_t> last = look_at_users();
    for (std::uint32_t n = 0; n < nodes_.size(); ++n) labels_[n] = mix(labels_[n], demands_[n]);
    look_at_operands();
    walk_from(sorted(last));
    return assemble();
  }

 private:
  static std::uint64_t hash_of(std::span<const std::uint64_t> words) {
    std::uint64_t hash = 0;
    for (const std::uint64_t word : words) hash = mix(hash, word);
    return hash;
  }

  std::span<const std::uint64_t> words_of(std::uint32_t n) const {
    return std::span(words_).subspan(begin_[n], begin_[n + 1] - begin_[n]);
  }
  std::span<const std::uint32_t> operands_of(std::uint32_t n) const {
    return {nodes_[n].operands.data(), nodes_[n].operands.size()};
  }

  /// The words of a node by itself. What a leaf was computed with is of no concern.
  void describe(const ir::GraphNode& node) {
    const ir::Operation& operation = node.operation;
    const auto put = [this](std::uint64_t word) { words_.push_back(word); };
    const std::uint64_t kind = node.leaf ? 0 : 1 + static_cast<std::uint64_t>(operation.kind);
    put(kind | static_cast<std::uint64_t>(operation.dtype) << 8 |
        static_cast<std::uint64_t>(node.wanted) << 16 |
        (node.leaf ? 0 : operation.attributes.index()) << 24);
    put(operation.shape.extents().size() | node.operands.size() << 32);
    for (const std::int64_t extent : operation.shape) put(static_cast<std::uint64_t>(extent));
    if (!node.leaf) for_each_structural_word(operation.attributes, put);
  }

  void look_at_operands() {
    for (std::uint32_t n = 0; n < nodes_.size(); ++n)
      for (const std::uint32_t operand : operands_of(n))
        labels_[n] = mix(labels_[n], labels_[operand]);
  }

  /// Sums up in `demands_` who uses each node, and as which operand. Returns the nodes that nobody
  /// uses.
  std::vector<std::uint32_t> look_at_users() {
    std::vector<std::uint32_t> unused;
    std::vector<bool> used(nodes_.size());
    for (auto n = static_cast<std::uint32_t>(nodes_.size()); n-- > 0;) {
      if (!used[n]) unused.push_back(n);
      const std::uint64_t user = mix(labels_[n], demands_[n]);
      std::uint64_t place = 0;
      for (const std::uint32_t operand : operands_of(n)) {
        demands_[operand] += mix(user, place++);
        used[operand] = true;
      }
    }
    return unused;
  }

  std::vector<std::uint32_t> sorted(std::vector<std::uint32_t> nodes) const {
    std::sort(nodes.begin(), nodes.end(), [&](std::uint32_t a, std::uint32_t b) {
      return labels_[a] != labels_[b] ? labels_[a] < labels_[b] : a < b;
    });
    return nodes;
  }

  void walk_from(std::span<const std::uint32_t> last) {
    order_.reserve(nodes_.size());
    number_.assign(nodes_.size(), unknown);
    std::vector<std::uint32_t> stack;
    for (const std::uint32_t root : last) {
      stack.push_back(root);
      while (!stack.empty()) {
        const std::uint32_t n = stack.back();
        stack.pop_back();
        if (number_[n] != unknown) continue;
        number_[n] = static_cast<std::uint32_t>(order_.size());
        order_.push_back(n);
        const std::span<const std::uint32_t> operands = operands_of(n);
        for (std::size_t i = operands.size(); i-- > 0;)
          if (number_[operands[i]] == unknown) stack.push_back(operands[i]);
      }
    }
  }

  Structure assemble() {
    Structure result;
    result.words.reserve(words_.size() + 3 * nodes_.size());
    result.hash = nodes_.size();
    for (const std::uint32_t n : order_) {
      const std::span<const std::uint64_t> words = words_of(n);
      result.words.insert(result.words.end(), words.begin(), words.end());
      for (const std::uint32_t operand : operands_of(n)) result.words.push_back(number_[operand]);
      result.hash = mix(result.hash, labels_[n]);
    }
    result.order = std::move(order_);
    return result;
  }

  static constexpr std::uint32_t unknown = ~std::uint32_t{0};

  const std::vector<ir::GraphNode>& nodes_;
  std::vector<std::uint64_t> words_;    // of all nodes, one after the other
  std::vector<std::size_t> begin_;      // by node: the first of its words
  std::vector<std::uint64_t> labels_;   // by node
  std::vector<std::uint64_t> demands_;  // by node: a sum over its users
  std::vector<std::uint32_t> order_;
  std::vector<std::uint32_t> number_;  // by node: its place in order_
};

}  // namespace

Structure structure_of(const ir::Graph& graph) { return Describer(graph).run(); }

}  // namespace evergpu::compiler
