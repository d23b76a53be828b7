// What interpreters of Loops share: random words, drawn by the reference interpreter.
#pragma once

#include <span>

#include "compiler/kernel.h"
#include "ir/tensor.h"

namespace evergpu::testing {

/// The value of an instruction that draws words: element i of `result` is word i of the stream that
/// its registers hold, the same at every index.
void draw_words(const compiler::Instruction& philox, std::span<const ir::Tensor> registers,
                ir::Tensor& result);

}  // namespace evergpu::testing
