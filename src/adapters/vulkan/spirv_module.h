// Builds one SPIR-V module with one compute entry point, in binary form. Types and constants are
// made once each; instructions are appended to the entry point's body, or to that of a function
// which is added to a module that exists.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/vulkan/spirv.h"
#include "adapters/vulkan/spirv_template.h"

namespace evergpu::adapters::vulkan {

/// A SPIR-V result.
using Id = std::uint32_t;

/// Types of values. Integers have no sign: it is the instruction that tells signed from unsigned.
enum class Type : std::uint8_t { boolean, u8, u16, u32, u64, f32, f64 };

constexpr bool is_float(Type type) { return type == Type::f32 || type == Type::f64; }
/// Bits of a number.
constexpr std::uint32_t width_of(Type type) {
  constexpr std::uint32_t widths[] = {1, 8, 16, 32, 64, 32, 64};
  return widths[static_cast<std::size_t>(type)];
}

/// An array in memory, of elements of one type.
struct Array {
  Id variable = 0;  // physical_storage_buffer: the address, a u64
  Type element = Type::u32;
  spv::Storage storage = spv::Storage::storage_buffer;
};

class SpirvModule {
 public:
  SpirvModule();
  /// Code for one more function of `base`.
  explicit SpirvModule(const SpirvTemplate& base);

  Id type(Type type);
  Id void_type();
  /// A number by its bits.
  Id constant(Type type, std::uint64_t bits);

  /// Storage buffer `binding` of set 0. What an invocation stores to a coherent one, others of its
  /// workgroup find there after a barrier.
  Array storage_buffer(std::uint32_t binding, Type element, bool writable, bool coherent = false);
  /// The array at a device address, a u64.
  Array array_at(Id address, Type element);
  /// An array that the workgroup shares.
  Array shared_array(Type element, std::uint32_t count);
  /// The next parameter of the function that is added.
  Id parameter(Type type);
  /// `index` is an unsigned number; of an array at an address it may be negative.
  Id load(const Array& array, Id index);
  void store(const Array& array, Id index, Id value);
  /// `element` and `value`, or `element` or `value`, in place of an element: atomic_and, atomic_or.
  /// Of 32-bit elements, in no order with other accesses.
  void update_atomically(spv::Op op, const Array& array, Id index, Id value);
  /// All invocations of the workgroup come here before one goes on, and see what the others stored
  /// to shared arrays and, if asked, to coherent buffers.
  void barrier(bool of_buffers = false);
  /// A component of a builtin of three; component 0 of one of one.
  Id builtin(spv::BuiltIn builtin, std::uint32_t component);

  /// What the invocation holds whose number in the subgroup differs from this one's in the bits of
  /// `mask`; all invocations come here. Of u32.
  Id shuffle_xor(Id value, std::uint32_t mask);

  /// Appends an instruction with a result to the body.
  Id emit(spv::Op op, Id result_type, std::initializer_list<Id> operands);
  /// Appends one that rounds: no driver may contract it with others.
  Id emit_exact(spv::Op op, Id result_type, std::initializer_list<Id> operands);
  Id emit_glsl(spv::Glsl instruction, Id result_type, std::initializer_list<Id> operands);
  /// Appends one without a result.
  void emit_plain(spv::Op op, std::initializer_list<std::uint32_t> operands);
  /// The products's low and high words.
  std::pair<Id, Id> multiply_extended(Id a, Id b);

  /// A number for a label or a result that comes later.
  Id reserve() { return next_id_++; }
  void begin_block(Id label);
  /// The label of the block that is being written.
  Id current_block() const { return block_; }
  /// Appends a phi of two predecessors. The second value may be set by `patch_phi`.
  std::size_t emit_phi(Id result_type, Id result, Id first, Id first_block, Id second_block);
  void patch_phi(std::size_t phi, Id second) { body_[phi] = second; }

  /// Asks that `width`-bit floats keep NaNs, infinities and the sign of zero.
  void preserve_special_values(std::uint32_t width);
  void preserve_denormals(std::uint32_t width);

  /// The finished module: entry point "main", in workgroups of `size` invocations.
  std::vector<std::uint32_t> finish(std::uint32_t size) &&;
  /// `base`, which may call it meanwhile, with the function, of these parameters and no result.
  std::vector<std::uint32_t> finish_function(const SpirvTemplate& base, Id function) &&;

 private:
  using Words = std::vector<std::uint32_t>;

  void remember(spv::Op op, std::span<const std::uint32_t> instruction);
  void append_requirements(Words& module) const;
  void append_float_modes(Words& module, Id function) const;
  // A type, once for equal operands.
  Id declare(spv::Op op, std::span<const std::uint32_t> operands);
  Id declare(spv::Op op, std::initializer_list<std::uint32_t> operands) {
    return declare(op, std::span(operands.begin(), operands.size()));
  }
  Id pointer_type(spv::Storage storage, Id to);
  Id variable(spv::Storage storage, Id type);
  Id element_pointer(const Array& array, Id index);
  void decorate(Id target, spv::Decoration decoration,
                std::initializer_list<std::uint32_t> operands = {});
  void need(spv::Capability capability) {
    capabilities_.insert(static_cast<std::uint32_t>(capability));
  }

  Id next_id_ = 1;
  std::set<std::uint32_t> capabilities_;
  std::set<std::string> extensions_;
  bool uses_addresses_ = false;
  bool lists_all_variables_ = false;  // as the entry point's interface, since version 1.4
  Words decorations_;
  Words declarations_;
  Words body_;
  std::map<std::uint32_t, std::set<std::uint32_t>> float_modes_;  // mode → widths
  std::vector<Id> interface_;
  Words parameter_types_;
  Words parameters_;
  std::map<Words, Id> declared_;
  std::map<std::uint32_t, Id> builtins_;
  std::map<Type, Id> buffer_types_;
  Id glsl_ = 0;
  Id block_ = 0;
};

}  // namespace evergpu::adapters::vulkan
