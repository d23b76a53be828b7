// Graphs of the structure of another one: recorded in another order, with other launch arguments.
#pragma once

#include <random>

#include "ir/graph.h"

namespace evergpu::compiler {

/// The nodes in a random order in which operands still come before users.
ir::Graph reordered(const ir::Graph& graph, std::mt19937& random);

/// Other constants, and slices that start anywhere in their operands.
ir::Graph with_other_arguments(const ir::Graph& graph, std::mt19937& random);

}  // namespace evergpu::compiler
