// What a graph is, apart from launch arguments, names and the order in which it was recorded: the
// key under which its plan is found again.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/graph.h"

namespace evergpu::compiler {

struct Structure {
  /// A description from which the graph could be built, but for launch arguments. So when two
  /// graphs have equal words, node `order[i]` of the one is node `order[i]` of the other.
  std::vector<std::uint64_t> words;
  std::vector<std::uint32_t> order;  // every node, as `words` describe them
  std::uint64_t hash = 0;            // the same for equal words, and in every process
};

/// Graphs that differ in launch arguments and in the order of their nodes have the same structure,
/// except that nodes which cannot be told apart by what they depend on and who depends on them are
/// taken in the order of the graph; then the words may differ. Linear time.
///
/// Labels that say what a node depends on, and who depends on it, are made as by Weisfeiler and
/// Leman, in two sweeps; the nodes without users are sorted by them, and a depth-first walk from
/// these orders all others.
Structure structure_of(const ir::Graph& graph);

}  // namespace evergpu::compiler
