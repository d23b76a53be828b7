#include "compiler/plan_executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ir/evaluate.h"
#include "support/philox.h"

namespace evergpu::compiler {

namespace {

/// Calls `visit(number, index)` for every index in `extents`, row-major.
template <typename Visit>
void for_each_index(const ir::Dims& extents, Visit&& visit) {
  const std::int64_t count = ir::Shape(extents).elements();
  ir::Dims index(extents.size());
  for (std::int64_t i = 0; i < count; ++i) {
    visit(static_cast<std::size_t>(i), index);
    for (std::size_t axis = extents.size(); axis-- > 0;) {
      if (++index[axis] < extents[axis]) break;
      index[axis] = 0;
    }
  }
}

class Executor {
 public:
  Executor(const Plan& plan, const ir::Graph& graph, std::span<const ir::TensorView> leaves)
      : plan_(plan), graph_(graph), arena_(plan.arena_bytes, std::byte{0xff}) {
    std::vector<const std::byte*> leaf_data(graph.nodes.size());
    std::size_t leaf = 0;
    for (std::size_t n = 0; n < graph.nodes.size(); ++n)
      if (graph.nodes[n].leaf) leaf_data[n] = leaves[leaf++].data;
    blocks_.resize(plan.buffers.size());
    for (std::size_t b = 0; b < plan.buffers.size(); ++b) {
      const Buffer& buffer = plan.buffers[b];
      if (buffer.place == Buffer::Place::leaf)
        blocks_[b].assign(leaf_data[buffer.node], leaf_data[buffer.node] + buffer.bytes);
      else if (buffer.takes_over != Buffer::none)
        expect(plan.buffers[buffer.takes_over].place == Buffer::Place::leaf &&
                   plan.buffers[buffer.takes_over].bytes == buffer.bytes,
               "what is taken over");
      else if (buffer.place == Buffer::Place::wanted)
        blocks_[b].assign(buffer.bytes, std::byte{0xff});
      else
        expect(buffer.offset + buffer.bytes <= plan.arena_bytes, "a temporary leaves the arena");
    }
  }

  Execution run() {
    for (step_ = 0; step_ < plan_.steps.size(); ++step_) {
      const Step& step = plan_.steps[step_];
      for (std::uint32_t output : step.outputs)
        expect(plan_.buffers[output].place != Buffer::Place::leaf, "a leaf is written");
      if (!execution_.complaint.empty()) return std::move(execution_);
      std::visit([&](const auto& kernel) { launch(kernel, step); }, step.kernel);
    }
    std::vector<Wanted> wanted = plan_.wanted;
    std::sort(wanted.begin(), wanted.end(),
              [](const Wanted& a, const Wanted& b) { return a.node < b.node; });
    std::size_t next = 0;
    for (std::uint32_t n = 0; n < graph_.nodes.size(); ++n) {
      const ir::GraphNode& node = graph_.nodes[n];
      if (!node.wanted) continue;
      ir::Tensor tensor(node.operation.dtype, node.operation.shape);
      expect(next < wanted.size() && wanted[next].node == n, "a wanted node is missing");
      if (!execution_.complaint.empty()) break;
      const std::uint32_t buffer = wanted[next++].buffer;
      expect(plan_.buffers[buffer].place != Buffer::Place::temporary, "a wanted node is temporary");
      expect(plan_.buffers[buffer].bytes == tensor.bytes().size(), "a wanted node's bytes");
      if (!execution_.complaint.empty()) break;
      std::copy_n(bytes_of(buffer), tensor.bytes().size(), tensor.bytes().data());
      execution_.wanted.push_back(std::move(tensor));
    }
    expect(next == wanted.size(), "the number of wanted nodes");
    return std::move(execution_);
  }

 private:
  void expect(bool holds, std::string_view what) {
    if (!holds && execution_.complaint.empty())
      execution_.complaint = fmt::format("launch {}: {}", step_, what);
  }

  std::byte* bytes_of(std::uint32_t buffer) {
    const Buffer& b = plan_.buffers[buffer];
    if (b.takes_over != Buffer::none) return bytes_of(b.takes_over);  // wherever it may
    return b.place == Buffer::Place::temporary ? arena_.data() + b.offset : blocks_[buffer].data();
  }

  bool overlap(std::uint32_t a, std::uint32_t b) {
    const std::size_t size_a = plan_.buffers[a].bytes;
    const std::size_t size_b = plan_.buffers[b].bytes;
    return size_a > 0 && size_b > 0 && bytes_of(a) < bytes_of(b) + size_b &&
           bytes_of(b) < bytes_of(a) + size_a;
  }

