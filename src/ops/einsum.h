// Einstein summation: products and sums over named axes.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "ir/build.h"

namespace evergpu::ops {

/// A parsed equation such as "...ij,...jk->...ik". A letter names an axis; letters that the result
/// lacks are summed over; a letter twice in one operand takes its diagonal, twice in the result
/// makes a diagonal; "..." stands for further axes, which broadcast by NumPy's rule.
struct EinsumEquation {
  static constexpr char ellipsis = '.';  // one in place of the three dots
  std::vector<std::string> inputs;       // one or two
  std::string output;
};

/// invalid_argument when it is no equation with one or two operands.
Result<EinsumEquation> parse_einsum(const std::string& equation);

/// All operands have one dtype; their number is that of the equation's inputs.
ir::Value einsum(const EinsumEquation& equation, std::span<const ir::Value> operands);

}  // namespace evergpu::ops
