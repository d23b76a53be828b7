// Linear algebra beyond products: small matrices, which TensorFlow brings to host memory for us.
#include "ops/linear_algebra.h"

#include "tensorflow/op_table.h"
#include "tensorflow/ops/captured.h"

namespace evergpu::tensorflow {
namespace {

using ir::DType;

Result<Lowering> qr(const Attributes& attributes) {
  return Lowering([full = attributes.boolean("full_matrices")](Call& call) -> Status {
    const Result<ops::Qr> factors = ops::qr(call.host(0), full);
    if (!factors.ok()) return factors.status();
    EVERGPU_RETURN_IF_ERROR(call.output(0, captured(call, factors->q)));
    return call.output(1, captured(call, factors->r));
  });
}

constexpr OpRow linear_algebra_table[] = {
    {.op = "Qr",  // Keras: orthogonal initializers, as of every recurrent layer
     .types = {{"T", {DType::f32, DType::f64}}},
     .host_arguments = {"input"},
     .make = qr},
};

}  // namespace

std::span<const OpRow> linear_algebra_rows() { return linear_algebra_table; }

}  // namespace evergpu::tensorflow
