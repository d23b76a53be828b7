// Point operations of two and three operands.
#include "ir/evaluate/call.h"
#include "ir/point_functions.h"

namespace evergpu::ir::reference {

void binary(const Call& call) {
  const auto op = call.attributes<BinaryOp>();
  visit(call.operands[0].dtype, [&]<typename T>(TypeTag<T>) {
    using C = Compute<T>;
    with_function<C>(op, [&](auto function) {
      using To = std::conditional_t<std::is_same_v<decltype(function(C(), C())), bool>, bool, T>;
      const T* x = call.operand<T>(0);
      const T* y = call.operand<T>(1);
      To* result = call.result.as<To>();
      const std::int64_t count = call.elements();
      for (std::int64_t i = 0; i < count; ++i)
        result[i] = static_cast<To>(function(static_cast<C>(x[i]), static_cast<C>(y[i])));
    });
  });
}

void select(const Call& call) {
  visit(call.operation.dtype, [&]<typename T>(TypeTag<T>) {
    const bool* condition = call.operand<bool>(0);
    const T* if_true = call.operand<T>(1);
    const T* if_false = call.operand<T>(2);
    T* result = call.result.as<T>();
    const std::int64_t count = call.elements();
    for (std::int64_t i = 0; i < count; ++i) result[i] = condition[i] ? if_true[i] : if_false[i];
  });
}

}  // namespace evergpu::ir::reference
