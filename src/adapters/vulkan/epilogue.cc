#include "adapters/vulkan/epilogue.h"

#include <map>
#include <set>

#include "adapters/vulkan/spirv_template.h"

namespace evergpu::adapters::vulkan {
namespace {

using spv::Op;
using Words = std::vector<std::uint32_t>;
using Instruction = std::span<const std::uint32_t>;

constexpr std::uint32_t address_bytes = 8;

void append(Words& to, Op op, std::initializer_list<std::uint32_t> operands) {
  to.push_back(static_cast<std::uint32_t>(operands.size() + 1) << 16 |
               static_cast<std::uint32_t>(op));
  to.insert(to.end(), operands);
}

bool is_of_memory(std::uint32_t storage) {
  return storage == static_cast<std::uint32_t>(spv::Storage::storage_buffer) ||
         storage == static_cast<std::uint32_t>(spv::Storage::physical_storage_buffer);
}

// Where a store to memory goes.
struct Target {
  Id array = 0;
  Id element = 0;
};

// The pointers that are stored to, of those into memory.
std::map<Id, Target> targets_of(const SpirvTemplate& kernel) {
  std::set<Id> pointer_types;
  for_each_instruction(kernel.declarations, [&](Op op, Instruction i) {
    if (op == Op::type_pointer && is_of_memory(i[2])) pointer_types.insert(i[1]);
  });
  std::map<Id, Target> chains;
  std::map<Id, Target> targets;
  for_each_instruction(kernel.functions, [&](Op op, Instruction i) {
    if (op == Op::access_chain && pointer_types.contains(i[1])) chains[i[2]] = {i[3], i.back()};
    if (op != Op::store) return;
    if (const auto chain = chains.find(i[1]); chain != chains.end()) targets.insert(*chain);
  });
  return targets;
}

// The addresses of all arrays lie before the arguments, whose block alone has a second member.
void move_arguments(SpirvTemplate& kernel, std::uint32_t arrays) {
  Words moved;
  for_each_instruction(kernel.decorations, [&](Op op, Instruction i) {
    moved.insert(moved.end(), i.begin(), i.end());
    if (op == Op::member_decorate && i[2] == 1 &&
        i[3] == static_cast<std::uint32_t>(spv::Decoration::offset))
      moved.back() = arrays * address_bytes;
  });
  kernel.decorations = std::move(moved);
}

// Replaces the stores to `targets` by calls of `function`.
Words with_calls(const SpirvTemplate& kernel, const std::map<Id, Target>& targets, Id function,
                 ir::DType dtype, SpirvModule& module) {
  const Id nothing = module.void_type();
  const Id bits_type = module.type(register_type(dtype));
  const Op to_bits = ir::size_of(dtype) == 2 ? Op::u_convert : Op::bitcast;
  Words functions;
  for_each_instruction(kernel.functions, [&](Op op, Instruction i) {
    if (op == Op::access_chain && targets.contains(i[2])) return;
    const auto target = op == Op::store ? targets.find(i[1]) : targets.end();
    if (target == targets.end()) {
      functions.insert(functions.end(), i.begin(), i.end());
      return;
    }
    const Id bits = module.reserve();
    append(functions, to_bits, {bits_type, bits, i[2]});
    append(functions, Op::function_call,
           {nothing, module.reserve(), function, target->second.element, bits});
  });
  return functions;
}

}  // namespace

std::vector<std::uint32_t> with_epilogue(const EpilogueBase& base,
                                         const compiler::Pipeline& pipeline,
                                         const Capabilities& can) {
  const compiler::Loop& loop = *pipeline.after;
  const ir::DType dtype = pipeline.library.operation.dtype;
  SpirvTemplate kernel(base.spirv);
  const std::map<Id, Target> targets = targets_of(kernel);
  for (const auto& [pointer, target] : targets) kernel.remove_variable(target.array);
  if (base.binding == Binding::addresses)
    move_arguments(kernel, base.arrays + static_cast<std::uint32_t>(epilogue_arrays(pipeline)));

  LoopModule shared{SpirvModule(kernel)};
  shared.operands = base.arrays;
  shared.words = base.arguments;
  SpirvModule& module = shared.spirv;
  const Value element = {&module, module.parameter(Type::u32), Type::u32};
  const Type bits_type = register_type(dtype);
  const Value bits = {&module, module.parameter(bits_type), bits_type};
  LoopCode code(loop, can, shared, base.binding, {pipeline.made, {dtype, bits}});
  const std::vector<Value> index = code.split(element, loop.extents);
  const std::vector<Element> registers = code.run(index);
  for (std::size_t i = 0; i < loop.outputs.size(); ++i)
    code.store(i, index, registers[loop.results[i]]);

  const Id function = module.reserve();
  kernel.functions = with_calls(kernel, targets, function, dtype, module);
  return std::move(module).finish_function(kernel, function);
}

std::size_t epilogue_arrays(const compiler::Pipeline& pipeline) {
  return pipeline.after->inputs.size() - 1 + pipeline.after->outputs.size();
}

Result<LoopLaunch> launch_of_epilogue(const compiler::Pipeline& pipeline,
                                      std::span<const Region> inputs,
                                      std::span<const Region> outputs, const Capabilities& can) {
  std::size_t next = pipeline.first_arrays() + pipeline.other_arrays();
  std::vector<Region> of_loop;
  for (std::size_t i = 0; i < pipeline.after->inputs.size(); ++i)
    of_loop.push_back(pipeline.is_array(i) ? inputs[next++] : Region());
  Result<LoopLaunch> launch = launch_of(*pipeline.after, of_loop, outputs, can);
  if (launch.ok()) launch->buffers.erase(launch->buffers.begin() + pipeline.made);
  return launch;
}

}  // namespace evergpu::adapters::vulkan
