// Values that several nodes compute alike.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/plan.h"
#include "ir/graph.h"

namespace evergpu::compiler {

/// A graph in which each value is computed once.
struct Shared {
  /// As many nodes; those of a value that an earlier one has are needed by nobody, and not wanted.
  ir::Graph graph;
  std::vector<std::uint32_t> first;  // by node: the one that computes its value
};

/// Two nodes are of equal value when they do the same to operands of equal value. Leaves and
/// constants are their own, and so are slices: where they start is a launch argument, so that two
/// which are equal now may differ when the plan is used again. Linear time.
Shared share_equal_values(const ir::Graph& graph);

/// Makes a plan of `shared` one of `graph`: it keeps what that wants, and its steps compute all
/// nodes of equal value.
void restore_nodes(Plan& plan, const ir::Graph& graph, const Shared& shared);

}  // namespace evergpu::compiler
