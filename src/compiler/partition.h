// Which nodes are computed, and which point nodes share a Loop.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/graph.h"

namespace evergpu::compiler {

/// Point nodes that become the program of one Loop, which stores the value of the last of them, the
/// sink. Nobody else reads the others.
struct Group {
  std::vector<std::uint32_t> members;  // ascending; the sink is the last
};

struct Partition {
  static constexpr std::uint32_t no_group = ~std::uint32_t{0};
  std::vector<bool> needed;          // by node: some wanted node depends on it
  std::vector<std::uint32_t> group;  // by node: position in `groups`, or no_group
  std::vector<Group> groups;
};

/// Unary, binary, select and cast.
bool is_point(ir::Kind kind);

/// Walks from users to operands. A point node joins its users' group when all of them are in that
/// one group, it is not wanted itself, and the program stays below about 64 instructions and 16
/// arrays. So chains fuse, and so do diamonds that end in one node.
/// Reshapes and other movements that keep the order of elements join too, between point nodes.
/// Nodes without elements are needed, but what they depend on is not. Takes linear time.
Partition partition(const ir::Graph& graph);

}  // namespace evergpu::compiler
