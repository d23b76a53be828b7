// Loops for tests: one instruction over a flat array, and random ones.
#pragma once

#include <random>
#include <vector>

#include "compiler/kernel.h"
#include "ir/tensor.h"

namespace evergpu::adapters {

/// An instruction that loads input number `input`.
compiler::Instruction load(ir::DType dtype, std::uint16_t input);

/// A loop over one axis of `n` elements with dense operands, or of one element where `uniform`: it
/// computes `instruction` of its inputs.
compiler::Loop flat_loop(std::int64_t n, const std::vector<ir::DType>& inputs,
                         const std::vector<bool>& uniform, compiler::Instruction instruction);

struct RandomLoop {
  compiler::Loop loop;
  std::vector<ir::Tensor> inputs;
  std::vector<std::int64_t> output_elements;
};

/// Random words plus an array whose first axis is its innermost one; over iteration spaces of all
/// sorts: empty, of one element, not in whole blocks, to be transposed; from counters of which one
/// overflows.
std::vector<RandomLoop> philox_loops();

/// Random strides, broadcasts, extents and programs.
RandomLoop random_loop(std::mt19937& random);

}  // namespace evergpu::adapters
