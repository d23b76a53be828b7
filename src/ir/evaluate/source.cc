// Constants and counting.
#include "ir/convert.h"
#include "ir/evaluate/call.h"
#include "ir/evaluate/strided.h"

namespace evergpu::ir::reference {

void source(const Call& call) {
  if (call.operation.kind == Kind::constant) {
    const std::uint64_t bits = call.attributes<Constant>().bits;
    std::memcpy(call.result.data, &bits, size_of(call.operation.dtype));
    return;
  }
  visit(call.operation.dtype, [&]<typename T>(TypeTag<T>) {
    const AxisSplit split = split_at(call.result.shape, call.attributes<Axis>().axis);
    T* result = call.result.as<T>();
    for (std::int64_t outer = 0; outer < split.outer; ++outer)
      for (std::int64_t i = 0; i < split.extent; ++i, result += split.inner)
        std::fill_n(result, split.inner, convert<T>(i));
  });
}

}  // namespace evergpu::ir::reference
