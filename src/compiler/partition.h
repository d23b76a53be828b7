// Which nodes are computed, and which of them share a Loop.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/kernel.h"
#include "ir/graph.h"

namespace evergpu::compiler {

/// Point nodes, and reductions of some of them, that become the program of one Loop.
struct Group {
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  std::vector<std::uint32_t> members;  // ascending; a reduction's index space is its operand's
  std::vector<std::uint32_t> stored;   // ascending: the members whose values others read
  /// The position in the graph at which the Loop runs: all that it reads from outside is made
  /// before, and nobody outside needs its results before.
  std::uint32_t time = 0;
  /// The member that a library kernel makes, a window's gradient or a contraction, which the Loop
  /// reads as it is made.
  std::uint32_t producer = none;
  /// The Loop makes the first operand of a window as that reads it, and stores nothing.
  bool gives = false;
};

struct Partition {
  static constexpr std::uint32_t no_group = ~std::uint32_t{0};
  std::vector<bool> needed;  // by node: some wanted node depends on it
  // By node: position in `groups`, or no_group. Of a node that several groups compute, one of them.
  std::vector<std::uint32_t> group;
  std::vector<Group> groups;
  std::vector<std::uint32_t> before;  // by node: the group that gives its first operand
};

/// Unary, binary, select and cast.
bool is_point(ir::Kind kind);
/// Leaves, constants and iotas: what can be read at any time.
bool is_source(const ir::GraphNode& node);

/// Walks from users to operands. Everything runs at a time: library nodes at their own position, a
/// Loop at that of its last member when it was begun. A point node joins the earliest of its users
/// when that is a Loop over the same elements; if others read it too, the Loop also stores it,
/// which is early enough for them since they run later. So no Loop waits for itself, chains fuse,
/// diamonds do, and an optimizer's moments are stored by the Loop that updates the weight.
/// A value that a few cheap instructions make of one array that exists anyway is not stored for
/// several Loops: it becomes part of each.
/// Reductions of floats and large integers begin Loops as points do. Reshapes and other movements
/// that keep the order of elements join their users. Then a Loop that reads an array which an
/// earlier one over the same axes makes or reads becomes part of that, where its other operands are
/// there in time; so do Loops over few elements. A Loop stays below about 64 instructions, 16
/// arrays read and 8 stored.
///
/// With pipelines of windows, row-wise ones are between Loops. One gives the first operand: its
/// group is begun as if the window were its last member, so that values of one reader and cheap
/// ones join it. A gradient that one Loop alone reads, over the same elements, is a member of that.
/// With pipelines of contractions, one is a member of the earliest Loop that reads it, if that is
/// over the same elements, reduces nothing and is short; what others read of it, that Loop stores.
///
/// Nodes without elements are needed, but what they depend on is not. Takes linear time.
Partition partition(const ir::Graph& graph, const PipelineKinds& pipelines = {});

}  // namespace evergpu::compiler
