#include "ops/random.h"

#include <array>
#include <numbers>
#include <numeric>
#include <utility>

#include "ops/failure.h"
#include "ops/invalid.h"
#include "ops/precision.h"

namespace evergpu::ops {
namespace {

using ir::BinaryOp;
using ir::Dims;
using ir::DType;
using ir::Shape;
using ir::UnaryOp;
using ir::Value;

// The key under which TensorFlow scrambles seeds.
constexpr std::uint64_t scramble_key = 0x02461e293ec8f720;

Value bits(DType dtype, std::uint64_t value) { return ir::constant_bits(dtype, value); }

Value one_word(std::uint64_t value) { return ir::reshape(bits(DType::u64, value), Shape{1}); }

Value join(const Value& x, const Value& y, int axis = 0) {
  const std::array<Value, 2> parts{x, y};
  return ir::concat(parts, axis);
}

Value words(const PhiloxState& state, std::int64_t count) {
  return ir::philox(state.key, state.counter, count);
}

// `count` numbers of 64 bits, the first word low.
Value wide_words(const PhiloxState& state, std::int64_t count) {
  return ir::bitcast(ir::reshape(words(state, 2 * count), Shape{count, 2}), DType::u64);
}

// The float in [1, 2) with `mantissa`, less 1.
Value from_mantissa(const Value& mantissa, std::uint64_t one, DType dtype) {
  const Value pattern = ir::binary(BinaryOp::bit_or, mantissa, bits(mantissa.dtype(), one));
  return ir::bitcast(pattern, dtype) - 1.0;
}

Value masked(const Value& x, std::uint64_t mask) {
  return ir::binary(BinaryOp::bit_and, x, bits(x.dtype(), mask));
}

Value uniform_f32(const Value& words32) {
  return from_mantissa(masked(words32, 0x7fffff), 0x3f800000, DType::f32);
}

// The first word of each number holds the high bits here.
Value uniform_f64(const Value& words64) {
  const Value high = ir::binary(BinaryOp::shift_left, words64, bits(DType::u64, 32));
  const Value low = ir::binary(BinaryOp::shift_right, words64, bits(DType::u64, 32));
  const Value swapped = ir::binary(BinaryOp::bit_or, high, low);
  return from_mantissa(masked(swapped, 0xfffffffffffff), 0x3ff0000000000000, DType::f64);
}

// Pairs of uniform numbers [n, 2] to pairs of normal ones.
Value box_muller(const Value& uniform) {
  const std::int64_t pairs = uniform.shape()[0];
  const Value first = ir::slice(uniform, Dims{0, 0}, Dims{pairs, 1});
  const Value second = ir::slice(uniform, Dims{0, 1}, Dims{pairs, 1});
  const Value positive = ir::binary(BinaryOp::maximum, first, ir::constant(first.dtype(), 1.0e-7));
  const Value radius = ir::unary(UnaryOp::sqrt, -2.0 * ir::unary(UnaryOp::log, positive));
  const Value angle = (2.0 * std::numbers::pi) * second;
  return join(ir::unary(UnaryOp::sin, angle) * radius, ir::unary(UnaryOp::cos, angle) * radius, 1);
}

Status check(const PhiloxState& state, const Shape& shape) {
  for (std::int64_t extent : shape)
    if (extent < 0) return invalid("Dimension {} must be >= 0", extent);
  return first_error(state.key, state.counter);
}

// The first elements of a flat value, in `shape`.
Value first_of(const Value& flat, const Shape& shape) {
  return ir::reshape(ir::slice(flat, Dims{0}, Dims{shape.elements()}), shape);
}

}  // namespace

PhiloxState philox_state_of_seed(const Value& seed) {
  const auto fail = [](const Value& value) { return PhiloxState{value, value}; };
  if (!seed.status().ok()) return fail(seed);
  if (seed.shape() != Shape{2})
    return fail(failure("seed must have shape [2], not {}", to_string(seed.shape())));
  const Value counter = ir::bitcast(ir::cast(seed, DType::i64), DType::u64);
  const Value mixed = ir::bitcast(
      ir::reshape(ir::philox(one_word(scramble_key), counter, 4), Shape{2, 2}), DType::u64);
  const auto word = [&](std::int64_t i) { return ir::slice(mixed, Dims{i}, Dims{1}); };
  const Value is_low =
      ir::binary(BinaryOp::equal, ir::iota(DType::i32, Shape{2}, 0), bits(DType::i32, 0));
  // 0 and the second word: chosen in one kernel, where joined they are three.
  return {.key = word(0), .counter = ir::select(is_low, bits(DType::u64, 0), word(1))};
}

PhiloxState philox_state(std::uint64_t key, std::uint64_t counter_low, std::uint64_t counter_high) {
  return {.key = one_word(key), .counter = join(one_word(counter_low), one_word(counter_high))};
}

Result<PhiloxState> checked_philox_state(const Value& key, const Value& counter) {
  EVERGPU_RETURN_IF_ERROR(first_error(key, counter));
  if (key.shape() != Shape{1})
    return invalid(
        "key must have shape [1], not {}. (Note that batched keys are not supported "
        "yet.)",
        to_string(key.shape()));
  if (counter.shape().rank() != 1 || counter.shape()[0] < 2)
    return invalid("counter must be a vector with length at least 2, not of shape {}",
                   to_string(counter.shape()));
  return PhiloxState{.key = key, .counter = ir::slice(counter, Dims{0}, Dims{2})};
}

Value skip_blocks(const Value& state, std::uint64_t blocks) {
  if (!state.status().ok()) return state;
  if (state.dtype() != DType::i64 || state.shape() != Shape{3})
    return failure("the state of a Philox generator must be int64 of shape [3], not {} of shape {}",
                   name_of(state.dtype()), to_string(state.shape()));
  const Value as_words = ir::bitcast(state, DType::u64);
  const auto word = [&](std::int64_t i) { return ir::slice(as_words, Dims{i}, Dims{1}); };
  const Value low = word(0) + bits(DType::u64, blocks);
  const Value carry = ir::cast(ir::binary(BinaryOp::less, low, word(0)), DType::u64);
  const std::array<Value, 3> moved{low, word(1) + carry, word(2)};
  return ir::bitcast(ir::concat(moved, 0), DType::i64);
}

Value random_uniform(DType dtype, const Shape& shape, const PhiloxState& state) {
  if (Status status = check(state, shape); !status.ok()) return ir::Node::failed(status);
  const std::int64_t count = shape.elements();
  if (dtype == DType::f64) return ir::reshape(uniform_f64(wide_words(state, count)), shape);
  const Value drawn = words(state, count);
  if (dtype == DType::f32) return ir::reshape(uniform_f32(drawn), shape);
  const Value narrow = ir::cast(drawn, DType::u16);
  const Value result = dtype == DType::f16 ? from_mantissa(masked(narrow, 0x3ff), 0x3c00, dtype)
                                           : from_mantissa(masked(narrow, 0x7f), 0x3f80, dtype);
  return ir::reshape(result, shape);
}

Value random_bits(DType dtype, const Shape& shape, const PhiloxState& state) {
  if (Status status = check(state, shape); !status.ok()) return ir::Node::failed(status);
  const std::int64_t count = shape.elements();
  const Value drawn = ir::size_of(dtype) == 8 ? wide_words(state, count) : words(state, count);
  return ir::reshape(ir::bitcast(drawn, dtype), shape);
}

Value random_integers(DType dtype, const Shape& shape, const PhiloxState& state, std::int64_t low,
                      std::int64_t high) {
  if (Status status = check(state, shape); !status.ok()) return ir::Node::failed(status);
  if (low >= high && shape.elements() > 0)
    return failure("Need minval < maxval, got {} >= {}", low, high);
  const DType unsigned_dtype = dtype == DType::i64 ? DType::u64 : DType::u32;
  const std::uint64_t mask = dtype == DType::i64 ? ~std::uint64_t{0} : 0xffffffff;
  const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  const Value remainder =
      ir::binary(BinaryOp::truncate_modulo, random_bits(unsigned_dtype, shape, state),
                 bits(unsigned_dtype, range & mask));
  return ir::bitcast(remainder + bits(unsigned_dtype, static_cast<std::uint64_t>(low) & mask),
                     dtype);
}

Value random_normal(DType dtype, const Shape& shape, const PhiloxState& state) {
  if (Status status = check(state, shape); !status.ok()) return ir::Node::failed(status);
  const std::int64_t pairs = (shape.elements() + 1) / 2;
  const Value uniform = dtype == DType::f64 ? uniform_f64(wide_words(state, 2 * pairs))
                                            : uniform_f32(words(state, 2 * pairs));
  const Value normal = box_muller(ir::reshape(uniform, Shape{pairs, 2}));
  return ir::cast(first_of(ir::reshape(normal, Shape{2 * pairs}), shape), dtype);
}

Value random_truncated_normal(DType dtype, const Shape& shape, const PhiloxState& state) {
  if (Status status = check(state, shape); !status.ok()) return ir::Node::failed(status);
  const Value drawn =
      ir::truncated_normal(widened(dtype), state.key, state.counter, shape.elements());
  return ir::cast(ir::reshape(drawn, shape), dtype);
}

Value random_categories(const Value& logits, std::int64_t samples, const PhiloxState& state) {
  if (Status status = first_error(logits); !status.ok()) return ir::Node::failed(status);
  if (logits.shape().rank() != 2)
    return failure("logits should be a matrix, got shape {}", to_string(logits.shape()));
  if (samples < 0) return failure("num_samples should be non-negative, got {}", samples);
  const std::int64_t rows = logits.shape()[0];
  const std::int64_t classes = logits.shape()[1];
  if (classes == 0) return failure("num_classes should be positive, got 0");
  const Shape result{rows, samples};
  if (result.elements() == 0) return ir::zeros(DType::i64, result);
  // The greatest of the logits, each plus a number of Gumbel's distribution; in (0, 1] first, so
  // that no class is impossible or certain by chance.
  const DType wide = widened(logits.dtype());
  const Value uniform = 1.0 - random_uniform(wide, Shape{rows, samples, classes}, state);
  const Value gumbel = -ir::unary(UnaryOp::log, -ir::unary(UnaryOp::log, uniform));
  const Value scores = ir::reshape(ir::cast(logits, wide), Shape{rows, 1, classes}) + gumbel;
  return ir::arg_reduce(ir::ReduceOp::maximum, scores, 2, DType::i64);
}

std::vector<std::int32_t> random_permutation(std::int32_t count, const ir::PhiloxStream& stream) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  ir::PhiloxBlock block{};
  for (std::int32_t i = 0; i + 1 < count; ++i) {
    if (i % 4 == 0) block = stream.block(static_cast<std::uint64_t>(i / 4));
    const auto left = static_cast<std::uint32_t>(count - i);
    const auto other = i + static_cast<std::int32_t>(block[static_cast<std::size_t>(i % 4)] % left);
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(other)]);
  }
  return order;
}

}  // namespace evergpu::ops
