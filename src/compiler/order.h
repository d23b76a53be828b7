// In which order the launches of a plan run, so that fewer arrays are alive together.
#pragma once

#include "compiler/plan.h"

namespace evergpu::compiler {

/// Reorders the steps. They keep their order, but a step runs as soon as it can if memory does not
/// grow by it: if its temporaries take no more bytes than those it is the last to read, and what is
/// wanted no more than such leaves. So an optimizer's loop follows the last product that reads its
/// weight, and the gradient's bytes serve the next one, while a training step as it was recorded
/// keeps all gradients to its end.
///
/// A greedy form of list scheduling for registers (Goodman and Hsu, "Code scheduling and register
/// allocation in large basic blocks", 1988). Linear in what the steps read and write, but for a
/// logarithm.
void order_for_memory(Plan& plan);

}  // namespace evergpu::compiler
