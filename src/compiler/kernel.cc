// What kernels store; their equality and hashes by structure: one walk over the parts of a kernel
// that are not launch arguments serves both.
#include "compiler/kernel.h"

#include <algorithm>

#include "compiler/structural_words.h"

namespace evergpu::compiler {

namespace {

/// Mixes every number of a kernel that is not a launch argument into a hash.
class Hasher {
 public:
  template <typename T>
  void add(T value) {
    state_ = mix(state_, static_cast<std::uint64_t>(value));
  }
  void add(const ir::Dims& dims) {
    add(dims.size());
    for (std::int64_t dim : dims) add(dim);
  }
  void add(const ir::Shape& shape) { add(shape.extents()); }

  void add(const LoopOperand& operand) {
    add(operand.dtype);
    add(operand.strides);
  }
  void add(const Layout& layout) { add(layout.strides); }
  void add(const Instruction& instruction) {
    add(instruction.op);
    add(instruction.dtype);
    add(instruction.unary_op);
    add(instruction.binary_op);
    add(instruction.a);
    add(instruction.b);
    add(instruction.c);
  }
  template <typename T>
  void add(const std::vector<T>& list) {
    add(list.size());
    for (const T& item : list) add(item);
  }
  void add(const Loop& loop) {
    add(loop.extents);
    add(loop.inputs);
    add(loop.program);
    add(loop.outputs);
    add(loop.results);
    add(loop.reductions);
  }
  void add(const Sequence& sequence) {
    add(sequence.loops);
    add(sequence.apart);
  }
  void add(const Library& library) {
    add(library.operation.kind);
    add(library.operation.dtype);
    add(library.operation.shape);
    add(library.operation.attributes.index());
    for_each_structural_word(library.operation.attributes, [this](auto word) { add(word); });
    add(library.operand_dtypes);
    add(library.operand_shapes);
    add(library.operand_layouts);
  }

  void add(const std::optional<Loop>& loop) {
    add(loop.has_value());
    if (loop) add(*loop);
  }
  void add(const Pipeline& pipeline) {
    add(pipeline.before);
    add(pipeline.library);
    add(pipeline.after);
    add(pipeline.made);
    add(pipeline.given);
  }

  std::uint64_t result() const { return state_; }

 private:
  std::uint64_t state_ = 0;
};

bool same_structure(const LoopOperand& a, const LoopOperand& b) {
  return a.dtype == b.dtype && a.strides == b.strides;
}

bool same_structure(const Layout& a, const Layout& b) { return a.strides == b.strides; }

bool same_structure(const Instruction& a, const Instruction& b) {
  Instruction same_bits = a;
  same_bits.bits = b.bits;
  return same_bits == b;
}

template <typename T>
bool same_structure(const std::vector<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const T& x, const T& y) { return same_structure(x, y); });
}

/// Equal but for extents.
bool same_code(const Loop& a, const Loop& b) {
  return a.results == b.results && a.reductions == b.reductions &&
         same_structure(a.inputs, b.inputs) && same_structure(a.program, b.program) &&
         same_structure(a.outputs, b.outputs);
}

bool same_structure(const Loop& a, const Loop& b) {
  return a.extents == b.extents && same_code(a, b);
}

bool same_structure(const Sequence& a, const Sequence& b) {
  return a.apart == b.apart &&
         std::equal(a.loops.begin(), a.loops.end(), b.loops.begin(), b.loops.end(),
                    [](const Loop& x, const Loop& y) { return same_structure(x, y); });
}

bool same_structure(const ir::Attributes& a, const ir::Attributes& b) {
  if (a.index() != b.index()) return false;
  if (std::holds_alternative<ir::Constant>(a)) return true;
  if (const auto* slice = std::get_if<ir::Slice>(&a))
    return slice->strides == std::get<ir::Slice>(b).strides;
  return a == b;
}

bool same_structure(const Library& a, const Library& b) {
  return a.operation.kind == b.operation.kind && a.operation.dtype == b.operation.dtype &&
         a.operation.shape == b.operation.shape &&
         same_structure(a.operation.attributes, b.operation.attributes) &&
         a.operand_dtypes == b.operand_dtypes && a.operand_shapes == b.operand_shapes &&
         same_structure(a.operand_layouts, b.operand_layouts);
}

bool same_structure(const std::optional<Loop>& a, const std::optional<Loop>& b) {
  return a.has_value() == b.has_value() && (!a || same_structure(*a, *b));
}

bool same_structure(const Pipeline& a, const Pipeline& b) {
  return same_structure(a.before, b.before) && same_structure(a.library, b.library) &&
         same_structure(a.after, b.after) && a.made == b.made && a.given == b.given;
}

std::size_t bytes_stored(const Library& library) { return library.operation.bytes(); }

std::size_t bytes_stored(const Loop& loop) {
  std::size_t bytes = 0;
  for (const LoopOperand& output : loop.outputs) {
    std::size_t elements = 1;
    for (std::size_t axis = 0; axis < loop.extents.size(); ++axis)
      if (output.strides[axis] != 0) elements *= static_cast<std::size_t>(loop.extents[axis]);
    bytes += elements * ir::size_of(output.dtype);
  }
  return bytes;
}

