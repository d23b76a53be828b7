#include "adapters/vulkan/spirv_matrix.h"

#include <map>
#include <set>

#include "adapters/vulkan/spirv_template.h"

namespace evergpu::adapters::vulkan {
namespace {

using spv::Op;
using Words = std::vector<std::uint32_t>;
using Instruction = std::span<const std::uint32_t>;
using Id = std::uint32_t;

constexpr std::uint32_t row_major = 0;
constexpr std::uint32_t column_major = 1;
// What a matrix is used as.
constexpr std::uint32_t left_operand = 0;
constexpr std::uint32_t right_operand = 1;
constexpr std::uint32_t sum = 2;
constexpr std::uint32_t numbers = 3;  // that become constants

// What must be known of a module before it is rewritten.
struct Facts {
  Id number_type = 0;                // of 32 bits without a sign
  std::set<Id> truths;               // constants that are true
  std::map<Id, std::uint32_t> uses;  // by matrix type
};

Facts facts_of(Instruction module) {
  Facts facts;
  std::map<Id, Id> types;  // of values that are matrices
  for_each_instruction(module.subspan(spirv_header_words), [&](Op op, Instruction i) {
    if (op == Op::type_int && i[2] == 32 && i[3] == 0) facts.number_type = i[1];
    if (op == Op::constant_true) facts.truths.insert(i[2]);
    if (op == Op::type_cooperative_matrix_nv) facts.uses[i[1]] = sum;
    if (i.size() > 2 && facts.uses.contains(i[1])) types[i[2]] = i[1];
    if (op != Op::cooperative_matrix_mul_add_nv) return;
    facts.uses[types[i[3]]] = left_operand;
    facts.uses[types[i[4]]] = right_operand;
  });
  return facts;
}

}  // namespace

bool uses_nv_matrices(Instruction module) {
  bool found = false;
  for_each_instruction(module.subspan(spirv_header_words), [&](Op op, Instruction i) {
    found = found || (op == Op::capability &&
                      i[1] == static_cast<std::uint32_t>(spv::Capability::cooperative_matrix_nv));
  });
  return found;
}

Words with_khr_matrices(Instruction module) {
  const Facts facts = facts_of(module);
  Words made(module.begin(), module.begin() + spirv_header_words);
  const Id first_number = made[3];
  made[3] += numbers;
  const auto number = [&](std::uint32_t value) { return first_number + value; };
  const auto layout = [&](Id is_column_major) {
    return number(facts.truths.contains(is_column_major) ? column_major : row_major);
  };
  const auto with_tail = [](Words operands, Instruction tail) {
    operands.insert(operands.end(), tail.begin(), tail.end());
    return operands;
  };
  Words khr_extension;
  append_text(khr_extension, "SPV_KHR_cooperative_matrix");
  bool has_numbers = false;
  for_each_instruction(module.subspan(spirv_header_words), [&](Op op, Instruction i) {
    switch (op) {
      case Op::capability:
        if (i[1] != static_cast<std::uint32_t>(spv::Capability::cooperative_matrix_nv)) break;
        return append(made, op,
                      {static_cast<std::uint32_t>(spv::Capability::cooperative_matrix_khr)});
      case Op::extension:
        if (text_of(i.subspan(1)) != "SPV_NV_cooperative_matrix") break;
        return append(made, op, khr_extension);
      case Op::type_cooperative_matrix_nv:
        for (std::uint32_t value = 0; value < numbers && !has_numbers; ++value)
          append(made, Op::constant, {facts.number_type, number(value), value});
        has_numbers = true;
        return append(made, Op::type_cooperative_matrix_khr,
                      with_tail({i.begin() + 1, i.end()}, Words{number(facts.uses.at(i[1]))}));
      case Op::cooperative_matrix_load_nv:  // type, result, pointer, stride, is column major …
        return append(made, Op::cooperative_matrix_load_khr,
                      with_tail({i[1], i[2], i[3], layout(i[5]), i[4]}, i.subspan(6)));
      case Op::cooperative_matrix_store_nv:  // pointer, matrix, stride, is column major …
        return append(made, Op::cooperative_matrix_store_khr,
                      with_tail({i[1], i[2], layout(i[4]), i[3]}, i.subspan(5)));
      case Op::cooperative_matrix_mul_add_nv:
        return append(made, Op::cooperative_matrix_mul_add_khr, {i.begin() + 1, i.end()});
      default:
        break;
    }
    made.insert(made.end(), i.begin(), i.end());
  });
  return made;
}

}  // namespace evergpu::adapters::vulkan
