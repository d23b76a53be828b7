#include "ops/matmul.h"

#include <fmt/core.h>

#include <algorithm>

#include "ops/failure.h"

namespace evergpu::ops {
namespace {

using ir::Node;
using ir::Shape;
using ir::Value;

Status check(const Shape& a, const Shape& b, const MatMulParameters& parameters) {
  if (a.rank() < 2) return invalid_argument(fmt::format("In[0] ndims must be >= 2: {}", a.rank()));
  if (b.rank() < 2) return invalid_argument(fmt::format("In[1] ndims must be >= 2: {}", b.rank()));
  const std::int64_t inner_a = a[a.rank() - (parameters.transpose_a ? 2 : 1)];
  const std::int64_t inner_b = b[b.rank() - (parameters.transpose_b ? 1 : 2)];
  if (inner_a != inner_b)
    return invalid_argument(
        fmt::format("Matrix size-incompatible: In[0]: {}, In[1]: {}", to_string(a), to_string(b)));
  Shape batch;
  if (!ir::broadcast_shape(Shape(ir::Dims(a.begin(), a.end() - 2)),
                           Shape(ir::Dims(b.begin(), b.end() - 2)), &batch))
    return invalid_argument(
        fmt::format("In[0] and In[1] must have compatible batch dimensions: {} vs. {}",
                    to_string(a), to_string(b)));
  return {};
}

bool is_one_matrix(const Shape& shape) {
  return std::all_of(shape.begin(), shape.end() - 2,
                     [](std::int64_t extent) { return extent == 1; });
}

// a's rows, of all its matrices, times the one matrix b: a single product, and b is not repeated.
Value multiply_rows(const Value& a, const Value& b, bool transpose_b) {
  const Shape& from = a.shape();
  const auto as_matrix = [](const Value& x) {
    const std::int64_t columns = x.shape()[x.shape().rank() - 1];
    const std::int64_t rows = x.shape()[x.shape().rank() - 2];
    const std::int64_t matrices =
        Shape(ir::Dims(x.shape().begin(), x.shape().end() - 2)).elements();
    return ir::reshape(x, Shape{matrices * rows, columns});
  };
  const Value product = ir::matmul(as_matrix(a), as_matrix(b), false, transpose_b);
  ir::Dims extents(static_cast<std::size_t>(std::max(0, b.shape().rank() - from.rank())), 1);
  for (int axis = 0; axis + 1 < from.rank(); ++axis) extents.push_back(from[axis]);
  extents.push_back(product.shape()[1]);
  return ir::reshape(product, Shape(std::move(extents)));
}

}  // namespace

Value matmul(const Value& a, const Value& b, const MatMulParameters& parameters) {
  if (Status status = first_error(a, b); !status.ok()) return Node::failed(status);
  if (a.shape().rank() != b.shape().rank())
    return Node::failed(
        invalid_argument(fmt::format("In[0] and In[1] has different ndims: {} vs. {}",
                                     to_string(a.shape()), to_string(b.shape()))));
  if (a.shape().rank() > 2)
    return Node::failed(
        invalid_argument(fmt::format("In[0] and In[1] must be matrices, but have shapes {} and {}",
                                     to_string(a.shape()), to_string(b.shape()))));
  return batch_matmul(a, b, parameters);
}

Value batch_matmul(const Value& a, const Value& b, const MatMulParameters& parameters) {
  if (Status status = first_error(a, b); !status.ok()) return Node::failed(status);
  if (Status status = check(a.shape(), b.shape(), parameters); !status.ok())
    return Node::failed(status);
  if (!parameters.transpose_a && is_one_matrix(b.shape()) && !is_one_matrix(a.shape()))
    return multiply_rows(a, b, parameters.transpose_b);
  return ir::matmul(a, b, parameters.transpose_a, parameters.transpose_b);
}

}  // namespace evergpu::ops
