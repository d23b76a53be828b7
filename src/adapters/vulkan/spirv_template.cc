#include "adapters/vulkan/spirv_template.h"

#include <algorithm>

namespace evergpu::adapters::vulkan {
namespace {

using spv::Op;
using Words = SpirvTemplate::Words;

// Of an entry point's operands: the execution model, the function, and "main" in two words.
constexpr std::ptrdiff_t interface_begin = 4;

}  // namespace

void append(Words& to, Op op, std::span<const std::uint32_t> operands) {
  to.push_back(static_cast<std::uint32_t>(operands.size() + 1) << 16 |
               static_cast<std::uint32_t>(op));
  to.insert(to.end(), operands.begin(), operands.end());
}

void append_text(Words& to, std::string_view text) {
  for (std::size_t at = 0; at <= text.size(); at += 4) {
    std::uint32_t packed = 0;
    for (std::size_t i = at; i < at + 4 && i < text.size(); ++i)
      packed |= std::uint32_t{static_cast<unsigned char>(text[i])} << (8 * (i - at));
    to.push_back(packed);
  }
}

std::string text_of(std::span<const std::uint32_t> words) {
  std::string text;
  for (std::uint32_t word : words)
    for (int byte = 0; byte < 4; ++byte) text.push_back(static_cast<char>(word >> (8 * byte)));
  return text.substr(0, text.find('\0'));
}

void for_each_instruction(
    std::span<const std::uint32_t> words,
    const std::function<void(Op op, std::span<const std::uint32_t> instruction)>& visit) {
  while (!words.empty()) {
    const std::size_t length = words[0] >> 16;
    visit(static_cast<Op>(words[0] & 0xffff), words.first(length));
    words = words.subspan(length);
  }
}

SpirvTemplate::SpirvTemplate(std::span<const std::uint32_t> module)
    : version(module[1]), next_id(module[3]) {
  for_each_instruction(module.subspan(spirv_header_words), [&](Op op, auto instruction) {
    const auto operands = instruction.subspan(1);
    const auto append = [&](Words& to) {
      to.insert(to.end(), instruction.begin(), instruction.end());
    };
    if (!functions.empty() || op == Op::function) return append(functions);
    switch (op) {
      case Op::capability:
        capabilities.insert(operands[0]);
        break;
      case Op::extension:
        extensions.insert(text_of(operands));
        break;
      case Op::ext_inst_import:
        glsl = operands[0];
        break;
      case Op::memory_model:
        memory_model.assign(operands.begin(), operands.end());
        break;
      case Op::entry_point:
        entry_point.assign(operands.begin(), operands.end());
        break;
      case Op::execution_mode:
        append(execution_modes);
        break;
      case Op::decorate:
      case Op::member_decorate:
        append(decorations);
        break;
      case Op::source:
      case Op::source_extension:
      case Op::name:
      case Op::member_name:
        break;
      default:
        append(declarations);
    }
  });
}

void SpirvTemplate::remove_variable(std::uint32_t id) {
  const auto without = [&](const Words& from, Op removed, std::size_t position) {
    Words kept;
    for_each_instruction(from, [&](Op op, auto instruction) {
      if (op != removed || instruction[position] != id)
        kept.insert(kept.end(), instruction.begin(), instruction.end());
    });
    return kept;
  };
  decorations = without(decorations, Op::decorate, 1);
  declarations = without(declarations, Op::variable, 2);
  entry_point.erase(std::remove(entry_point.begin() + interface_begin, entry_point.end(), id),
                    entry_point.end());
}

}  // namespace evergpu::adapters::vulkan
