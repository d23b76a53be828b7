// 16-bit float contractions where the processor has no instructions for them: through f32.
#include <algorithm>

#include "adapters/host/contraction.h"
#include "adapters/host/point.h"
#include "adapters/host/threads.h"
#include "adapters/host/work_space.h"

namespace evergpu::adapters::host {
namespace {

constexpr std::int64_t grain = 64 << 10;

thread_local WorkSpace float_space;

// Runs a conversion kernel over `n` elements.
void convert(PointKernel kernel, const std::byte* from, std::int64_t from_size, std::byte* to,
             std::int64_t to_size, std::int64_t n) {
  parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
    kernel({.a = from + begin * from_size, .result = to + begin * to_size, .n = end - begin});
  });
}

compiler::Library as_float(compiler::Library library) {
  library.operation.dtype = ir::DType::f32;
  for (ir::DType& dtype : library.operand_dtypes) dtype = ir::DType::f32;
  return library;
}

class ThroughFloat final : public HostExecutable {
 public:
  ThroughFloat(compiler::Library library, MadeLibrary inner)
      : kernel_(as_float(std::move(library))), inner_(std::move(inner)) {}

  Status run(const compiler::Kernel& kernel, Inputs inputs, Outputs outputs) override {
    const auto& library = std::get<compiler::Library>(kernel);
    const std::int64_t result_elements = library.operation.shape.elements();
    std::int64_t total = result_elements;
    for (const ir::Shape& shape : library.operand_shapes) total += shape.elements() + 16;
    auto* space = float_space.at_least_elements<float>(total + 16);
    const auto take = [&](std::int64_t elements) {
      return std::exchange(space, space + (elements + 15) / 16 * 16);
    };
    std::vector<const std::byte*> wide;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const std::int64_t elements = library.operand_shapes[i].elements();
      auto* target = reinterpret_cast<std::byte*>(take(elements));
      convert(widen_kernel(library.operand_dtypes[i]), inputs[i], 2, target, 4, elements);
      wide.push_back(target);
    }
    auto* result = reinterpret_cast<std::byte*>(take(result_elements));
    std::byte* const results[] = {result};
    EVERGPU_RETURN_IF_ERROR(inner_->run(kernel_, wide, results));
    const ir::DType dtype = library.operation.dtype;
    parallel_for(result_elements, grain, [&](std::int64_t begin, std::int64_t end) {
      std::byte* at = result + begin * 4;
      round_kernel(dtype)({.a = at, .result = at, .n = end - begin});
      narrow_kernel(dtype)({.a = at, .result = outputs[0] + begin * 2, .n = end - begin});
    });
    return {};
  }

 private:
  const compiler::Kernel kernel_;
  const MadeLibrary inner_;
};

}  // namespace

MadeLibrary make_through_float(const compiler::Library& library,
                               MadeLibrary (*make)(const compiler::Library&)) {
  const ir::DType dtype = library.operation.dtype;
  if (!is_small_float(dtype)) return nullptr;
  MadeLibrary inner = make(as_float(library));
  return inner ? std::make_unique<ThroughFloat>(library, std::move(inner)) : nullptr;
}

}  // namespace evergpu::adapters::host
