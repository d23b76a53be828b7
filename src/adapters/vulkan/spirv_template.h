// A finished SPIR-V module, taken apart along the logical layout of modules (Khronos, "SPIR-V
// Specification", section 2.4), so that a SpirvModule can add to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/vulkan/spirv.h"

namespace evergpu::adapters::vulkan {

/// Words before a module's first instruction.
inline constexpr std::size_t spirv_header_words = 5;

/// The parts but for names. Instructions are whole: a word of length and opcode, then operands.
struct SpirvTemplate {
  using Words = std::vector<std::uint32_t>;

  std::uint32_t version = 0;
  std::uint32_t next_id = 0;  // larger than all results
  std::set<std::uint32_t> capabilities;
  std::set<std::string> extensions;
  std::uint32_t glsl = 0;  // the imported set GLSL.std.450; 0: none
  Words memory_model;      // its operands
  Words entry_point;       // the one, its operands
  Words execution_modes;
  Words decorations;
  Words declarations;  // types, constants and global variables
  Words functions;

  /// `module` has one entry point, "main".
  explicit SpirvTemplate(std::span<const std::uint32_t> module);

  /// Removes a global variable that no function uses any more.
  void remove_variable(std::uint32_t id);
};

/// Calls `visit(op, instruction)` for one instruction after the other, each with its first word.
void for_each_instruction(
    std::span<const std::uint32_t> words,
    const std::function<void(spv::Op op, std::span<const std::uint32_t> instruction)>& visit);

/// Appends an instruction: its first word, then its operands.
void append(SpirvTemplate::Words& to, spv::Op op, std::span<const std::uint32_t> operands);
inline void append(SpirvTemplate::Words& to, spv::Op op,
                   std::initializer_list<std::uint32_t> operands) {
  append(to, op, std::span(operands.begin(), operands.size()));
}

/// A text as instructions have it, in words, and back.
void append_text(SpirvTemplate::Words& to, std::string_view text);
std::string text_of(std::span<const std::uint32_t> words);

}  // namespace evergpu::adapters::vulkan
