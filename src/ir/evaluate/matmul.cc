// Batched matrix products.
#include "ir/evaluate/call.h"
#include "ir/evaluate/packing.h"

namespace evergpu::ir::reference {
namespace {

template <typename T>
void matmul(const Call& call) {
  using S = Wide<T>;
  const auto& [transpose_a, transpose_b] = call.attributes<MatMul>();
  const Shape& a_shape = call.operands[0].shape;
  const Shape& shape = call.result.shape;
  const std::int64_t m = shape[shape.rank() - 2];
  const std::int64_t n = shape[shape.rank() - 1];
  const std::int64_t k = a_shape[a_shape.rank() - (transpose_a ? 2 : 1)];
  const std::int64_t batches = shape.elements() / (m * n);
  std::vector<S> a(static_cast<std::size_t>(m * k));
  std::vector<S> b(static_cast<std::size_t>(k * n));
  std::vector<S> sums(static_cast<std::size_t>(m * n));
  for (std::int64_t batch = 0; batch < batches; ++batch) {
    pack(call.operand<T>(0) + batch * m * k, m, k, transpose_a ? 1 : k, transpose_a ? m : 1,
         a.data());
    pack(call.operand<T>(1) + batch * k * n, k, n, transpose_b ? 1 : n, transpose_b ? k : 1,
         b.data());
    std::fill(sums.begin(), sums.end(), S(0));
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t l = 0; l < k; ++l)
        add_scaled(a[static_cast<std::size_t>(i * k + l)], b.data() + l * n, n,
                   sums.data() + i * n);
    unpack(sums.data(), m, n, n, 1, call.result.as<T>() + batch * m * n);
  }
}

}  // namespace

void matmul(const Call& call) {
  visit(call.operation.dtype, [&]<typename T>(TypeTag<T>) { matmul<T>(call); });
}

}  // namespace evergpu::ir::reference