  std::byte* element(const LoopOperand& operand, std::uint32_t buffer, const ir::Dims& index) {
    std::int64_t at = operand.offset;
    for (std::size_t axis = 0; axis < index.size(); ++axis)
      at += index[axis] * operand.strides[axis];
    const auto size = static_cast<std::int64_t>(ir::size_of(operand.dtype));
    const auto bytes = static_cast<std::int64_t>(plan_.buffers[buffer].bytes);
    const bool inside = at >= 0 && (at + 1) * size <= bytes;
    expect(inside, "an element outside of its array");
    return bytes_of(buffer) + (inside ? at * size : 0);
  }

  /// What a Loop reads: buffers, or values that are no array.
  struct LoopInputs {
    std::vector<std::uint32_t> buffers;
    std::vector<const ir::Tensor*> values = std::vector<const ir::Tensor*>(max_loop_inputs);
  };

  ir::Tensor run_instruction(const Instruction& instruction, const Loop& loop,
                             const LoopInputs& inputs, const std::vector<ir::Tensor>& registers) {
    const ir::Shape shape(loop.extents);
    ir::Tensor result(instruction.dtype, shape);
    const std::size_t size = ir::size_of(instruction.dtype);
    ir::Operation operation{ir::Kind::unary, instruction.dtype, shape, {}};
    std::size_t operands = 1;
    switch (instruction.op) {
      case Instruction::Op::load:
        expect(loop.inputs.at(instruction.a).dtype == instruction.dtype, "the dtype of a load");
        if (const ir::Tensor* value = inputs.values.at(instruction.a)) {
          expect(loop.inputs[instruction.a].strides == shape.strides() &&
                     value->dtype() == instruction.dtype,
                 "what a Loop reads of a window");
          std::ranges::copy(value->bytes(), result.bytes().begin());
          return result;
        }
        for_each_index(loop.extents, [&](std::size_t i, const ir::Dims& index) {
          const std::byte* from =
              element(loop.inputs[instruction.a], inputs.buffers[instruction.a], index);
          std::copy_n(from, size, result.bytes().data() + i * size);
        });
        return result;
      case Instruction::Op::constant:
        for (std::size_t i = 0; i < result.bytes().size(); ++i)
          result.bytes()[i] = static_cast<std::byte>(instruction.bits >> (8 * (i % size)));
        return result;
      case Instruction::Op::index:
        operation.kind = ir::Kind::iota;
        operation.attributes = ir::Axis{instruction.a};
        operands = 0;
        break;
      case Instruction::Op::philox:
        expect(has_stream(instruction, loop), "a random stream that moves");
        testing::draw_words(instruction, registers, result);
        return result;
      case Instruction::Op::unary:
        operation.attributes = instruction.unary_op;
        break;
      case Instruction::Op::binary:
        operation.kind = ir::Kind::binary;
        operation.attributes = instruction.binary_op;
        operands = 2;
        break;
      case Instruction::Op::select:
        operation.kind = ir::Kind::select;
        operands = 3;
        break;
      case Instruction::Op::cast:
        operation.kind = ir::Kind::cast;
        break;
      case Instruction::Op::bitcast:
        operation.kind = ir::Kind::bitcast;
        break;
    }
    std::vector<ir::TensorView> views;
    for (std::uint16_t r : {instruction.a, instruction.b, instruction.c})
      if (views.size() < operands) views.push_back(registers.at(r).view());
    ir::evaluate(operation, views, result.mutable_view());
    return result;
  }

  static bool has_stream(const Instruction& philox, const Loop& loop) {
    return std::ranges::all_of(std::array{philox.a, philox.b, philox.c}, [&](std::uint16_t r) {
      const Instruction& word = loop.program.at(r);
      if (word.op == Instruction::Op::constant) return true;
      if (word.op != Instruction::Op::load) return false;
      return std::ranges::all_of(loop.inputs.at(word.a).strides, [](auto s) { return s == 0; });
    });
  }

  /// The loop's inputs are the step's from `first` on.
  void expect_places(const Loop& loop, const Step& step, std::size_t first) {
    for (std::size_t o = 0; o < step.outputs.size(); ++o)
      for (std::size_t i = 0; first + i < step.inputs.size(); ++i)
        if (overlap(step.outputs[o], step.inputs[first + i]))
          expect(bytes_of(step.outputs[o]) == bytes_of(step.inputs[first + i]) &&
                     loop.outputs[o].strides == loop.inputs[i].strides &&
                     loop.outputs[o].offset == loop.inputs[i].offset &&
                     ir::size_of(loop.outputs[o].dtype) == ir::size_of(loop.inputs[i].dtype),
                 "an output overlaps an input");
  }

