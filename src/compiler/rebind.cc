// A plan as that of another graph of equal structure: numbers of nodes and launch arguments change.
#include <vector>

#include "compiler/plan.h"

namespace evergpu::compiler {

namespace {

/// Bits of constants, and offsets in bytes.
std::vector<std::int64_t> values_of(std::span<const Argument> arguments, const ir::Graph& graph) {
  std::vector<std::int64_t> values;
  values.reserve(arguments.size());
  for (const Argument& argument : arguments) {
    const ir::Attributes& attributes = graph.nodes[argument.node].operation.attributes;
    if (const auto* constant = std::get_if<ir::Constant>(&attributes)) {
      values.push_back(static_cast<std::int64_t>(constant->bits));
      continue;
    }
    const ir::Dims& starts = std::get<ir::Slice>(attributes).starts;
    std::int64_t offset = argument.base == Argument::none ? argument.begin : values[argument.base];
    for (std::size_t axis = 0; axis < starts.size(); ++axis)
      offset += starts[axis] * argument.strides[axis];
    values.push_back(offset);
  }
  return values;
}

Loop& loop_of(Kernel& kernel, const Binding& binding) {
  if (auto* sequence = std::get_if<Sequence>(&kernel)) return sequence->loops[binding.loop];
  if (auto* pipeline = std::get_if<Pipeline>(&kernel))
    return binding.loop == Pipeline::loop_before ? *pipeline->before : *pipeline->after;
  return std::get<Loop>(kernel);
}

Library& library_of(Kernel& kernel) {
  if (auto* pipeline = std::get_if<Pipeline>(&kernel)) return pipeline->library;
  return std::get<Library>(kernel);
}

void set(Kernel& kernel, const Binding& binding, std::int64_t value) {
  value /= binding.element_bytes;
  switch (binding.place) {
    case Binding::Place::constant:
      loop_of(kernel, binding).program[binding.index].bits = static_cast<std::uint64_t>(value);
      break;
    case Binding::Place::input:
      loop_of(kernel, binding).inputs[binding.index].offset = value;
      break;
    case Binding::Place::operand:
      library_of(kernel).operand_layouts[binding.index].offset = value;
      break;
  }
}

}  // namespace

void rebind(Plan& plan, const ir::Graph& graph, std::span<const std::uint32_t> positions) {
  for (Buffer& buffer : plan.buffers) buffer.node = positions[buffer.node];
  for (Wanted& wanted : plan.wanted) wanted.node = positions[wanted.node];
  for (Argument& argument : plan.arguments) argument.node = positions[argument.node];
  const std::vector<std::int64_t> values = values_of(plan.arguments, graph);
  for (Step& step : plan.steps) {
    step.node = positions[step.node];
    for (std::uint32_t& node : step.nodes) node = positions[node];
    for (const Binding& binding : step.bindings)
      set(step.kernel, binding, values[binding.argument]);
  }
}

}  // namespace evergpu::compiler
