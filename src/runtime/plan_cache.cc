#include "runtime/plan_cache.h"

#include <utility>

namespace evergpu::runtime {

using compiler::Plan;
using compiler::Structure;

namespace {

template <typename T>
std::size_t bytes_of(const std::vector<T>& list) {
  return list.capacity() * sizeof(T);
}

std::size_t bytes_of(const compiler::Loop& loop) {
  return bytes_of(loop.inputs) + bytes_of(loop.program) + bytes_of(loop.outputs) +
         bytes_of(loop.results) + bytes_of(loop.reductions);
}

std::size_t bytes_of(const compiler::Sequence& sequence) {
  std::size_t bytes = bytes_of(sequence.loops);
  for (const compiler::Loop& loop : sequence.loops) bytes += bytes_of(loop);
  return bytes;
}

std::size_t bytes_of(const compiler::Library& library) {
  return bytes_of(library.operand_dtypes) + bytes_of(library.operand_shapes) +
         bytes_of(library.operand_layouts);
}

std::size_t bytes_of(const compiler::Pipeline& pipeline) {
  return (pipeline.before ? bytes_of(*pipeline.before) : 0) + bytes_of(pipeline.library) +
         (pipeline.after ? bytes_of(*pipeline.after) : 0);
}

std::size_t bytes_of(const compiler::Kernel& kernel) {
  return std::visit([](const auto& alternative) { return bytes_of(alternative); }, kernel);
}

std::size_t bytes_of(const Plan& plan) {
  std::size_t bytes = bytes_of(plan.buffers) + bytes_of(plan.steps) + bytes_of(plan.wanted) +
                      bytes_of(plan.arguments);
  for (const compiler::Step& step : plan.steps) {
    bytes += bytes_of(step.kernel) + bytes_of(step.inputs) + bytes_of(step.outputs) +
             bytes_of(step.bindings);
  }
  return bytes;
}

}  // namespace

RunnablePlan& PlanCache::plan_for(const ir::Graph& graph) {
  Structure structure = compiler::structure_of(graph);
  Entry* const found = entries_.find(
      structure.hash, [&](const Entry& entry) { return entry.structure == structure.words; });
  if (found != nullptr) {
    ++counters_->plan_hits;
    std::vector<std::uint32_t> positions(graph.nodes.size());
    for (std::size_t i = 0; i < positions.size(); ++i)
      positions[found->order[i]] = structure.order[i];
    compiler::rebind(found->runnable.plan, graph, positions);
    found->order = std::move(structure.order);
    return found->runnable;
  }

  ++counters_->plan_misses;
  Entry entry{std::move(structure.words), std::move(structure.order), {}, 0};
  entry.structure.shrink_to_fit();
  Plan& plan = entry.runnable.plan;
  plan = compiler::make_plan(graph, options_);
  entry.runnable.executables.resize(plan.steps.size());
  entry.bytes = sizeof(Entry) + bytes_of(entry.structure) + bytes_of(entry.order) + bytes_of(plan) +
                bytes_of(entry.runnable.executables);
  bytes_ += entry.bytes;
  // A plan that is larger than the limit is kept alone: it is about to run.
  while (entries_.size() > 0 && (entries_.size() >= limits_.plans || bytes_ > limits_.bytes))
    bytes_ -= entries_.take_oldest().bytes;
  return entries_.insert(structure.hash, std::move(entry)).runnable;
}

}  // namespace evergpu::runtime
