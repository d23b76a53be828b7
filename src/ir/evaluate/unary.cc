// Point operations of one operand.
#include "ir/convert.h"
#include "ir/evaluate/call.h"
#include "ir/point_functions.h"

namespace evergpu::ir::reference {
namespace {

template <typename From, typename To, typename Function>
void map(const Call& call, Function function) {
  const From* x = call.operand<From>(0);
  To* result = call.result.as<To>();
  const std::int64_t count = call.elements();
  for (std::int64_t i = 0; i < count; ++i)
    result[i] = static_cast<To>(function(static_cast<Compute<From>>(x[i])));
}

}  // namespace

void unary(const Call& call) {
  const auto op = call.attributes<UnaryOp>();
  visit(call.operands[0].dtype, [&]<typename T>(TypeTag<T>) {
    using C = Compute<T>;
    with_function<C>(op, [&](auto function) {
      // Classifications and logical_not give bool.
      using To = std::conditional_t<std::is_same_v<decltype(function(C())), bool>, bool, T>;
      map<T, To>(call, function);
    });
  });
}

void cast(const Call& call) {
  visit(call.operands[0].dtype, [&]<typename From>(TypeTag<From>) {
    visit(call.operation.dtype, [&]<typename To>(TypeTag<To>) {
      const From* x = call.operand<From>(0);
      To* result = call.result.as<To>();
      const std::int64_t count = call.elements();
      for (std::int64_t i = 0; i < count; ++i) result[i] = convert<To>(x[i]);
    });
  });
}

}  // namespace evergpu::ir::reference