  void launch(const Loop& loop, const Step& step) {
    expect_places(loop, step, 0);
    store(loop, step, run_program(loop, {step.inputs}));
  }

  std::vector<ir::Tensor> run_program(const Loop& loop, const LoopInputs& inputs) {
    expect(loop.inputs.size() <= max_loop_inputs, "too many inputs");
    expect(loop.inputs.size() == inputs.buffers.size(), "the number of inputs");
    for (std::int64_t extent : loop.extents) expect(extent > 1, "an axis without extent");
    check_merged(loop);
    std::vector<ir::Tensor> registers;
    for (const Instruction& instruction : loop.program)
      registers.push_back(run_instruction(instruction, loop, inputs, registers));
    return registers;
  }

  void store(const Loop& loop, const Step& step, const std::vector<ir::Tensor>& registers) {
    expect(loop.outputs.size() == step.outputs.size(), "the number of outputs");
    for (std::size_t o = 0; o < step.outputs.size(); ++o) {
      if (o >= loop.plain_outputs()) {
        reduce(loop, step, o, registers.at(loop.results.at(o)));
        continue;
      }
      const ir::Tensor& value = registers.at(loop.results.at(o));
      expect(value.dtype() == loop.outputs[o].dtype, "the dtype of an output");
      const std::size_t size = ir::size_of(value.dtype());
      for_each_index(loop.extents, [&](std::size_t i, const ir::Dims& index) {
        std::copy_n(value.bytes().data() + i * size, size,
                    element(loop.outputs[o], step.outputs[o], index));
      });
    }
  }

  /// Loop after loop. An output may lie where an input did that no later loop reads. Those that are
  /// apart are run backwards, and write nothing that another has.
  void launch(const Sequence& sequence, const Step& step) {
    expect(sequence.loops.size() > 1, "a sequence of one loop");
    std::vector<Step> parts;
    auto input = step.inputs.begin();
    auto output = step.outputs.begin();
    for (const Loop& loop : sequence.loops) {
      Step& part = parts.emplace_back();
      const auto inputs_end = input + static_cast<std::ptrdiff_t>(loop.inputs.size());
      const auto outputs_end = output + static_cast<std::ptrdiff_t>(loop.outputs.size());
      part.inputs.assign(input, inputs_end);
      part.outputs.assign(output, outputs_end);
      input = inputs_end;
      output = outputs_end;
    }
    expect(input == step.inputs.end() && output == step.outputs.end(), "the operands' number");
    if (sequence.apart) return launch_apart(sequence, parts);
    // Buffers whose bytes are not theirs any more, once an output lies there.
    std::vector<std::uint32_t> gone;
    for (std::size_t i = 0; i < parts.size() && execution_.complaint.empty(); ++i) {
      for (std::uint32_t read : parts[i].inputs)
        expect(std::find(gone.begin(), gone.end(), read) == gone.end(),
               "a loop's input was written over");
      launch(sequence.loops[i], parts[i]);
      for (std::uint32_t written : parts[i].outputs)
        for (const auto* buffers : {&step.inputs, &step.outputs})
          for (std::uint32_t other : *buffers)
            if (other != written && overlap(written, other) && !is_output(parts, i + 1, other))
              gone.push_back(other);
    }
  }

  void launch_apart(const Sequence& sequence, const std::vector<Step>& parts) {
    for (std::size_t i = parts.size(); i-- > 0 && execution_.complaint.empty();) {
      expect(same_program(sequence.loops[i], sequence.loops[0]), "loops apart of two programs");
      for (std::size_t j = 0; j < parts.size(); ++j)
        for (const auto* buffers : {&parts[j].inputs, &parts[j].outputs})
          for (std::uint32_t other : *buffers)
            for (std::uint32_t written : parts[i].outputs)
              expect(i == j || other == written || !overlap(written, other),
                     "a loop writes what one apart from it has");
      launch(sequence.loops[i], parts[i]);
    }
  }

  /// Whether the parts from `first` on write a buffer.
  static bool is_output(const std::vector<Step>& parts, std::size_t first, std::uint32_t buffer) {
    return std::any_of(
        parts.begin() + static_cast<std::ptrdiff_t>(first), parts.end(), [&](const Step& part) {
          return std::find(part.outputs.begin(), part.outputs.end(), buffer) != part.outputs.end();
        });
  }

