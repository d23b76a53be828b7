// Where temporaries lie: an arena whose bytes are used again when their buffer is dead.
#pragma once

#include "compiler/plan.h"

namespace evergpu::compiler {

/// Gives every temporary an offset in the arena, at a multiple of `alignment`, sets arena_bytes,
/// and says which leaves wanted arrays may take over.
///
/// A Loop's result takes over the bytes of a temporary that it reads for the last time, element by
/// element in the same places; a wanted one may so take over a leaf's. Temporaries are then placed
/// by their size, the largest first, each in the smallest gap that it fits between those that are
/// alive when it is, else behind them ("greedy by size": Pisarchyk and Lee, "Efficient Memory
/// Management for Deep Neural Net Inference", 2020). n^2 time, once a plan.
void assign_memory(Plan& plan, std::size_t alignment);

}  // namespace evergpu::compiler
