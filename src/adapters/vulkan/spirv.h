// The part of SPIR-V's vocabulary that is used here, with the numbers of its specification
// (Khronos, "SPIR-V Specification", version 1.3, section 3).
#pragma once

#include <cstdint>

namespace evergpu::adapters::vulkan::spv {

inline constexpr std::uint32_t magic = 0x07230203;
inline constexpr std::uint32_t version_1_3 = 0x00010300;

enum class Op : std::uint16_t {
  extension = 10,
  ext_inst_import = 11,
  ext_inst = 12,
  memory_model = 14,
  entry_point = 15,
  execution_mode = 16,
  capability = 17,
  type_void = 19,
  type_bool = 20,
  type_int = 21,
  type_float = 22,
  type_vector = 23,
  type_array = 28,
  type_runtime_array = 29,
  type_struct = 30,
  type_pointer = 32,
  type_function = 33,
  constant_true = 41,
  constant_false = 42,
  constant = 43,
  function = 54,
  function_end = 56,
  variable = 59,
  load = 61,
  store = 62,
  access_chain = 65,
  decorate = 71,
  member_decorate = 72,
  composite_extract = 81,
  convert_f_to_u = 109,
  convert_f_to_s = 110,
  convert_s_to_f = 111,
  convert_u_to_f = 112,
  u_convert = 113,
  s_convert = 114,
  f_convert = 115,
  convert_u_to_ptr = 120,
  bitcast = 124,
  f_negate = 127,
  i_add = 128,
  f_add = 129,
  i_sub = 130,
  f_sub = 131,
  i_mul = 132,
  f_mul = 133,
  u_div = 134,
  s_div = 135,
  f_div = 136,
  u_mod = 137,
  s_rem = 138,
  umul_extended = 151,
  logical_equal = 164,
  logical_not_equal = 165,
  logical_or = 166,
  logical_and = 167,
  logical_not = 168,
  select = 169,
  i_equal = 170,
  i_not_equal = 171,
  u_greater_than = 172,
  s_greater_than = 173,
  u_greater_than_equal = 174,
  s_greater_than_equal = 175,
  u_less_than = 176,
  s_less_than = 177,
  u_less_than_equal = 178,
  s_less_than_equal = 179,
  f_ord_equal = 180,
  f_unord_not_equal = 183,
  f_ord_less_than = 184,
  f_ord_greater_than = 186,
  f_ord_less_than_equal = 188,
  f_ord_greater_than_equal = 190,
  shift_right_logical = 194,
  shift_right_arithmetic = 195,
  shift_left_logical = 196,
  bitwise_or = 197,
  bitwise_xor = 198,
  bitwise_and = 199,
  bitwise_not = 200,
  control_barrier = 224,
  atomic_and = 240,
  atomic_or = 241,
  phi = 245,
  loop_merge = 246,
  selection_merge = 247,
  label = 248,
  branch = 249,
  branch_conditional = 250,
  return_void = 253,
  group_non_uniform_shuffle_xor = 346,
};

enum class Capability : std::uint32_t {
  shader = 1,
  float64 = 10,
  int64 = 11,
  group_non_uniform = 61,
  group_non_uniform_shuffle = 65,
  storage_16bit = 4433,
  denorm_preserve = 4464,
  signed_zero_inf_nan_preserve = 4466,
  storage_8bit = 4448,
  physical_storage_buffer_addresses = 5347,
};

enum class Decoration : std::uint32_t {
  block = 2,
  array_stride = 6,
  built_in = 11,
  aliased = 20,
  coherent = 23,
  non_writable = 24,
  binding = 33,
  descriptor_set = 34,
  offset = 35,
  no_contraction = 42,
};

enum class BuiltIn : std::uint32_t {
  num_workgroups = 24,
  workgroup_id = 26,
  local_index = 29,
  subgroup_local_invocation_id = 41,
};

enum class Storage : std::uint32_t {
  input = 1,
  workgroup = 4,
  storage_buffer = 12,
  physical_storage_buffer = 5349,
};

/// Instructions of the extended set GLSL.std.450.
enum class Glsl : std::uint32_t { trunc = 3, floor = 8, ceil = 9, sqrt = 31, find_msb = 75 };

}  // namespace evergpu::adapters::vulkan::spv
