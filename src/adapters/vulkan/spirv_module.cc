#include "adapters/vulkan/spirv_module.h"

#include <utility>

namespace evergpu::adapters::vulkan {
namespace {

using spv::Op;

constexpr std::uint32_t execution_model_compute = 5;
constexpr std::uint32_t mode_local_size = 17;
constexpr std::uint32_t memory_aligned = 2;
constexpr std::uint32_t addressing_logical = 0;
constexpr std::uint32_t addressing_physical_storage_buffer_64 = 5348;
constexpr std::uint32_t memory_glsl450 = 1;
constexpr std::uint32_t mode_denorm_preserve = 4459;
constexpr std::uint32_t mode_special_values_preserve = 4461;

std::uint32_t word(auto value) { return static_cast<std::uint32_t>(value); }

}  // namespace

SpirvModule::SpirvModule() {
  need(spv::Capability::shader);
  glsl_ = reserve();
  block_ = reserve();
  append(body_, Op::label, {block_});
}

SpirvModule::SpirvModule(const SpirvTemplate& base)
    : next_id_(base.next_id),
      capabilities_(base.capabilities),
      extensions_(base.extensions),
      lists_all_variables_(true),
      glsl_(base.glsl != 0 ? base.glsl : reserve()) {
  for_each_instruction(base.declarations,
                       [&](Op op, auto instruction) { remember(op, instruction); });
  block_ = reserve();
  append(body_, Op::label, {block_});
}

/// Types and numbers of a module that exists are declared. Not arrays and structures, which have
/// decorations of their own and need not be unique.
void SpirvModule::remember(Op op, std::span<const std::uint32_t> instruction) {
  switch (op) {
    case Op::type_void:
    case Op::type_bool:
    case Op::type_int:
    case Op::type_float:
    case Op::type_vector:
    case Op::type_pointer:
    case Op::type_function: {
      Words key(instruction.begin() + 2, instruction.end());
      key.push_back(word(op));
      declared_[std::move(key)] = instruction[1];
      break;
    }
    case Op::constant:
    case Op::constant_true:
    case Op::constant_false: {
      Words key(instruction.begin() + 3, instruction.end());
      key.insert(key.begin(), instruction[1]);
      key.push_back(word(op));
      declared_[std::move(key)] = instruction[2];
      break;
    }
    default:
      break;
  }
}

Id SpirvModule::void_type() { return declare(Op::type_void, {}); }

Id SpirvModule::parameter(Type type) {
  parameter_types_.push_back(this->type(type));
  parameters_.push_back(reserve());
  return parameters_.back();
}

Id SpirvModule::declare(Op op, std::span<const std::uint32_t> operands) {
  Words key(operands.begin(), operands.end());
  key.push_back(word(op));
  const auto [entry, fresh] = declared_.try_emplace(std::move(key), 0);
  if (!fresh) return entry->second;
  const Id id = reserve();
  entry->second = id;
  Words words;
  const bool is_constant =
      op == Op::constant || op == Op::constant_true || op == Op::constant_false;
  auto operand = operands.begin();
  if (is_constant) words.push_back(*operand++);
  words.push_back(id);
  words.insert(words.end(), operand, operands.end());
  append(declarations_, op, words);
  return id;
}

Id SpirvModule::type(Type type) {
  switch (type) {
    case Type::boolean:
      return declare(Op::type_bool, {});
    case Type::f64:
      need(spv::Capability::float64);
      return declare(Op::type_float, {64});
    case Type::f32:
      return declare(Op::type_float, {32});
    case Type::u64:
      need(spv::Capability::int64);
      break;
    case Type::u16:
      need(spv::Capability::storage_16bit);
      break;
    case Type::u8:
      need(spv::Capability::storage_8bit);
      extensions_.insert("SPV_KHR_8bit_storage");
      break;
    case Type::u32:
      break;
  }
  return declare(Op::type_int, {width_of(type), 0});
}

Id SpirvModule::constant(Type type, std::uint64_t bits) {
  const Id of = this->type(type);
  if (type == Type::boolean)
    return declare(bits != 0 ? Op::constant_true : Op::constant_false, {of});
  if (width_of(type) == 64) return declare(Op::constant, {of, word(bits), word(bits >> 32)});
  return declare(Op::constant, {of, word(bits)});
}

Id SpirvModule::pointer_type(spv::Storage storage, Id to) {
  return declare(Op::type_pointer, {word(storage), to});
}

Id SpirvModule::variable(spv::Storage storage, Id type) {
  const Id pointer = pointer_type(storage, type);
  const Id id = reserve();
  append(declarations_, Op::variable, {pointer, id, word(storage)});
  if (lists_all_variables_ || storage == spv::Storage::input) interface_.push_back(id);
  return id;
}

void SpirvModule::decorate(Id target, spv::Decoration decoration,
                           std::initializer_list<std::uint32_t> operands) {
  Words words = {target, word(decoration)};
  words.insert(words.end(), operands);
  append(decorations_, Op::decorate, words);
}

Array SpirvModule::storage_buffer(std::uint32_t binding, Type element, bool writable,
                                  bool coherent) {
  Id& structure = buffer_types_[element];
  if (structure == 0) {
    const Id array = declare(Op::type_runtime_array, {type(element)});
    structure = declare(Op::type_struct, {array});
    decorate(array, spv::Decoration::array_stride, {width_of(element) / 8});
    decorate(structure, spv::Decoration::block);
    append(decorations_, Op::member_decorate, {structure, 0, word(spv::Decoration::offset), 0});
  }
  const Id id = variable(spv::Storage::storage_buffer, structure);
  decorate(id, spv::Decoration::descriptor_set, {0});
  decorate(id, spv::Decoration::binding, {binding});
  decorate(id, spv::Decoration::aliased);
  if (!writable) decorate(id, spv::Decoration::non_writable);
  if (coherent) decorate(id, spv::Decoration::coherent);
  return {id, element, spv::Storage::storage_buffer};
}

Array SpirvModule::array_at(Id address, Type element) {
  uses_addresses_ = true;
  need(spv::Capability::physical_storage_buffer_addresses);
  extensions_.insert("SPV_KHR_physical_storage_buffer");
  return {address, element, spv::Storage::physical_storage_buffer};
}

Array SpirvModule::shared_array(Type element, std::uint32_t count) {
  const Id array = declare(Op::type_array, {type(element), constant(Type::u32, count)});
  return {variable(spv::Storage::workgroup, array), element, spv::Storage::workgroup};
}

Id SpirvModule::element_pointer(const Array& array, Id index) {
  const Id pointer = pointer_type(array.storage, type(array.element));
  if (array.storage == spv::Storage::physical_storage_buffer) {
    const Id number = type(Type::u64);
    const Id bytes = emit(
        Op::i_mul, number,
        {emit(Op::s_convert, number, {index}), constant(Type::u64, width_of(array.element) / 8)});
    return emit(Op::convert_u_to_ptr, pointer, {emit(Op::i_add, number, {array.variable, bytes})});
  }
  if (array.storage == spv::Storage::workgroup)
    return emit(Op::access_chain, pointer, {array.variable, index});
  return emit(Op::access_chain, pointer, {array.variable, constant(Type::u32, 0), index});
}

Id SpirvModule::load(const Array& array, Id index) {
  const Id pointer = element_pointer(array, index);
  if (array.storage == spv::Storage::physical_storage_buffer)
    return emit(Op::load, type(array.element),
                {pointer, memory_aligned, width_of(array.element) / 8});
  return emit(Op::load, type(array.element), {pointer});
}

void SpirvModule::store(const Array& array, Id index, Id value) {
  const Id pointer = element_pointer(array, index);
  if (array.storage == spv::Storage::physical_storage_buffer)
    append(body_, Op::store, {pointer, value, memory_aligned, width_of(array.element) / 8});
  else
    append(body_, Op::store, {pointer, value});
}

void SpirvModule::update_atomically(Op op, const Array& array, Id index, Id value) {
  constexpr std::uint32_t scope_device = 1;
  constexpr std::uint32_t relaxed = 0;
  emit(op, type(array.element),
       {element_pointer(array, index), constant(Type::u32, scope_device),
        constant(Type::u32, relaxed), value});
}

void SpirvModule::barrier(bool of_buffers) {
  constexpr std::uint32_t workgroup = 2;
  constexpr std::uint32_t acquire_release = 0x8;
  constexpr std::uint32_t uniform_memory = 0x40;  // storage buffers are of it
  constexpr std::uint32_t workgroup_memory = 0x100;
  const std::uint32_t memory = workgroup_memory | (of_buffers ? uniform_memory : 0);
  emit_plain(Op::control_barrier, {constant(Type::u32, workgroup), constant(Type::u32, workgroup),
                                   constant(Type::u32, acquire_release | memory)});
}

Id SpirvModule::builtin(spv::BuiltIn builtin, std::uint32_t component) {
  const bool of_subgroup = builtin == spv::BuiltIn::subgroup_local_invocation_id;
  if (of_subgroup) need(spv::Capability::group_non_uniform);
  const bool scalar = of_subgroup || builtin == spv::BuiltIn::local_index;
  const Id number = type(Type::u32);
  const Id of = scalar ? number : declare(Op::type_vector, {number, 3});
  Id& id = builtins_[word(builtin)];
  if (id == 0) {
    id = variable(spv::Storage::input, of);
    decorate(id, spv::Decoration::built_in, {word(builtin)});
  }
  const Id value = emit(Op::load, of, {id});
  return scalar ? value : emit(Op::composite_extract, number, {value, component});
}

Id SpirvModule::shuffle_xor(Id value, std::uint32_t mask) {
  constexpr std::uint32_t scope_subgroup = 3;
  need(spv::Capability::group_non_uniform);
  need(spv::Capability::group_non_uniform_shuffle);
  return emit(Op::group_non_uniform_shuffle_xor, type(Type::u32),
              {constant(Type::u32, scope_subgroup), value, constant(Type::u32, mask)});
}

Id SpirvModule::emit(Op op, Id result_type, std::initializer_list<Id> operands) {
  const Id id = reserve();
  Words words = {result_type, id};
  words.insert(words.end(), operands);
  append(body_, op, words);
  return id;
}

Id SpirvModule::emit_exact(Op op, Id result_type, std::initializer_list<Id> operands) {
  const Id id = emit(op, result_type, operands);
  decorate(id, spv::Decoration::no_contraction);
  return id;
}

Id SpirvModule::emit_glsl(spv::Glsl instruction, Id result_type,
                          std::initializer_list<Id> operands) {
  const Id id = reserve();
  Words words = {result_type, id, glsl_, word(instruction)};
  words.insert(words.end(), operands);
  append(body_, Op::ext_inst, words);
  return id;
}

void SpirvModule::emit_plain(Op op, std::initializer_list<std::uint32_t> operands) {
  append(body_, op, operands);
}

std::pair<Id, Id> SpirvModule::multiply_extended(Id a, Id b) {
  const Id number = type(Type::u32);
  const Id pair = emit(Op::umul_extended, declare(Op::type_struct, {number, number}), {a, b});
  const Id low = emit(Op::composite_extract, number, {pair, 0});
  return {low, emit(Op::composite_extract, number, {pair, 1})};
}

void SpirvModule::begin_block(Id label) {
  append(body_, Op::label, {label});
  block_ = label;
}

std::size_t SpirvModule::emit_phi(Id result_type, Id result, Id first, Id first_block,
                                  Id second_block) {
  append(body_, Op::phi, {result_type, result, first, first_block, 0, second_block});
  return body_.size() - 2;
}

void SpirvModule::preserve_special_values(std::uint32_t width) {
  need(spv::Capability::signed_zero_inf_nan_preserve);
  extensions_.insert("SPV_KHR_float_controls");
  float_modes_[mode_special_values_preserve].insert(width);
}

void SpirvModule::preserve_denormals(std::uint32_t width) {
  need(spv::Capability::denorm_preserve);
  extensions_.insert("SPV_KHR_float_controls");
  float_modes_[mode_denorm_preserve].insert(width);
}

void SpirvModule::append_requirements(Words& module) const {
  for (std::uint32_t capability : capabilities_) append(module, Op::capability, {capability});
  for (const std::string& extension : extensions_) {
    Words text;
    append_text(text, extension);
    append(module, Op::extension, text);
  }
  Words import = {glsl_};
  append_text(import, "GLSL.std.450");
  append(module, Op::ext_inst_import, import);
}

void SpirvModule::append_float_modes(Words& module, Id function) const {
  for (const auto& [mode, widths] : float_modes_)
    for (std::uint32_t width : widths) append(module, Op::execution_mode, {function, mode, width});
}

std::vector<std::uint32_t> SpirvModule::finish(std::uint32_t size) && {
  const Id nothing = void_type();
  const Id function_type = declare(Op::type_function, {nothing});
  const Id function = reserve();
  Words module = {spv::magic, spv::version_1_3, 0, next_id_, 0};
  append_requirements(module);
  append(module, Op::memory_model,
         {uses_addresses_ ? addressing_physical_storage_buffer_64 : addressing_logical,
          memory_glsl450});
  Words entry = {execution_model_compute, function};
  append_text(entry, "main");
  entry.insert(entry.end(), interface_.begin(), interface_.end());
  append(module, Op::entry_point, entry);
  append(module, Op::execution_mode, {function, mode_local_size, size, 1, 1});
  append_float_modes(module, function);
  module.insert(module.end(), decorations_.begin(), decorations_.end());
  module.insert(module.end(), declarations_.begin(), declarations_.end());
  append(module, Op::function, {nothing, function, 0, function_type});
  module.insert(module.end(), body_.begin(), body_.end());
  append(module, Op::return_void, {});
  append(module, Op::function_end, {});
  return module;
}

std::vector<std::uint32_t> SpirvModule::finish_function(const SpirvTemplate& base, Id function) && {
  const Id nothing = void_type();
  Words signature = {nothing};
  signature.insert(signature.end(), parameter_types_.begin(), parameter_types_.end());
  const Id function_type = declare(Op::type_function, signature);
  Words module = {spv::magic, base.version, 0, next_id_, 0};
  const auto add = [&](const Words& words) {
    module.insert(module.end(), words.begin(), words.end());
  };
  append_requirements(module);
  append(module, Op::memory_model, base.memory_model);
  Words entry = base.entry_point;
  entry.insert(entry.end(), interface_.begin(), interface_.end());
  append(module, Op::entry_point, entry);
  add(base.execution_modes);
  append_float_modes(module, entry[1]);
  add(base.decorations);
  add(decorations_);
  add(base.declarations);
  add(declarations_);
  add(base.functions);
  append(module, Op::function, {nothing, function, 0, function_type});
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    append(module, Op::function_parameter, {parameter_types_[i], parameters_[i]});
  add(body_);
  append(module, Op::return_void, {});
  append(module, Op::function_end, {});
  return module;
}

}  // namespace evergpu::adapters::vulkan
