// Matrix multiplication with oneDNN: transposes are strides, dense batch axes become one.
#include "adapters/host/contraction.h"
#include "adapters/host/onednn.h"
#include "adapters/host/threads.h"

namespace evergpu::adapters::host {

#ifdef EVERGPU_ONEDNN

namespace {

using dnnl::memory;

// A batch axis of both operands and the result, with their strides.
struct BatchAxis {
  std::int64_t extent;
  std::int64_t strides[3];
};

// Neighbours become one where they lie that way in all three.
std::vector<BatchAxis> batch_axes(const compiler::Library& library) {
  const ir::Shape& shape = library.operation.shape;
  const ir::Dims strides[] = {library.strides(0), library.strides(1), shape.strides()};
  std::vector<BatchAxis> axes;
  for (std::size_t axis = 0; axis + 2 < shape.extents().size(); ++axis) {
    const std::int64_t extent = shape.extents()[axis];
    if (extent == 1) continue;
    const BatchAxis next{extent, {strides[0][axis], strides[1][axis], strides[2][axis]}};
    const auto continues = [&](int i) {
      return axes.back().strides[i] == next.strides[i] * extent;
    };
    if (!axes.empty() && continues(0) && continues(1) && continues(2))
      axes.back() = {axes.back().extent * extent,
                     {next.strides[0], next.strides[1], next.strides[2]}};
    else
      axes.push_back(next);
  }
  return axes;
}

// Array i of three as [batch…, rows, columns]; `transposed`: with the last two axes exchanged. A
// batch axis that repeats one matrix has the extent 1.
memory::desc matrices(const std::vector<BatchAxis>& batch, int i, const ir::Shape& shape,
                      const ir::Dims& all_strides, bool transposed, memory::data_type type) {
  const std::size_t last = all_strides.size() - 1;
  memory::dims dims;
  memory::dims strides;
  for (const BatchAxis& axis : batch) {
    const bool repeats = axis.strides[i] == 0;
    dims.push_back(repeats ? 1 : axis.extent);
    strides.push_back(repeats ? shape.elements() : axis.strides[i]);
  }
  for (std::size_t axis : {transposed ? last : last - 1, transposed ? last - 1 : last}) {
    dims.push_back(shape.extents()[axis]);
    strides.push_back(all_strides[axis]);
  }
  return {dims, type, strides};
}

std::int64_t multiplications(const compiler::Library& library) {
  const ir::Shape& a = library.operand_shapes[0];
  const bool transposed = library.operation.get<ir::MatMul>().transpose_a;
  return library.operation.shape.elements() * a[a.rank() - (transposed ? 2 : 1)];
}

MadeLibrary make_product(const compiler::Library& library) {
  const auto type = onednn::data_type(library.operation.dtype);
  if (!type) return nullptr;
  const auto& attributes = library.operation.get<ir::MatMul>();
  const ir::Shape& shape = library.operation.shape;
  const ir::Shape& a = library.operand_shapes[0];
  const bool small = onednn::is_small(multiplications(library));
  try {
    const std::vector<BatchAxis> batch = batch_axes(library);
    const memory::desc source =
        matrices(batch, 0, a, library.strides(0), attributes.transpose_a, *type);
    const memory::desc weights = matrices(batch, 1, library.operand_shapes[1], library.strides(1),
                                          attributes.transpose_b, *type);
    const memory::desc target = matrices(batch, 2, shape, shape.strides(), false, *type);
    const OneThread alone(small);
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

}  // namespace

MadeLibrary make_onednn_matmul(const compiler::Library& library) {
  if (onednn::is_small(multiplications(library)))
    if (MadeLibrary made = make_matmul_by_rows(library, make_product)) return made;
  return make_product(library);
}

#else

MadeLibrary make_onednn_matmul(const compiler::Library&) { return nullptr; }

#endif

}  // namespace evergpu::adapters::host
