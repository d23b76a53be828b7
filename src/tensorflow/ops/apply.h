// Lowerings that are one function of an op's inputs, without attributes.
#pragma once

#include <type_traits>

#include "tensorflow/op_table.h"

namespace evergpu::tensorflow {

/// `make` of an op whose only output is `function` of its one, two or three inputs.
template <auto function>
Result<Lowering> apply(const Attributes&) {
  using Function = decltype(function);
  using Value = const ir::Value&;
  return Lowering([](Call& call) {
    if constexpr (std::is_invocable_v<Function, Value>)
      return call.output(0, function(call.input(0)));
    else if constexpr (std::is_invocable_v<Function, Value, Value>)
      return call.output(0, function(call.input(0), call.input(1)));
    else
      return call.output(0, function(call.input(0), call.input(1), call.input(2)));
  });
}

/// `make` of an op that is one IR operation.
template <ir::UnaryOp op>
constexpr auto unary = apply<[](const ir::Value& x) { return ir::unary(op, x); }>;

}  // namespace evergpu::tensorflow
