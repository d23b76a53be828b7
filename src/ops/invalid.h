// Errors about an operator's arguments, with a formatted message.
#pragma once

#include <fmt/core.h>

#include <utility>

#include "ir/value.h"

namespace evergpu::ops {

/// invalid_argument with a formatted message.
template <typename... Arguments>
Status invalid(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  return invalid_argument(fmt::format(text, std::forward<Arguments>(arguments)...));
}

/// A failed value with such an error.
template <typename... Arguments>
ir::Value failure(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  return ir::Node::failed(
      invalid_argument(fmt::format(text, std::forward<Arguments>(arguments)...)));
}

}  // namespace evergpu::ops
