// A small matrix product as products of some of its rows each, on our threads. Each step of a
// recurrent layer is one, and the loops around it find their rows in the cache of the core that
// made them.
#include <array>
#include <vector>

#include "adapters/host/contraction.h"
#include "adapters/host/threads.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Library;

constexpr std::int64_t least_rows = 32;
constexpr std::int64_t least_multiplications = 1'000'000;  // some 10 us

// How many parts: by the shape alone, since bits might depend on it.
std::int64_t parts_of(std::int64_t rows, std::int64_t multiplications) {
  for (const std::int64_t parts : {8, 4, 2}) {
    if (rows % parts == 0 && rows / parts >= least_rows &&
        multiplications / parts >= least_multiplications)
      return parts;
  }
  return 1;
}

class ProductByRows final : public HostExecutable {
 public:
  /// Part i reads the first operand at i * `source_bytes`, writes the result at i * `result_bytes`.
  ProductByRows(std::vector<MadeLibrary> parts, std::size_t source_bytes, std::size_t result_bytes)
      : parts_(std::move(parts)), source_bytes_(source_bytes), result_bytes_(result_bytes) {}

  Status run(const compiler::Kernel& kernel, Inputs inputs, Outputs outputs) override {
    return parallel_for_each(std::ssize(parts_), [&](std::int64_t number) {
      const auto i = static_cast<std::size_t>(number);
      const std::array sources{inputs[0] + i * source_bytes_, inputs[1]};
      const std::array targets{outputs[0] + i * result_bytes_};
      return parts_[i]->run(kernel, sources, targets);
    });
  }

 private:
  const std::vector<MadeLibrary> parts_;  // equal ones: a primitive's memory objects are its own
  const std::size_t source_bytes_;
  const std::size_t result_bytes_;
};

}  // namespace

MadeLibrary make_matmul_by_rows(const Library& library, MadeLibrary (*make)(const Library&)) {
  const ir::Shape& shape = library.operation.shape;
  // Rows of a transposed matrix lie apart, which oneDNN reads at a tenth of the speed.
  if (shape.rank() != 2 || library.operation.get<ir::MatMul>().transpose_a) return nullptr;
  const std::int64_t depth = library.operand_shapes[0][1];
  const std::int64_t parts = parts_of(shape[0], shape.elements() * depth);
  if (parts == 1) return nullptr;

  const std::int64_t rows = shape[0] / parts;
  Library part = library;
  part.operation.shape = ir::Shape{rows, shape[1]};
  part.operand_shapes[0] = ir::Shape{rows, depth};
  std::vector<MadeLibrary> made;
  for (std::int64_t i = 0; i < parts; ++i) {
    made.push_back(make(part));
    if (made.back() == nullptr) return nullptr;
  }
  const auto size = static_cast<std::int64_t>(ir::size_of(library.operation.dtype));
  return std::make_unique<ProductByRows>(
      std::move(made), static_cast<std::size_t>(rows * library.strides(0)[0] * size),
      static_cast<std::size_t>(rows * shape[1] * size));
}

}  // namespace evergpu::adapters::host
