#include "adapters/vulkan/value.h"

#include <cassert>

namespace evergpu::adapters::vulkan {
namespace {

using spv::Op;

Value emit(const Value& like, Op op, Type type, std::initializer_list<Id> operands) {
  SpirvModule& module = *like.module;
  const Id of = module.type(type);
  const bool rounds = op == Op::f_add || op == Op::f_sub || op == Op::f_mul || op == Op::f_div;
  return {&module, rounds ? module.emit_exact(op, of, operands) : module.emit(op, of, operands),
          type};
}

Value arithmetic(const Value& a, const Value& b, Op of_floats, Op of_integers) {
  assert(a.type == b.type);
  return emit(a, is_float(a.type) ? of_floats : of_integers, a.type, {a.id, b.id});
}

Value comparison(const Value& a, const Value& b, Op of_floats, Op of_integers) {
  assert(a.type == b.type);
  return emit(a, is_float(a.type) ? of_floats : of_integers, Type::boolean, {a.id, b.id});
}

Value bitwise(const Value& a, const Value& b, Op of_integers, Op of_truths) {
  assert(a.type == b.type);
  return emit(a, a.type == Type::boolean ? of_truths : of_integers, a.type, {a.id, b.id});
}

Value glsl(spv::Glsl instruction, const Value& x) {
  return {x.module, x.module->emit_glsl(instruction, x.module->type(x.type), {x.id}), x.type};
}

Type bits_type(Type type) { return width_of(type) == 64 ? Type::u64 : Type::u32; }

// Of a float of x's type.
std::uint64_t sign_bit(const Value& x) { return std::uint64_t{1} << (width_of(x.type) - 1); }
std::uint64_t infinity_bits(const Value& x) {
  return x.type == Type::f64 ? std::uint64_t{0x7ff} << 52 : std::uint64_t{0xff} << 23;
}

}  // namespace

Value Value::like(double x) const {
  switch (type) {
    case Type::f32:
      return like_bits(std::bit_cast<std::uint32_t>(static_cast<float>(x)));
    case Type::f64:
      return like_bits(std::bit_cast<std::uint64_t>(x));
    default:
      break;
  }
  const auto whole = static_cast<std::uint64_t>(static_cast<std::int64_t>(x));
  return like_bits(type == Type::u64 ? whole : whole & 0xffffffffU);
}

Value constant_u32(SpirvModule& module, std::uint32_t value) {
  return {&module, module.constant(Type::u32, value), Type::u32};
}

Value operator+(const Value& a, const Value& b) { return arithmetic(a, b, Op::f_add, Op::i_add); }
Value operator-(const Value& a, const Value& b) { return arithmetic(a, b, Op::f_sub, Op::i_sub); }
Value operator*(const Value& a, const Value& b) { return arithmetic(a, b, Op::f_mul, Op::i_mul); }
Value operator/(const Value& a, const Value& b) { return arithmetic(a, b, Op::f_div, Op::u_div); }
Value operator-(const Value& a) {
  if (!is_float(a.type)) return a.like(0) - a;
  // By its bits: a driver may flush or normalise what it negates.
  const Value bits = bits_of(a);
  return float_of(bits ^ bits.like_bits(sign_bit(a)));
}
Value operator%(const Value& a, const Value& b) { return emit(a, Op::u_mod, a.type, {a.id, b.id}); }
Value signed_divide(const Value& a, const Value& b) {
  return emit(a, Op::s_div, a.type, {a.id, b.id});
}
Value signed_remainder(const Value& a, const Value& b) {
  return emit(a, Op::s_rem, a.type, {a.id, b.id});
}

Value operator==(const Value& a, const Value& b) {
  if (a.type == Type::boolean) return emit(a, Op::logical_equal, a.type, {a.id, b.id});
  return comparison(a, b, Op::f_ord_equal, Op::i_equal);
}
Value operator!=(const Value& a, const Value& b) {
  if (a.type == Type::boolean) return emit(a, Op::logical_not_equal, a.type, {a.id, b.id});
  return comparison(a, b, Op::f_unord_not_equal, Op::i_not_equal);
}
Value operator<(const Value& a, const Value& b) {
  return comparison(a, b, Op::f_ord_less_than, Op::u_less_than);
}
Value operator<=(const Value& a, const Value& b) {
  return comparison(a, b, Op::f_ord_less_than_equal, Op::u_less_than_equal);
}
Value operator>(const Value& a, const Value& b) {
  return comparison(a, b, Op::f_ord_greater_than, Op::u_greater_than);
}
Value operator>=(const Value& a, const Value& b) {
  return comparison(a, b, Op::f_ord_greater_than_equal, Op::u_greater_than_equal);
}
Value signed_less(const Value& a, const Value& b) {
  return emit(a, Op::s_less_than, Type::boolean, {a.id, b.id});
}
Value signed_less_equal(const Value& a, const Value& b) {
  return emit(a, Op::s_less_than_equal, Type::boolean, {a.id, b.id});
}

Value operator&(const Value& a, const Value& b) {
  return bitwise(a, b, Op::bitwise_and, Op::logical_and);
}
Value operator|(const Value& a, const Value& b) {
  return bitwise(a, b, Op::bitwise_or, Op::logical_or);
}
Value operator^(const Value& a, const Value& b) {
  return bitwise(a, b, Op::bitwise_xor, Op::logical_not_equal);
}
Value operator~(const Value& a) { return emit(a, Op::bitwise_not, a.type, {a.id}); }
Value operator!(const Value& a) { return emit(a, Op::logical_not, a.type, {a.id}); }
Value operator<<(const Value& a, const Value& count) {
  return emit(a, Op::shift_left_logical, a.type, {a.id, count.id});
}
Value operator>>(const Value& a, const Value& count) {
  return emit(a, Op::shift_right_logical, a.type, {a.id, count.id});
}
Value signed_shift_right(const Value& a, const Value& count) {
  return emit(a, Op::shift_right_arithmetic, a.type, {a.id, count.id});
}

Value select(const Value& condition, const Value& a, const Value& b) {
  assert(a.type == b.type && condition.type == Type::boolean);
  return emit(a, Op::select, a.type, {condition.id, a.id, b.id});
}

Value floor(const Value& x) { return glsl(spv::Glsl::floor, x); }
Value ceil(const Value& x) { return glsl(spv::Glsl::ceil, x); }
Value truncate(const Value& x) { return glsl(spv::Glsl::trunc, x); }
Value square_root(const Value& x) { return glsl(spv::Glsl::sqrt, x); }
Value highest_bit(const Value& x) { return glsl(spv::Glsl::find_msb, x); }

Value bits_of(const Value& x) { return emit(x, Op::bitcast, bits_type(x.type), {x.id}); }
Value float_of(const Value& bits) {
  return emit(bits, Op::bitcast, bits.type == Type::u64 ? Type::f64 : Type::f32, {bits.id});
}

Value convert(const Value& x, Type to, bool is_signed) {
  if (x.type == to) return x;
  if (is_float(x.type) && is_float(to)) return emit(x, Op::f_convert, to, {x.id});
  if (is_float(x.type))
    return emit(x, is_signed ? Op::convert_f_to_s : Op::convert_f_to_u, to, {x.id});
  if (is_float(to)) return emit(x, is_signed ? Op::convert_s_to_f : Op::convert_u_to_f, to, {x.id});
  return emit(x, is_signed ? Op::s_convert : Op::u_convert, to, {x.id});
}

Value absolute(const Value& x) {
  const Value bits = bits_of(x);
  return float_of(bits & (sign_bit(x) - 1));
}
Value with_sign_of(const Value& x, const Value& sign) {
  const Value bits = bits_of(x);
  return float_of((bits & (sign_bit(x) - 1)) | (bits_of(sign) & sign_bit(x)));
}
Value is_nan(const Value& x) {
  const Value bits = bits_of(x);
  return (bits & (sign_bit(x) - 1)) > bits.like_bits(infinity_bits(x));
}
Value is_infinite(const Value& x) {
  const Value bits = bits_of(x);
  return (bits & (sign_bit(x) - 1)) == bits.like_bits(infinity_bits(x));
}
// Adding and taking away the first number without a fraction rounds as the hardware does.
Value small_integer(const Value& x) {
  // The fraction's lowest bit of anything near it counts ones.
  const Value anchor = x.like(x.type == Type::f64 ? 0x1.8p52 : 0x1.8p23);
  return bits_of(x + anchor) - bits_of(anchor);
}
Value round_even(const Value& x) {
  const double whole = x.type == Type::f64 ? 0x1p52 : 0x1p23;
  const Value magnitude = absolute(x);
  const Value rounded = (magnitude + whole) - whole;
  return select(magnitude < whole, with_sign_of(rounded, x), x);
}
Value not_a_number(const Value& like) {
  return like.like_bits(infinity_bits(like) | infinity_bits(like) >> 1);
}
Value infinity(const Value& like) { return like.like_bits(infinity_bits(like)); }

Value polynomial(std::initializer_list<double> c, const Value& x) {
  auto at = std::rbegin(c);
  Value sum = x.like(*at);
  for (++at; at != std::rend(c); ++at) sum = sum * x + *at;
  return sum;
}

std::vector<Value> repeat(
    const Value& count, std::vector<Value> state,
    const std::function<std::vector<Value>(const Value& i, const std::vector<Value>& state)>&
        body) {
  SpirvModule& module = *count.module;
  const Id before = module.current_block();
  const Id header = module.reserve();
  const Id test = module.reserve();
  const Id inside = module.reserve();
  const Id next = module.reserve();
  const Id after = module.reserve();
  module.emit_plain(Op::branch, {header});
  module.begin_block(header);
  std::vector<std::size_t> phis;
  const auto phi = [&](Value& value) {
    const Id id = module.reserve();
    phis.push_back(module.emit_phi(module.type(value.type), id, value.id, before, next));
    value.id = id;
  };
  Value i = count.like(0);
  phi(i);
  for (Value& value : state) phi(value);
  module.emit_plain(Op::loop_merge, {after, next, 0});
  module.emit_plain(Op::branch, {test});
  module.begin_block(test);
  const Value more = i < count;
  module.emit_plain(Op::branch_conditional, {more.id, inside, after});
  module.begin_block(inside);
  const std::vector<Value> changed = body(i, state);
  module.emit_plain(Op::branch, {next});
  module.begin_block(next);
  module.patch_phi(phis[0], (i + 1).id);
  for (std::size_t n = 0; n < changed.size(); ++n) module.patch_phi(phis[n + 1], changed[n].id);
  module.emit_plain(Op::branch, {header});
  module.begin_block(after);
  return state;
}

void when(const Value& condition, const std::function<void()>& body) {
  SpirvModule& module = *condition.module;
  const Id inside = module.reserve();
  const Id after = module.reserve();
  module.emit_plain(Op::selection_merge, {after, 0});
  module.emit_plain(Op::branch_conditional, {condition.id, inside, after});
  module.begin_block(inside);
  body();
  module.emit_plain(Op::branch, {after});
  module.begin_block(after);
}

}  // namespace evergpu::adapters::vulkan