  void reduce(const Loop& loop, const Step& step, std::size_t o, const ir::Tensor& value) {
    const LoopOperand& output = loop.outputs[o];
    ir::Reduce attributes{loop.reductions.at(o - loop.plain_outputs()), {}};
    ir::Dims kept;
    for (std::size_t axis = 0; axis < loop.extents.size(); ++axis) {
      expect((output.strides[axis] == 0) == (loop.outputs.back().strides[axis] == 0),
             "reductions over different axes");
      if (output.strides[axis] == 0)
        attributes.axes.push_back(static_cast<std::int64_t>(axis));
      else
        kept.push_back(loop.extents[axis]);
    }
    expect(!attributes.axes.empty(), "a reduction over nothing");
    const ir::Shape shape(kept);
    ir::Tensor result(output.dtype, shape);
    const ir::TensorView view = value.view();
    ir::evaluate({ir::Kind::reduce, output.dtype, shape, attributes}, {&view, 1},
                 result.mutable_view());
    expect(result.bytes().size() == plan_.buffers[step.outputs[o]].bytes,
           "the size of a reduction");
    const auto size = static_cast<std::size_t>(ir::size_of(output.dtype));
    for_each_index(loop.extents, [&](std::size_t, const ir::Dims& index) {
      std::byte* const to = element(output, step.outputs[o], index);
      const auto at = static_cast<std::size_t>(to - bytes_of(step.outputs[o]));
      if (at + size <= result.bytes().size()) std::copy_n(result.bytes().data() + at, size, to);
    });
  }

  /// No two neighbouring axes could be one.
  void check_merged(const Loop& loop) {
    std::vector<bool> index_read(loop.extents.size());
    for (const Instruction& instruction : loop.program)
      if (instruction.op == Instruction::Op::index) index_read.at(instruction.a) = true;
    for (std::size_t axis = 1; axis < loop.extents.size(); ++axis) {
      bool apart = index_read[axis - 1] || index_read[axis];
      for (const auto* operands : {&loop.inputs, &loop.outputs})
        for (const LoopOperand& operand : *operands)
          apart |= operand.strides[axis - 1] != operand.strides[axis] * loop.extents[axis];
      expect(apart, "axes that could be one");
    }
  }

  /// The elements of a strided operand, one after the other.
  ir::Tensor gathered(const Library& library, std::size_t i, std::uint32_t buffer) {
    const Layout& layout = library.operand_layouts[i];
    const LoopOperand operand{library.operand_dtypes[i], layout.strides, layout.offset};
    ir::Tensor result(operand.dtype, library.operand_shapes[i]);
    const auto size = static_cast<std::size_t>(ir::size_of(operand.dtype));
    for_each_index(result.shape().extents(), [&](std::size_t at, const ir::Dims& index) {
      std::copy_n(element(operand, buffer, index), size, result.bytes().data() + at * size);
    });
    return result;
  }

  void check_layouts(const Library& library) {
    if (library.operand_layouts.empty()) return;
    expect(library.operation.kind == ir::Kind::matmul, "layouts of what is no matrix product");
    expect(library.operand_layouts.size() == library.operand_shapes.size(), "one layout each");
    for (std::size_t i = 0; i < library.operand_layouts.size(); ++i) {
      const ir::Dims& strides = library.operand_layouts[i].strides;
      const ir::Shape& shape = library.operand_shapes[i];
      const std::int64_t down = strides[strides.size() - 2];
      const std::int64_t across = strides.back();
      for (std::int64_t stride : strides) expect(stride >= 0, "a negative stride");
      expect((across == 1 && down >= shape[shape.rank() - 1]) ||
                 (down == 1 && across >= shape[shape.rank() - 2]),
             "the strides of a matrix");
    }
  }

  void launch(const Library& library, const Step& step) {
    std::vector<ir::TensorView> operands;
    std::vector<ir::Tensor> copies;
    copies.reserve(step.inputs.size());
    expect(library.operand_shapes.size() == step.inputs.size(), "the number of operands");
    check_layouts(library);
    for (std::size_t i = 0; i < step.inputs.size(); ++i) {
      if (!library.operand_layouts.empty()) {
        copies.push_back(gathered(library, i, step.inputs[i]));
        operands.push_back(copies.back().view());
      } else {
        operands.push_back(
            {library.operand_dtypes[i], library.operand_shapes[i], bytes_of(step.inputs[i])});
        expect(ir::Tensor(operands[i].dtype, operands[i].shape).bytes().size() ==
                   plan_.buffers[step.inputs[i]].bytes,
               "the size of an operand");
      }
      expect(!overlap(step.outputs[0], step.inputs[i]), "a library result overlaps an operand");
    }
    expect(library.operation.bytes() == plan_.buffers[step.outputs[0]].bytes,
           "the size of a result");
    ir::evaluate(library.operation, operands,
                 {library.operation.dtype, library.operation.shape, bytes_of(step.outputs[0])});
  }

