// Concatenations that nobody computes: whoever makes a part writes it to its place in the whole.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/partition.h"

namespace evergpu::compiler {

/// A place in the array of a concat node: from `start` along the concat's axis.
struct Place {
  std::uint32_t whole = 0;
  std::int64_t start = 0;
};

struct Assembly {
  std::vector<bool> assembled;  // by node: a concat whose parts are all written there
  std::vector<InlineVector<Place, 1>> places;  // by node: where its elements are written
  std::vector<bool> only_there;                // by node: has places, and no array of its own
};

/// A concat is assembled when each of its parts is a concat that is, or a value that a Loop without
/// reductions or a window stores; no part comes twice. A part keeps an array of its own where
/// somebody needs that: whoever wants its bytes, and library kernels with dense operands (matrix
/// products take views where `strided_matmul`). The Loop then stores it twice, which is cheaper
/// than a copy. Linear time.
Assembly assemble(const ir::Graph& graph, const Partition& partition, bool strided_matmul);

}  // namespace evergpu::compiler
