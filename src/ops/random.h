// Random numbers from a Philox generator, drawn exactly as TensorFlow's CPU and GPU kernels do: the
// same bits for uniform numbers, the same to rounding for normal ones.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/build.h"
#include "ir/philox.h"

namespace evergpu::ops {

/// Where a stream of random bits starts: key u64[1], counter u64[2].
struct PhiloxState {
  ir::Value key;
  ir::Value counter;
};

/// The stream of a user's two seed numbers, i32 or i64 [2]: they are scrambled, so that near seeds
/// give unrelated streams.
PhiloxState philox_state_of_seed(const ir::Value& seed);
/// The stream with this key, at the 128-bit counter high · 2⁶⁴ + low.
PhiloxState philox_state(std::uint64_t key, std::uint64_t counter_low, std::uint64_t counter_high);
/// Checks state that came from outside; a counter that is longer than Philox's is cut.
Result<PhiloxState> checked_philox_state(const ir::Value& key, const ir::Value& counter);

/// A state kept as i64[3], counter and key, with the counter moved on by `blocks`.
ir::Value skip_blocks(const ir::Value& state, std::uint64_t blocks);

/// Floats in [0, 1).
ir::Value random_uniform(ir::DType dtype, const ir::Shape& shape, const PhiloxState& state);
/// Integers of 32 or 64 bits, all values alike.
ir::Value random_bits(ir::DType dtype, const ir::Shape& shape, const PhiloxState& state);
/// i32 or i64 integers in [low, high).
ir::Value random_integers(ir::DType dtype, const ir::Shape& shape, const PhiloxState& state,
                          std::int64_t low, std::int64_t high);
/// Normal deviates with mean 0 and standard deviation 1 (Box and Muller, 1958).
ir::Value random_normal(ir::DType dtype, const ir::Shape& shape, const PhiloxState& state);
/// The same, drawn again while more than two standard deviations from the mean.
ir::Value random_truncated_normal(ir::DType dtype, const ir::Shape& shape,
                                  const PhiloxState& state);

/// For each row of logits [rows, classes], `samples` classes drawn with probabilities
/// softmax(logits). i64.
ir::Value random_categories(const ir::Value& logits, std::int64_t samples,
                            const PhiloxState& state);
/// The numbers 0 … count - 1 shuffled (Fisher and Yates), one word of the stream for each place.
std::vector<std::int32_t> random_permutation(std::int32_t count, const ir::PhiloxStream& stream);

}  // namespace evergpu::ops
