// Matrix multiplication with oneDNN: transposes are strides, batch axes become one.
#include "adapters/host/contraction.h"
#include "adapters/host/onednn.h"
#include "adapters/host/threads.h"

namespace evergpu::adapters::host {

#ifdef EVERGPU_ONEDNN

namespace {

using dnnl::memory;

// [batch, rows, columns], or without the batch when it is one; `transposed`: with the last two axes
// exchanged, by strides.
memory::desc matrix(const ir::Shape& shape, bool transposed, memory::data_type type) {
  const std::int64_t rows = shape[shape.rank() - 2];
  const std::int64_t columns = shape[shape.rank() - 1];
  const std::int64_t batch = shape.elements() / (rows * columns);
  memory::dims dims{batch, rows, columns};
  memory::dims strides{rows * columns, columns, 1};
  if (transposed) {
    std::swap(dims[1], dims[2]);
    std::swap(strides[1], strides[2]);
  }
  if (batch == 1) {
    dims.erase(dims.begin());
    strides.erase(strides.begin());
  }
  return {dims, type, strides};
}

}  // namespace

MadeLibrary make_onednn_matmul(const compiler::Library& library) {
  const auto type = onednn::data_type(library.operation.dtype);
  if (!type) return nullptr;
  const auto& attributes = library.operation.get<ir::MatMul>();
  const memory::desc source = matrix(library.operand_shapes[0], attributes.transpose_a, *type);
  const memory::desc weights = matrix(library.operand_shapes[1], attributes.transpose_b, *type);
  const memory::desc target = matrix(library.operation.shape, false, *type);
  const std::int64_t depth = source.get_dims().back();
  const bool small = onednn::is_small(library.operation.shape.elements() * depth);
  try {
    std::optional<OneThread> alone;
    if (small) alone.emplace();
    const dnnl::matmul::primitive_desc description(onednn::engine(), source, weights, target,
                                                   onednn::attributes(), true);
    if (!description || !onednn::is_fast(description.impl_info_str())) return nullptr;
    return onednn::make_primitive(
        dnnl::matmul(description), description.scratchpad_desc().get_size(),
        {{DNNL_ARG_SRC, source, source}, {DNNL_ARG_WEIGHTS, weights, weights}},
        {DNNL_ARG_DST, target, target}, small);
  } catch (const dnnl::error&) {
    return nullptr;
  }
}

#else

MadeLibrary make_onednn_matmul(const compiler::Library&) { return nullptr; }

#endif

}  // namespace evergpu::adapters::host
