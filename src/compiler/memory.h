// Where temporaries lie: an arena whose bytes are used again when their buffer is dead.
#pragma once

#include "compiler/plan.h"

namespace evergpu::compiler {

/// Gives every temporary an offset in the arena, at a multiple of `alignment`, sets arena_bytes,
/// and says which leaves wanted arrays may take over.
///
/// Walks the steps in order. A step's results get the smallest free block that holds them, else the
/// arena grows (from its last block, if that is free); then what the step reads last becomes free
/// and merges with its neighbours. This is the best-fit of dynamic memory allocation (Wilson et
/// al., "Dynamic storage allocation: a survey and critical review", 1995) with all sizes and times
/// known. A Loop's result takes over the bytes of a temporary that it reads for the last time,
/// element by element in the same places; a wanted one may so take over a leaf's. n log n time.
void assign_memory(Plan& plan, std::size_t alignment);

}  // namespace evergpu::compiler