  void launch(const Pipeline& pipeline, const Step& step) {
    const ir::Operation& operation = pipeline.library.operation;
    const bool contracts = is_contraction(operation);
    expect(contracts || is_row_wise(operation), "a window that is not row by row");
    const std::size_t first = pipeline.first_arrays();
    const std::size_t others = first + pipeline.other_arrays();
    expect(others <= step.inputs.size(), "the number of arrays");
    if (contracts)
      expect(!pipeline.before && pipeline.after && pipeline.after->reductions.empty() &&
                 pipeline.made == 0 && pipeline.given == Pipeline::none,
             "the Loops of a contraction");
    if (!execution_.complaint.empty()) return;
    for (std::uint32_t output : step.outputs)
      for (std::size_t i = 0; i < step.inputs.size(); ++i)
        if (!contracts || i < others)
          expect(!overlap(output, step.inputs[i]), "a pipeline's result overlaps an operand");
    if (contracts) {
      Loop loop = *pipeline.after;
      loop.inputs.erase(loop.inputs.begin());
      expect_places(loop, step, others);
      check_layouts(pipeline.library);
    }

    std::vector<ir::TensorView> operands;
    std::vector<ir::Tensor> copies;
    copies.reserve(pipeline.library.operand_shapes.size());
    for (std::size_t i = 0; i < pipeline.library.operand_shapes.size(); ++i) {
      const bool is_array = i > 0 || !pipeline.before;
      if (!pipeline.library.operand_layouts.empty()) {
        copies.push_back(gathered(pipeline.library, i, step.inputs[i]));
        operands.push_back(copies.back().view());
        continue;
      }
      operands.push_back({pipeline.library.operand_dtypes[i], pipeline.library.operand_shapes[i],
                          is_array ? bytes_of(step.inputs[i == 0 ? 0 : first + i - 1]) : nullptr});
    }
    std::vector<ir::Tensor> registers;
    if (pipeline.before) {
      const auto begin = step.inputs.begin();
      expect(pipeline.before->outputs.empty() && pipeline.before->results.size() == 1,
             "what a Loop before a window gives");
      registers =
          run_program(*pipeline.before, {{begin, begin + static_cast<std::ptrdiff_t>(first)}});
      const ir::Tensor& given = registers.at(pipeline.before->results[0]);
      expect(given.dtype() == operands[0].dtype &&
                 given.shape().elements() == operands[0].shape.elements(),
             "a window's first operand");
      operands[0].data = given.bytes().data();
    }
    ir::Tensor made(operation.dtype, operation.shape);
    ir::evaluate(operation, operands, made.mutable_view());
    if (!pipeline.after) {
      expect(others == step.inputs.size(), "the number of arrays");
      expect(made.bytes().size() == plan_.buffers[step.outputs[0]].bytes, "the size of a result");
      std::ranges::copy(made.bytes(), bytes_of(step.outputs[0]));
      return;
    }
    LoopInputs inputs;
    std::size_t next = others;
    for (std::size_t i = 0; i < pipeline.after->inputs.size(); ++i) {
      if (i == pipeline.made) inputs.values[i] = &made;
      if (i == pipeline.given) inputs.values[i] = &registers.at(pipeline.before->results[0]);
      inputs.buffers.push_back(pipeline.is_array(i) ? step.inputs.at(next++) : Buffer::none);
    }
    expect(next == step.inputs.size(), "the number of arrays");
    for (std::size_t o = 0; o < pipeline.after->plain_outputs() && !contracts; ++o)
      expect(pipeline.after->outputs[o].strides == ir::Shape(pipeline.after->extents).strides() &&
                 pipeline.after->outputs[o].offset == 0,
             "an output that is not dense");
    store(*pipeline.after, step, run_program(*pipeline.after, inputs));
  }

  const Plan& plan_;
  const ir::Graph& graph_;
  std::vector<std::byte> arena_;
  std::vector<std::vector<std::byte>> blocks_;  // of leaves and wanted buffers
  std::size_t step_ = 0;
  Execution execution_;
};

}  // namespace

Execution execute(const Plan& plan, const ir::Graph& graph,
                  std::span<const ir::TensorView> leaves) {
  return Executor(plan, graph, leaves).run();
}

}  // namespace evergpu::compiler
