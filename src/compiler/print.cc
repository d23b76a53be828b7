// Plans as text.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "compiler/plan.h"

namespace evergpu::compiler {

namespace {

using Output = std::back_insert_iterator<std::string>;

/// "%7", with where its bytes are when the plan makes them: "%7(t+2048)", "%7(wanted)", or
/// "%7(wanted over %3)" where it may take over a leaf's.
void print_buffer(Output out, const Plan& plan, std::uint32_t position) {
  const Buffer& buffer = plan.buffers[position];
  fmt::format_to(out, "%{}", buffer.node);
  if (buffer.takes_over != Buffer::none)
    fmt::format_to(out, "(wanted over %{})", plan.buffers[buffer.takes_over].node);
  else if (buffer.place == Buffer::Place::wanted)
    fmt::format_to(out, "(wanted)");
  if (buffer.place == Buffer::Place::temporary) fmt::format_to(out, "(t+{})", buffer.offset);
}

/// Nothing when the operand is dense over the extents, else "[512,1]", or "[512,1]+3" with an
/// offset.
template <typename Operand>
void print_strides(Output out, const Operand& operand, const ir::Dims& extents) {
  if (operand.strides == ir::Shape(extents).strides() && operand.offset == 0) return;
  fmt::format_to(out, "[{}]", fmt::join(operand.strides.begin(), operand.strides.end(), ","));
  if (operand.offset != 0) fmt::format_to(out, "{:+}", operand.offset);
}

/// "add(r0,r1)"; dtypes are shown where they change.
/// `after`: the pipeline whose last Loop it is in, or null.
void print_instruction(Output out, const Instruction& instruction, const Pipeline* after) {
  const auto dtype = ir::name_of(instruction.dtype);
  switch (instruction.op) {
    case Instruction::Op::load:
      if (after != nullptr && !after->is_array(instruction.a))
        fmt::format_to(out, "{} {}", dtype, instruction.a == after->made ? "made" : "given");
      else
        fmt::format_to(out, "{} x{}", dtype, instruction.a);
      break;
    case Instruction::Op::constant:
      fmt::format_to(out, "{} {:#x}", dtype, instruction.bits);
      break;
    case Instruction::Op::index:
      fmt::format_to(out, "{} index{}", dtype, instruction.a);
      break;
    case Instruction::Op::unary:
      fmt::format_to(out, "{}(r{})", ir::name_of(instruction.unary_op), instruction.a);
      break;
    case Instruction::Op::binary:
      fmt::format_to(out, "{}(r{},r{})", ir::name_of(instruction.binary_op), instruction.a,
                     instruction.b);
      break;
    case Instruction::Op::select:
      fmt::format_to(out, "select(r{},r{},r{})", instruction.a, instruction.b, instruction.c);
      break;
    case Instruction::Op::cast:
      fmt::format_to(out, "{} cast(r{})", dtype, instruction.a);
      break;
    case Instruction::Op::bitcast:
      fmt::format_to(out, "{} bitcast(r{})", dtype, instruction.a);
      break;
    case Instruction::Op::philox:
      fmt::format_to(out, "philox(r{},r{},r{})", instruction.a, instruction.b, instruction.c);
      break;
  }
}

void print_kernel(Output out, const Loop& loop, const Pipeline* after = nullptr) {
  fmt::format_to(out, "loop [{}]", fmt::join(loop.extents.begin(), loop.extents.end(), ","));
  for (std::size_t i = 0; i < loop.program.size(); ++i) {
    fmt::format_to(out, "{} r{} = ", i == 0 ? "" : ";", i);
    print_instruction(out, loop.program[i], after);
  }
}

/// Which register goes to an output, where that is not the last to the only one: "r3 to ", or
/// "sum(r5)[0,1] to " with the strides that the result has over the loop's axes.
void print_result(Output out, const Loop& loop, std::size_t i) {
  if (i >= loop.plain_outputs()) {
    fmt::format_to(out, "{}(r{})[{}] to ", ir::name_of(loop.reductions[i - loop.plain_outputs()]),
                   loop.results[i],
                   fmt::join(loop.outputs[i].strides.begin(), loop.outputs[i].strides.end(), ","));
  } else if (loop.outputs.size() > 1) {
    fmt::format_to(out, "r{} to ", loop.results[i]);
  }
}

void print_kernel(Output out, const Library& library) {
  fmt::format_to(out, "library {} of", ir::print(library.operation));
  for (std::size_t i = 0; i < library.operand_shapes.size(); ++i)
    fmt::format_to(out, "{} {}{}", i == 0 ? "" : ",", ir::name_of(library.operand_dtypes[i]),
                   ir::to_string(library.operand_shapes[i]));
}

/// The parts in the order in which elements pass through them.
void print_kernel(Output out, const Pipeline& pipeline) {
  fmt::format_to(out, "pipeline ");
  if (pipeline.before) {
    print_kernel(out, *pipeline.before);
    fmt::format_to(out, " => ");
  }
  print_kernel(out, pipeline.library);
  if (!pipeline.after) return;
  fmt::format_to(out, " => ");
  print_kernel(out, *pipeline.after, &pipeline);
}

/// What an instruction computes; nothing for those that only fetch.
std::string_view function_of(const Instruction& instruction) {
  switch (instruction.op) {
    case Instruction::Op::unary:
      return ir::name_of(instruction.unary_op);
    case Instruction::Op::binary:
      return ir::name_of(instruction.binary_op);
    case Instruction::Op::select:
      return ir::name_of(ir::Kind::select);
    case Instruction::Op::cast:
      return ir::name_of(ir::Kind::cast);
    case Instruction::Op::bitcast:
      return ir::name_of(ir::Kind::bitcast);
    case Instruction::Op::philox:
      return ir::name_of(ir::Kind::philox);
    case Instruction::Op::load:
    case Instruction::Op::constant:
    case Instruction::Op::index:
      break;
  }
  return {};
}

void add_once(std::vector<std::string_view>& names, std::string_view name) {
  if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end())
    names.push_back(name);
}

std::string summary_of(const Library& library) { return ir::print(library.operation); }

/// "[64,512] multiply, add".
std::string functions_of(const Loop& loop) {
  std::vector<std::string_view> functions;
  for (const Instruction& instruction : loop.program) add_once(functions, function_of(instruction));
  for (const ir::ReduceOp op : loop.reductions) add_once(functions, ir::name_of(op));
  if (functions.empty()) functions = {"copy"};
  return fmt::format("[{}] {}", fmt::join(loop.extents.begin(), loop.extents.end(), ","),
                     fmt::join(functions, ", "));
}

std::string summary_of(const Loop& loop) { return "loop " + functions_of(loop); }

std::string summary_of(const Pipeline& pipeline) {
  return fmt::format("{}{}{}", pipeline.before ? summary_of(*pipeline.before) + " => " : "",
                     summary_of(pipeline.library),
                     pipeline.after ? " => " + summary_of(*pipeline.after) : "");
}

std::string summary_of(const Sequence& sequence) {
  std::vector<std::string> loops;
  for (const Loop& loop : sequence.loops) loops.push_back(functions_of(loop));
  return fmt::format("{} loops: {}", loops.size(), fmt::join(loops, "; "));
}

/// A step's operands, or those of one of its Loops.
struct Operands {
  std::span<const std::uint32_t> inputs;
  std::span<const std::uint32_t> outputs;
};

void print_launch(Output out, const Plan& plan, const Loop& loop, const Operands& operands) {
  print_kernel(out, loop);
  fmt::format_to(out, " <-");
  for (std::size_t i = 0; i < operands.inputs.size(); ++i) {
    fmt::format_to(out, "{}", i == 0 ? " " : ", ");
    print_buffer(out, plan, operands.inputs[i]);
    print_strides(out, loop.inputs[i], loop.extents);
  }
  fmt::format_to(out, " ->");
  for (std::size_t i = 0; i < operands.outputs.size(); ++i) {
    fmt::format_to(out, "{}", i == 0 ? " " : ", ");
    print_result(out, loop, i);
    print_buffer(out, plan, operands.outputs[i]);
    if (i < loop.plain_outputs()) print_strides(out, loop.outputs[i], loop.extents);
  }
}

void print_launch(Output out, const Plan& plan, const Library& library, const Operands& operands) {
  print_kernel(out, library);
  fmt::format_to(out, " <-");
  for (std::size_t i = 0; i < operands.inputs.size(); ++i) {
    fmt::format_to(out, "{}", i == 0 ? " " : ", ");
    print_buffer(out, plan, operands.inputs[i]);
    if (!library.operand_layouts.empty())
      print_strides(out, library.operand_layouts[i], library.operand_shapes[i].extents());
  }
  fmt::format_to(out, " -> ");
  print_buffer(out, plan, operands.outputs[0]);
}

/// Which Loop of a pipeline reads its array `i`, and as which input; null where its Library does.
std::pair<const Loop*, std::size_t> reader_of(const Pipeline& pipeline, std::size_t i) {
  if (i < pipeline.first_arrays()) return {pipeline.before ? &*pipeline.before : nullptr, i};
  i -= pipeline.first_arrays();
  if (i < pipeline.other_arrays()) return {nullptr, i};
  i -= pipeline.other_arrays();
  std::size_t input = 0;
  while (!pipeline.is_array(input) || i-- > 0) ++input;
  return {&*pipeline.after, input};
}

void print_launch(Output out, const Plan& plan, const Pipeline& pipeline,
                  const Operands& operands) {
  print_kernel(out, pipeline);
  fmt::format_to(out, " <-");
  for (std::size_t i = 0; i < operands.inputs.size(); ++i) {
    fmt::format_to(out, "{}", i == 0 ? " " : ", ");
    print_buffer(out, plan, operands.inputs[i]);
    if (const auto [loop, input] = reader_of(pipeline, i); loop != nullptr)
      print_strides(out, loop->inputs[input], loop->extents);
  }
  fmt::format_to(out, " ->");
  for (std::size_t i = 0; i < operands.outputs.size(); ++i) {
    fmt::format_to(out, "{}", i == 0 ? " " : ", ");
    if (pipeline.after) print_result(out, *pipeline.after, i);
    print_buffer(out, plan, operands.outputs[i]);
    if (pipeline.after && i < pipeline.after->plain_outputs())
      print_strides(out, pipeline.after->outputs[i], pipeline.after->extents);
  }
}

void print_launch(Output out, const Plan& plan, const Sequence& sequence, Operands operands) {
  for (std::size_t i = 0; i < sequence.loops.size(); ++i) {
    const Loop& loop = sequence.loops[i];
    if (i > 0) fmt::format_to(out, "\n  {} ", sequence.apart ? "with" : "then");
    print_launch(
        out, plan, loop,
        {operands.inputs.first(loop.inputs.size()), operands.outputs.first(loop.outputs.size())});
    operands = {operands.inputs.subspan(loop.inputs.size()),
                operands.outputs.subspan(loop.outputs.size())};
  }
}

}  // namespace

std::string summary(const Kernel& kernel) {
  return std::visit([](const auto& alternative) { return summary_of(alternative); }, kernel);
}

std::vector<std::string_view> operations_of(const Step& step, const ir::Graph& graph) {
  std::vector<std::string_view> operations;
  for (const std::uint32_t node : step.nodes) add_once(operations, graph.nodes[node].origin);
  return operations;
}

std::string print(const Plan& plan, const ir::Graph& graph) {
  std::string text;
  const Output out(text);
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    const Step& step = plan.steps[s];
    fmt::format_to(out, "launch {}: ", s);
    const Operands operands{step.inputs, step.outputs};
    std::visit([&](const auto& kernel) { print_launch(out, plan, kernel, operands); }, step.kernel);
    if (const auto operations = operations_of(step, graph); !operations.empty())
      fmt::format_to(out, "  # {}", fmt::join(operations, ", "));
    text += '\n';
  }
  fmt::format_to(out, "{} launches, {} bytes of temporaries, {} bytes wanted\n", plan.steps.size(),
                 plan.arena_bytes, plan.wanted_bytes);
  return text;
}

}  // namespace evergpu::compiler
