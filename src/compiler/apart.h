// Loops of one program, and of nothing else in common, that run in one launch.
#pragma once

#include "compiler/plan.h"

namespace evergpu::compiler {

/// Makes Sequences, whose Loops are apart, of the Loops of one program (same_program): the updates
/// of an optimizer, the sums of squares of its gradients. Such a Loop makes what is wanted, or a
/// few bytes. It waits for others until somebody reads what it makes. All others keep their order.
///
/// No step has more temporaries alive than the one that had most before: where those that the
/// waiting are the last to read would be too many, what waits is launched. Gradients that their
/// norm scales are alive until all of them exist, and their updates wait at no cost; others are
/// kept where a backward pass has freed as much. Linear time.
void gather_loops_apart(Plan& plan, const SequenceLimits& limits);

}  // namespace evergpu::compiler
