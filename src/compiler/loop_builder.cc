#include "compiler/loop_builder.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace evergpu::compiler {

std::uint16_t LoopBuilder::read(const View& view) {
  switch (view.source) {
    case View::Source::memory:
      return load(view);
    case View::Source::index:
      return count(view);
    case View::Source::none:
      std::abort();  // a partition that forgot to store it: better no result than a wrong one
    default: {
      const std::uint16_t reg = constant(view.bits, view.dtype);
      bind(view, Binding::Place::constant, reg);
      return reg;
    }
  }
}

std::uint16_t LoopBuilder::compute(const ir::Operation& operation,
                                   const std::uint16_t (&operands)[3]) {
  Instruction instruction;
  instruction.dtype = operation.dtype;
  instruction.a = operands[0];
  instruction.b = operands[1];
  instruction.c = operands[2];
  switch (operation.kind) {
    case ir::Kind::unary:
      instruction.op = Instruction::Op::unary;
      instruction.unary_op = operation.get<ir::UnaryOp>();
      break;
    case ir::Kind::binary:
      instruction.op = Instruction::Op::binary;
      instruction.binary_op = operation.get<ir::BinaryOp>();
      break;
    case ir::Kind::select:
      instruction.op = Instruction::Op::select;
      break;
    case ir::Kind::cast:
      instruction.op = Instruction::Op::cast;
      break;
    default:
      instruction.op = Instruction::Op::bitcast;
      break;
  }
  return append(instruction);
}

std::uint16_t LoopBuilder::philox(const View& key, const View& counter) {
  Instruction instruction;
  instruction.op = Instruction::Op::philox;
  instruction.dtype = ir::DType::u32;
  instruction.a = read_everywhere(key, 0);
  instruction.b = read_everywhere(counter, 0);
  instruction.c = read_everywhere(counter, 1);
  return append(instruction);
}

/// One element of a view of at most one axis, whatever the index.
std::uint16_t LoopBuilder::read_everywhere(View view, std::int64_t element) {
  if (!view.runs.empty()) view.offset += element * view.runs[0].stride;
  view.runs.clear();
  view.elements = 1;
  view.append(ir::Shape(loop_.extents).elements(), 0);
  return read(view);
}

void LoopBuilder::store(std::uint16_t result, const View& view) {
  loop_.results.push_back(result);
  loop_.outputs.push_back({view.dtype, *view.strides_over(loop_.extents), view.offset});
}

void LoopBuilder::reduce(std::uint16_t result, ir::ReduceOp op, const View& view) {
  loop_.results.push_back(result);
  loop_.outputs.push_back({view.dtype, *view.strides_over(loop_.extents), 0});
  loop_.reductions.push_back(op);
}

LoopBuilder::Built LoopBuilder::finish() && {
  return {std::move(loop_), std::move(buffers_), std::move(bindings_)};
}

std::uint16_t LoopBuilder::append(const Instruction& instruction) {
  loop_.program.push_back(instruction);
  return static_cast<std::uint16_t>(loop_.program.size() - 1);
}

std::uint16_t LoopBuilder::constant(std::uint64_t bits, ir::DType dtype) {
  Instruction instruction;
  instruction.op = Instruction::Op::constant;
  instruction.dtype = dtype;
  instruction.bits = bits;
  return append(instruction);
}

std::uint16_t LoopBuilder::index(std::size_t axis, ir::DType dtype) {
  Instruction instruction;
  instruction.op = Instruction::Op::index;
  instruction.dtype = dtype;
  instruction.a = static_cast<std::uint16_t>(axis);
  return append(instruction);
}

std::uint16_t LoopBuilder::load(const View& view) {
  LoopOperand operand{view.dtype, *view.strides_over(loop_.extents), view.offset};
  // Views that say the same are one input. Slices stay apart: whether two coincide is not
  // structure.
  for (std::size_t i = 0; i < loop_.inputs.size() && !view.sliced; ++i)
    if (buffers_[i] == view.buffer && !loaded_[i].sliced && loop_.inputs[i] == operand)
      return loaded_[i].reg;
  Instruction instruction;
  instruction.op = Instruction::Op::load;
  instruction.dtype = view.dtype;
  instruction.a = static_cast<std::uint16_t>(loop_.inputs.size());
  bind(view, Binding::Place::input, instruction.a);
  loop_.inputs.push_back(std::move(operand));
  buffers_.push_back(view.buffer);
  const std::uint16_t reg = append(instruction);
  loaded_.push_back({reg, view.sliced});
  return reg;
}

void LoopBuilder::bind(const View& view, Binding::Place place, std::size_t index) {
  if (view.argument == View::no_argument) return;
  const std::size_t size = view.source == View::Source::constant ? 1 : ir::size_of(view.dtype);
  bindings_.push_back(
      {place, static_cast<std::uint8_t>(size), static_cast<std::uint16_t>(index), view.argument});
}

/// The number of the source's element, from the loop's indices.
std::uint16_t LoopBuilder::count(const View& view) {
  const ir::Dims strides = *view.strides_over(loop_.extents);
  const auto used =
      std::count_if(strides.begin(), strides.end(), [](std::int64_t s) { return s != 0; });
  const auto* const unit = std::find(strides.begin(), strides.end(), 1);
  if (used == 1 && unit != strides.end() && !view.sliced)
    return index(static_cast<std::size_t>(unit - strides.begin()), view.dtype);

  constexpr ir::DType i64 = ir::DType::i64;
  const auto binary = [&](ir::BinaryOp op, std::uint16_t a, std::uint16_t b) {
    return compute({ir::Kind::binary, i64, {}, op}, {a, b, 0});
  };
  std::uint16_t sum = constant(static_cast<std::uint64_t>(view.offset), i64);
  bind(view, Binding::Place::constant, sum);
  for (std::size_t axis = 0; axis < strides.size(); ++axis) {
    if (strides[axis] == 0) continue;
    const std::uint16_t at = index(axis, i64);
    const std::uint16_t stride = constant(static_cast<std::uint64_t>(strides[axis]), i64);
    sum = binary(ir::BinaryOp::add, sum, binary(ir::BinaryOp::multiply, at, stride));
  }
  return view.dtype == i64 ? sum : compute({ir::Kind::cast, view.dtype, {}, {}}, {sum, 0, 0});
}

}  // namespace evergpu::compiler