std::size_t bytes_stored(const Pipeline& pipeline) {
  return pipeline.after ? bytes_stored(*pipeline.after) : bytes_stored(pipeline.library);
}

std::size_t bytes_stored(const Sequence& sequence) {
  std::size_t bytes = 0;
  for (const Loop& loop : sequence.loops) bytes += bytes_stored(loop);
  return bytes;
}

std::uint64_t work_of(const Loop& loop) {
  // A quarter of a block: ten rounds, of ten instructions each.
  constexpr std::uint64_t for_each_word = 25;
  std::uint64_t instructions = 0;
  for (const Instruction& instruction : loop.program)
    instructions += instruction.op == Instruction::Op::philox ? for_each_word : 1;
  return static_cast<std::uint64_t>(ir::Shape(loop.extents).elements()) * instructions;
}

std::uint64_t work_of(const Sequence& sequence) {
  std::uint64_t work = 0;
  for (const Loop& loop : sequence.loops) work += work_of(loop);
  return work;
}

std::uint64_t work_of(const Library& library) {
  const auto count = [](const ir::Shape& shape) {
    return static_cast<std::uint64_t>(shape.elements());
  };
  const ir::Shape& result = library.operation.shape;
  const std::vector<ir::Shape>& operands = library.operand_shapes;
  const auto channels_out = [](const ir::Shape& filter) {
    return static_cast<std::uint64_t>(filter[filter.rank() - 1]);
  };
  constexpr std::uint64_t for_each_element = 8;
  std::uint64_t touched = count(result);
  for (const ir::Shape& operand : operands) touched += count(operand);
  const auto is_empty = [&](const ir::Shape& shape) { return count(shape) == 0; };
  if (is_empty(result) || std::any_of(operands.begin(), operands.end(), is_empty)) return touched;
  switch (library.operation.kind) {
    case ir::Kind::matmul: {
      const bool transposed = library.operation.get<ir::MatMul>().transpose_a;
      return 2 * count(result) *
             static_cast<std::uint64_t>(operands[0][operands[0].rank() - (transposed ? 2 : 1)]);
    }
    // Each element of the convolution's output is a sum over one output channel of the filter.
    case ir::Kind::convolution:
      return 2 * count(result) * (count(operands[1]) / channels_out(operands[1]));
    case ir::Kind::convolution_input:
      return 2 * count(operands[1]) * (count(operands[0]) / channels_out(operands[0]));
    case ir::Kind::convolution_filter:
      return 2 * count(operands[1]) * (count(result) / channels_out(result));
    // For each step, each element of the state meets each of its weights.
    case ir::Kind::recurrent:
    case ir::Kind::recurrent_gradient: {
      const ir::Shape& sequence = operands[library.operation.kind == ir::Kind::recurrent ? 0 : 3];
      return for_each_element * touched +
             2 * count(operands[1]) * static_cast<std::uint64_t>(sequence[0] * sequence[1]);
    }
    default:
      return for_each_element * touched;
  }
}

std::uint64_t work_of(const Pipeline& pipeline) {
  return work_of(pipeline.library) + (pipeline.before ? work_of(*pipeline.before) : 0) +
         (pipeline.after ? work_of(*pipeline.after) : 0);
}

}  // namespace

bool is_row_wise(const ir::Operation& operation) {
  if (operation.kind != ir::Kind::window_reduce && operation.kind != ir::Kind::window_gradient)
    return false;
  if (!ir::is_float(operation.dtype) || operation.shape.elements() == 0) return false;
  const auto& window = operation.get<ir::Window>();
  const bool is_gradient = operation.kind == ir::Kind::window_gradient;
  const ir::Dims& extents = operation.shape.extents();
  for (std::size_t axis = 0; axis < window.extents.size(); ++axis)
    if (window.strides[axis] < window.extents[axis] || window.pad_low[axis] != 0 ||
        window.pad_high[axis] != 0 || (is_gradient && window.extents[axis] > extents[axis]))
      return false;
  return true;
}

bool is_contraction(const ir::Operation& operation) {
  switch (operation.kind) {
    case ir::Kind::matmul:
    case ir::Kind::convolution:
    case ir::Kind::convolution_input:
    case ir::Kind::convolution_filter:
      return ir::is_float(operation.dtype);
    default:
      return false;
  }
}

std::size_t bytes_stored(const Kernel& kernel) {
  return std::visit([](const auto& alternative) { return bytes_stored(alternative); }, kernel);
}

std::uint64_t work_of(const Kernel& kernel) {
  return std::visit([](const auto& alternative) { return work_of(alternative); }, kernel);
}

bool same_program(const Loop& a, const Loop& b) {
  return a.extents.size() == 1 && b.extents.size() == 1 && same_code(a, b);
}

bool structurally_equal(const Kernel& a, const Kernel& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&]<typename T>(const T& alternative) { return same_structure(alternative, std::get<T>(b)); },
      a);
}

std::uint64_t structure_hash(const Kernel& kernel) {
  Hasher hasher;
  hasher.add(kernel.index());
  std::visit([&](const auto& alternative) { hasher.add(alternative); }, kernel);
  return hasher.result();
}

}  // namespace evergpu::compiler
