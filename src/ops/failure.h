// Failed operands, before a shape check misreads them.
#pragma once

#include "ir/value.h"

namespace evergpu::ops {

/// The first error of any of the values; ok when there is none.
template <typename... Values>
Status first_error(const Values&... values) {
  Status first;
  const auto look = [&](const ir::Value& value) {
    if (first.ok()) first = value.status();
  };
  (look(values), ...);
  return first;
}

}  // namespace evergpu::ops
