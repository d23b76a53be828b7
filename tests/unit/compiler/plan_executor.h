// Runs plans in host memory, slowly and with every check that the contract in compiler/kernel.h
// allows, so that plans can be compared with ir::evaluate on the same graph.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "compiler/plan.h"
#include "ir/tensor.h"

namespace evergpu::compiler {

struct Execution {
  std::vector<ir::Tensor> wanted;  // in the order of the wanted nodes
  std::string complaint;           // the first breach of the contract; empty when there is none
};

/// `leaves[i]` are the bytes of the graph's i-th leaf. Memory is filled with 0xff before it is
/// written.
Execution execute(const Plan& plan, const ir::Graph& graph, std::span<const ir::TensorView> leaves);

}  // namespace evergpu::compiler
