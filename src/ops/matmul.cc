#include "ops/matmul.h"

#include <fmt/core.h>

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
  return ir::matmul(a, b, parameters.transpose_a, parameters.transpose_b);
}

}  // namespace evergpu::ops
