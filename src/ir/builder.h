// What the builders share: from an operation and operands to a value, or a failed one.
#pragma once

#include "ir/infer/infer.h"
#include "ir/value.h"

namespace evergpu::ir::builder {

/// Infers the result and makes the node; failed operands and operands that do not fit give a failed
/// value.
Value make(Operation&& operation, Operands&& operands);

/// Whether `value` failed. A failed operand is the result of what is built from it.
inline bool failed(const Value& value) { return value->state() == Node::State::failed; }

/// A failed value with a message.
template <typename... Arguments>
Value fail(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  return Node::failed(invalid_argument(fmt::format(text, std::forward<Arguments>(arguments)...)));
}

/// Counts a negative axis from the end; false when it is out of range.
inline bool normalize_axis(std::int64_t* axis, int rank) {
  if (*axis < 0) *axis += rank;
  return *axis >= 0 && *axis < rank;
}

}  // namespace evergpu::ir::builder
