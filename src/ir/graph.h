// A pending graph as a list: operands before users. What the compiler plans and the interpreter
// runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/value.h"

namespace evergpu::ir {

/// One value of a Graph.
struct GraphNode {
  Operation operation;
  InlineVector<std::uint32_t, 3> operands;  // positions in Graph::nodes, all below this one
  bool leaf = false;        // its bytes exist, or will before the graph runs; it has no operands
  bool wanted = false;      // somebody outside needs its bytes
  std::string_view origin;  // the value's
  Value value;              // keeps the node; empty when nobody needs that
};

struct Graph {
  std::vector<GraphNode> nodes;
};

/// The graph of everything that `wanted` depends on; stored nodes become leaves, and pending
/// constants that are equal one node, but for those that are wanted. No runtime may be
/// resolving these nodes meanwhile. Failed nodes are leaves too: the caller looks for them.
Graph graph_of(std::span<const Value> wanted);

/// Checks what build.h would have: operand order, counts, dtypes, shapes and attributes of each
/// node.
Status verify(const Graph& graph);

/// One line per node: "%7 = f32[128,512] add %3, %5".
std::string print(const Graph& graph);
/// One operation without operands: "f32[128,512] add".
std::string print(const Operation& operation);

}  // namespace evergpu::ir
