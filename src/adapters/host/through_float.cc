// 16-bit floats where there is no code for them: through f32.
#include <utility>
#include <vector>

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

ir::Shape piece_of(const ir::Shape& shape, std::int64_t pieces) {
  return pieces == 1 ? shape : with_rows(shape, shape[0] / pieces);
}

compiler::Library piece_of(compiler::Library library, std::int64_t pieces) {
  library.operation.shape = piece_of(library.operation.shape, pieces);
  for (ir::Shape& shape : library.operand_shapes) shape = piece_of(shape, pieces);
  return library;
}

// Equal pieces along the first axis, each converted, computed and converted back in the cache.
class ThroughFloat final : public HostExecutable {
 public:
  /// `piece` is one of them, in f32; `inner` computes it, on several threads at once if there are
  /// several.
  ThroughFloat(ir::DType dtype, compiler::Library piece, std::int64_t pieces, MadeLibrary inner)
      : dtype_(dtype), kernel_(std::move(piece)), pieces_(pieces), inner_(std::move(inner)) {}

  Status run(const compiler::Kernel&, Inputs inputs, Outputs outputs) override {
    return parallel_for_each(pieces_,
                             [&](std::int64_t i) { return run_piece(i, inputs, outputs[0]); });
  }

 private:
  Status run_piece(std::int64_t number, Inputs inputs, std::byte* output) {
    const auto& library = std::get<compiler::Library>(kernel_);
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
      convert(widen_kernel(dtype_), inputs[i] + number * elements * 2, 2, target, 4, elements);
      wide.push_back(target);
    }
    auto* result = reinterpret_cast<std::byte*>(take(result_elements));
    std::byte* const results[] = {result};
    EVERGPU_RETURN_IF_ERROR(inner_->run(kernel_, wide, results));
    std::byte* const target = output + number * result_elements * 2;
    parallel_for(result_elements, grain, [&](std::int64_t begin, std::int64_t end) {
      store_rounded(dtype_, result + begin * 4, end - begin, target + begin * 2);
    });
    return {};
  }

  const ir::DType dtype_;
  const compiler::Kernel kernel_;
  const std::int64_t pieces_;
  const MadeLibrary inner_;
};

}  // namespace

MadeLibrary make_through_float(const compiler::Library& library,
                               MadeLibrary (*make)(const compiler::Library&), std::int64_t pieces) {
  const ir::DType dtype = library.operation.dtype;
  if (!is_small_float(dtype)) return nullptr;
  compiler::Library piece = as_float(piece_of(library, pieces));
  MadeLibrary inner = make(piece);
  if (inner == nullptr) return nullptr;
  return std::make_unique<ThroughFloat>(dtype, std::move(piece), pieces, std::move(inner));
}

}  // namespace evergpu::adapters::host
