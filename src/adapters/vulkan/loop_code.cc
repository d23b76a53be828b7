#include "adapters/vulkan/loop_code.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/vulkan/philox.h"
#include "ir/shape.h"

namespace evergpu::adapters::vulkan {
namespace {

using compiler::Instruction;
using compiler::Loop;
using compiler::LoopOperand;
using Op = Instruction::Op;

// Positions are counted in 32 bits.
constexpr std::int64_t most_elements = std::int64_t{1} << 31;

// The lowest and the highest position that the operand's strides reach, its offset not counted.
struct Reach {
  std::int64_t low = 0;
  std::int64_t high = 0;
};

Reach reach_of(const Loop& loop, const LoopOperand& operand) {
  Reach reach;
  for (std::size_t axis = 0; axis < loop.extents.size(); ++axis) {
    const std::int64_t far =
        operand.strides[axis] * std::max<std::int64_t>(loop.extents[axis] - 1, 0);
    (far < 0 ? reach.low : reach.high) += far;
  }
  return reach;
}

Status too_large() {
  return resource_exhausted(
      "an array of more than 2^31 elements is more than the Vulkan adapter computes with; try a "
      "smaller batch");
}

std::uint32_t constant_words(const Loop& loop) {
  return 2 * static_cast<std::uint32_t>(
                 std::count_if(loop.program.begin(), loop.program.end(),
                               [](const Instruction& i) { return i.op == Op::constant; }));
}

}  // namespace

Status check_loop(const Loop& loop, const Capabilities& can) {
  if (loop.inputs.size() + loop.outputs.size() + 1 > can.max_buffers) {
    return resource_exhausted(fmt::format("a fused kernel over {} arrays: this GPU takes {}",
                                          loop.inputs.size() + loop.outputs.size(),
                                          can.max_buffers - 1));
  }
  if (ir::Shape(loop.extents).elements() >= most_elements) return too_large();
  for (const auto* operands : {&loop.inputs, &loop.outputs}) {
    for (const LoopOperand& operand : *operands) {
      EVERGPU_RETURN_IF_ERROR(check_dtype(operand.dtype, can));
      const Reach reach = reach_of(loop, operand);
      if (reach.high - reach.low >= most_elements) return too_large();
    }
  }
  for (const Instruction& instruction : loop.program)
    EVERGPU_RETURN_IF_ERROR(check_dtype(instruction.dtype, can));
  return {};
}

Array LoopModule::shared_array(std::size_t number, Type element, std::uint32_t count) {
  const auto [entry, fresh] = shared_.try_emplace({number, element});
  if (fresh) entry->second = spirv.shared_array(element, count);
  return entry->second;
}

LoopCode::LoopCode(const Loop& loop, const Capabilities& can, Binding binding)
    : own_(std::make_unique<LoopModule>()),
      shared_(*own_),
      module_(shared_.spirv),
      loop_(loop),
      binding_(binding),
      first_array_(0),
      first_word_(binding == Binding::addresses ? 2 * operand_count() : 0),
      fixed_(loop.inputs.size()) {
  if (binding == Binding::descriptors)
    bind_descriptors(can, false);
  else
    bind_addresses(can);
  preserve_values(can);
}

LoopCode::LoopCode(const Loop& loop, const Capabilities& can, LoopModule& shared)
    : shared_(shared),
      module_(shared.spirv),
      loop_(loop),
      binding_(Binding::descriptors),
      first_array_(shared.operands),
      first_word_(shared.words),
      fixed_(loop.inputs.size()) {
  bind_descriptors(can, true);
  preserve_values(can);
  shared_.operands += operand_count();
  shared_.words += argument_words(loop);
}

LoopCode::LoopCode(const Loop& loop, const Capabilities& can, LoopModule& shared,
                   std::uint32_t count, const Value& which)
    : shared_(shared),
      module_(shared.spirv),
      loop_(loop),
      binding_(Binding::addresses),
      first_array_(0),
      first_word_(2 * operand_count() * count),
      addresses_beyond_(which * (2.0 * operand_count())),
      arguments_beyond_(which * argument_words(loop)),
      fixed_(loop.inputs.size()) {
  bind_addresses(can);
  preserve_values(can);
}

LoopCode::LoopCode(const Loop& loop, const Capabilities& can, LoopModule& shared, Binding binding,
                   const Made& made)
    : shared_(shared),
      module_(shared.spirv),
      loop_(loop),
      binding_(binding),
      made_(made.input),
      first_array_(shared.operands),
      first_word_(shared.words + (binding == Binding::addresses
                                      ? 2 * (shared.operands + operand_count() - 1)
                                      : 0)),
      fixed_(loop.inputs.size()) {
  fixed_[made.input] = made.element;
  if (binding == Binding::descriptors)
    bind_descriptors(can, false);
  else
    bind_addresses(can);
  preserve_values(can);
}

void LoopCode::preserve_values(const Capabilities& can) {
  if (can.preserves_nan_f32) module_.preserve_special_values(32);
  if (can.preserves_denormals_f32) module_.preserve_denormals(32);
  const bool has_f64 = std::any_of(loop_.program.begin(), loop_.program.end(),
                                   [](const auto& i) { return i.dtype == ir::DType::f64; });
  if (has_f64 && can.preserves_nan_f64) module_.preserve_special_values(64);
  if (has_f64 && can.preserves_denormals_f64) module_.preserve_denormals(64);
}

void LoopCode::bind_descriptors(const Capabilities& can, bool coherent) {
  std::uint32_t binding = 1 + first_array_;
  const auto bind = [&](const LoopOperand& operand, bool writable) {
    return module_.storage_buffer(binding++, storage_type(operand.dtype, can), writable, coherent);
  };
  for (std::size_t i = 0; i < loop_.inputs.size(); ++i)
    inputs_.push_back(i == made_ ? Array() : bind(loop_.inputs[i], false));
  for (const LoopOperand& output : loop_.outputs) outputs_.push_back(bind(output, true));
}

// An operand's array then begins at its offset.
void LoopCode::bind_addresses(const Capabilities& can) {
  std::uint32_t array = first_array_;
  std::uint32_t number = 0;
  const auto bind = [&](const LoopOperand& operand) {
    const Type element = storage_type(operand.dtype, can);
    const Value low = read_word(2 * array, addresses_beyond_);
    const Value high = read_word(2 * array + 1, addresses_beyond_);
    ++array;
    const Value offset = convert(read_argument(number++), Type::u64);
    const auto bytes = width_of(element) / 8;
    const Value begin = (convert(low, Type::u64) | (convert(high, Type::u64) << 32)) +
                        offset * static_cast<double>(bytes);
    return module_.array_at(begin.id, element);
  };
  for (std::size_t i = 0; i < loop_.inputs.size(); ++i) {
    if (i != made_) {
      inputs_.push_back(bind(loop_.inputs[i]));
      continue;
    }
    inputs_.emplace_back();
    ++number;
  }
  for (const LoopOperand& output : loop_.outputs) outputs_.push_back(bind(output));
}

std::uint32_t LoopCode::operand_count() const {
  return static_cast<std::uint32_t>(loop_.inputs.size() + loop_.outputs.size());
}

Value LoopCode::read_word(std::uint32_t word, const std::optional<Value>& beyond) {
  Value index = constant_u32(module_, word);
  if (beyond) index = *beyond + index;
  return {&module_, module_.load(shared_.arguments, index.id), Type::u32};
}

Value LoopCode::read_argument(std::uint32_t word) {
  return read_word(first_word_ + word, arguments_beyond_);
}

Value LoopCode::argument(std::uint32_t index) {
  return read_argument(argument_words(loop_) + index);
}

Value LoopCode::group() { return group_number(module_); }

Value LoopCode::lane() {
  return {&module_, module_.builtin(spv::BuiltIn::local_index, 0), Type::u32};
}

Value LoopCode::subgroup_lane() {
  return {&module_, module_.builtin(spv::BuiltIn::subgroup_local_invocation_id, 0), Type::u32};
}

std::vector<Value> LoopCode::split(const Value& number, std::span<const std::int64_t> extents) {
  std::vector<Value> index(extents.size());
  Value rest = number;
  for (std::size_t axis = extents.size(); axis-- > 0;) {
    const Value extent = constant_u32(module_, static_cast<std::uint32_t>(extents[axis]));
    if (axis == 0) {
      index[axis] = rest;
    } else {
      const Value above = rest / extent;
      index[axis] = rest - above * extent;
      rest = above;
    }
  }
  return index;
}

Value LoopCode::position(std::size_t operand, const LoopOperand& of,
                         const std::vector<Value>& index) {
  Value at = binding_ == Binding::addresses ? constant_u32(module_, 0)
                                            : read_argument(static_cast<std::uint32_t>(operand));
  for (std::size_t axis = 0; axis < index.size(); ++axis) {
    if (of.strides[axis] == 0) continue;
    const bool unit = of.strides[axis] == 1;
    at = at + (unit ? index[axis] : index[axis] * static_cast<double>(of.strides[axis]));
  }
  return at;
}

void LoopCode::load_fixed(std::span<const std::size_t> axes, const std::vector<Value>& index) {
  for (std::size_t i = 0; i < loop_.inputs.size(); ++i) {
    const LoopOperand& input = loop_.inputs[i];
    const bool moves = std::any_of(axes.begin(), axes.end(),
                                   [&](std::size_t axis) { return input.strides[axis] != 0; });
    if (!moves) fixed_[i] = load_element(inputs_[i], position(i, input, index), input.dtype);
  }
}

Element LoopCode::read_constant(std::uint32_t word, ir::DType dtype) {
  const Value low = read_argument(word);
  const Value high = read_argument(word + 1);
  if (register_type(dtype) == Type::u32) return element_of_bits(dtype, low);
  return {dtype, convert(low, Type::u64) | (convert(high, Type::u64) << 32)};
}

// Its registers are read here: they are the same at every index.
std::array<Value, 4> LoopCode::block_of(const Instruction& philox, const Value& number) {
  const auto read = [&](std::uint16_t source) {
    const Instruction& i = loop_.program[source];
    if (i.op == Op::load) {
      const Value at = position(i.a, loop_.inputs[i.a], {});
      return load_element(inputs_[i.a], at, i.dtype).bits;
    }
    const auto before = std::count_if(loop_.program.begin(), loop_.program.begin() + source,
                                      [](const auto& other) { return other.op == Op::constant; });
    return read_constant(operand_count() + 2 * static_cast<std::uint32_t>(before), i.dtype).bits;
  };
  return philox_block(read(philox.a), read(philox.b), read(philox.c), number);
}

void LoopCode::draw(const Value& block) {
  for (std::size_t i = 0; i < loop_.program.size(); ++i)
    if (loop_.program[i].op == Op::philox)
      drawn_[static_cast<std::uint16_t>(i)] = block_of(loop_.program[i], block);
}

Value LoopCode::row_major(const std::vector<Value>& index) const {
  const ir::Dims strides = ir::Shape(loop_.extents).strides();
  Value number = constant_u32(module_, 0);
  for (std::size_t axis = 0; axis < index.size(); ++axis)
    number = number + index[axis] * static_cast<double>(strides[axis]);
  return number;
}

std::vector<Element> LoopCode::run(const std::vector<Value>& index) {
  std::vector<Element> registers;
  std::uint32_t word = operand_count();
  for (const Instruction& i : loop_.program) {
    const auto reg = [&](std::uint16_t number) -> const Element& { return registers[number]; };
    const auto made = [&]() -> Element {
      switch (i.op) {
        case Op::load: {
          if (fixed_[i.a]) return *fixed_[i.a];
          const Array& array = inputs_[i.a];
          return load_element(array, position(i.a, loop_.inputs[i.a], index), i.dtype);
        }
        case Op::constant: {
          word += 2;
          return read_constant(word - 2, i.dtype);
        }
        case Op::index:
          return cast({ir::DType::u32, index[i.a]}, i.dtype);
        case Op::unary:
          return unary(i.unary_op, reg(i.a), i.dtype);
        case Op::binary:
          return binary(i.binary_op, reg(i.a), reg(i.b), i.dtype);
        case Op::select:
          return {i.dtype, select(number(reg(i.a)), reg(i.b).bits, reg(i.c).bits)};
        case Op::cast:
          return cast(reg(i.a), i.dtype);
        case Op::philox: {
          const Value number = row_major(index);
          const auto drawn = drawn_.find(static_cast<std::uint16_t>(registers.size()));
          return {i.dtype,
                  word_of_block(drawn != drawn_.end() ? drawn->second : block_of(i, number >> 2),
                                number)};
        }
        case Op::bitcast:
          break;
      }
      return element_of_bits(i.dtype, reg(i.a).bits);
    };
    registers.push_back(made());
  }
  return registers;
}

void LoopCode::store(std::size_t output, const std::vector<Value>& index, const Element& element) {
  const Value at = position(loop_.inputs.size() + output, loop_.outputs[output], index);
  store_at(output, at, element);
}

void LoopCode::store_at(std::size_t output, const Value& position, const Element& element) {
  store_element(outputs_[output], position, element);
}

bool makes_random(const Loop& loop) {
  return std::any_of(loop.program.begin(), loop.program.end(),
                     [](const Instruction& i) { return i.op == Op::philox; });
}

std::uint32_t argument_words(const Loop& loop) {
  return static_cast<std::uint32_t>(loop.inputs.size() + loop.outputs.size()) +
         constant_words(loop);
}

Value group_number(SpirvModule& module) {
  const Value x = {&module, module.builtin(spv::BuiltIn::workgroup_id, 0), Type::u32};
  const Value y = {&module, module.builtin(spv::BuiltIn::workgroup_id, 1), Type::u32};
  const Value columns = {&module, module.builtin(spv::BuiltIn::num_workgroups, 0), Type::u32};
  return y * columns + x;
}

Result<LoopLaunch> launch_of(const Loop& loop, std::span<const Region> inputs,
                             std::span<const Region> outputs, const Capabilities& can) {
  LoopLaunch launch;
  const bool reads = ir::Shape(loop.extents).elements() > 0;
  const auto add = [&](const LoopOperand& operand, Region region, BufferUse::Access access) {
    if (!reads && access == BufferUse::Access::read) {  // an empty array has no first element
      launch.buffers.push_back({{region.memory, region.offset}, 0, access});
      launch.arguments.push_back(0);
      return;
    }
    const Reach reach = reach_of(loop, operand);
    const std::size_t size = ir::size_of(operand.dtype);
    const std::size_t first = static_cast<std::size_t>(operand.offset + reach.low) * size;
    const std::size_t end = static_cast<std::size_t>(operand.offset + reach.high + 1) * size;
    const std::size_t begin = first / can.buffer_alignment * can.buffer_alignment;
    launch.buffers.push_back({{region.memory, region.offset + begin}, end - begin, access});
    launch.arguments.push_back(
        static_cast<std::uint32_t>(static_cast<std::size_t>(operand.offset) - begin / size));
  };
  for (std::size_t i = 0; i < loop.inputs.size(); ++i)
    add(loop.inputs[i], inputs[i], BufferUse::Access::read);
  for (std::size_t i = 0; i < loop.outputs.size(); ++i)
    add(loop.outputs[i], outputs[i], BufferUse::Access::write);
  for (const Instruction& instruction : loop.program) {
    if (instruction.op != Op::constant) continue;
    launch.arguments.push_back(static_cast<std::uint32_t>(instruction.bits));
    launch.arguments.push_back(static_cast<std::uint32_t>(instruction.bits >> 32));
  }
  return launch;
}

}  // namespace evergpu::adapters::vulkan
