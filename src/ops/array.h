// Rearranging arrays: transpose, concatenate, split, tile, roll … and arrays made from numbers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ir/build.h"

namespace evergpu::ops {

/// `axis` of an array of `rank`, counted from the end when negative; an error in TensorFlow's words
/// when there is none.
Result<int> normalized_axis(std::int64_t axis, int rank);

/// Result axis i is axis permutation[i] of x.
ir::Value transpose(const ir::Value& x, const ir::Dims& permutation);
/// Joins arrays along an axis in which alone they may differ.
ir::Value concatenate(std::span<const ir::Value> values, std::int64_t axis);
/// Joins arrays of one shape along a new axis.
ir::Value stack(std::span<const ir::Value> values, std::int64_t axis);
/// The parts of x along an axis, one for each extent in `sizes`; one of these may be -1: the rest.
Result<std::vector<ir::Value>> split(const ir::Value& x, std::int64_t axis, ir::Dims sizes);
/// The parts of extent 1 along an axis, without that axis.
Result<std::vector<ir::Value>> unstack(const ir::Value& x, std::int64_t axis);
/// The block of x that starts at `begin`; a size of -1 means all that is left.
ir::Value slice(const ir::Value& x, const ir::Dims& begin, ir::Dims size);
/// x repeated multiples[i] times along axis i.
ir::Value tile(const ir::Value& x, const ir::Dims& multiples);
/// x with the given axes backwards.
ir::Value reverse(const ir::Value& x, const ir::Dims& axes);
/// x with the first lengths[b] elements of `sequence_axis` backwards in each batch element b.
ir::Value reverse_sequence(const ir::Value& x, const ir::Value& lengths, std::int64_t sequence_axis,
                           std::int64_t batch_axis);
/// Element i moves to i + shift along an axis, and around its end; shifts of one axis add up.
ir::Value roll(const ir::Value& x, const ir::Dims& shifts, const ir::Dims& axes);
/// A new axis of extent `depth`: `on` where its position equals the index, else `off`.
ir::Value one_hot(const ir::Value& indices, std::int64_t depth, const ir::Value& on,
                  const ir::Value& off, std::int64_t axis);
/// start, start + step, … in the dtype of the scalars.
ir::Value arithmetic_sequence(const ir::Value& start, const ir::Value& step, std::int64_t count);
/// `count` evenly spaced numbers from start to stop, both included; scalars of one float dtype.
ir::Value linear_space(const ir::Value& start, const ir::Value& stop, std::int64_t count);
/// How many of the ascending f32 `boundaries` [n] are not greater than each element, as i32.
ir::Value bucketize(const ir::Value& x, const ir::Value& boundaries);
/// The cross product of vectors of three along the last axis.
ir::Value cross_product(const ir::Value& x, const ir::Value& y);

}  // namespace evergpu::ops
