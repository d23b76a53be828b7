// Short ways to make graphs to plan.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "compiler/plan.h"
#include "ir/build.h"
#include "ir/graph.h"

namespace evergpu::compiler {

/// A value whose bytes exist.
inline ir::Value leaf(ir::DType dtype, ir::Shape shape) {
  return ir::Node::stored(dtype, std::move(shape), std::make_shared<ir::Storage>());
}
inline ir::Value leaf(ir::Shape shape) { return leaf(ir::DType::f32, std::move(shape)); }

inline ir::Graph graph_of(const std::vector<ir::Value>& wanted) { return ir::graph_of(wanted); }

inline Plan plan_of(const std::vector<ir::Value>& wanted) { return make_plan(graph_of(wanted)); }

inline const Loop& loop_of(const Plan& plan, std::size_t step) {
  return std::get<Loop>(plan.steps.at(step).kernel);
}
inline const Library& library_of(const Plan& plan, std::size_t step) {
  return std::get<Library>(plan.steps.at(step).kernel);
}

/// Extents or strides, for a comparison to print.
using List = std::vector<std::int64_t>;
inline List list(const ir::Dims& dims) { return {dims.begin(), dims.end()}; }

}  // namespace evergpu::compiler
