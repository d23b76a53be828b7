// Matrix products and Einstein summation.
#include "ops/matmul.h"

#include <fmt/core.h>

#include <algorithm>

#include "ops/einsum.h"
#include "tensorflow/op_table.h"

namespace evergpu::tensorflow {
namespace {

using ir::DType;

Result<Lowering> matmul(const Attributes& attributes) {
  const ops::MatMulParameters parameters{attributes.boolean("transpose_a"),
                                         attributes.boolean("transpose_b")};
  return Lowering([parameters](Call& call) {
    return call.output(0, ops::matmul(call.input(0), call.input(1), parameters));
  });
}

ops::MatMulParameters read_adjoints(const Attributes& attributes) {
  return {attributes.boolean("adj_x"), attributes.boolean("adj_y")};
}

// The first version does not broadcast.
Result<Lowering> batch_matmul_v1(const Attributes& attributes) {
  return Lowering([parameters = read_adjoints(attributes)](Call& call) -> Status {
    const ir::Shape& x = call.shape(0);
    const ir::Shape& y = call.shape(1);
    if (x.rank() != y.rank())
      return invalid_argument(fmt::format("In[0] and In[1] has different ndims: {} vs. {}",
                                          to_string(x), to_string(y)));
    for (int axis = 0; axis + 2 < x.rank(); ++axis)
      if (x[axis] != y[axis])
        return invalid_argument(
            fmt::format("In[0].dim({}) and In[1].dim({}) must be the same: {} vs {}", axis, axis,
                        to_string(x), to_string(y)));
    return call.output(0, ops::batch_matmul(call.input(0), call.input(1), parameters));
  });
}

Result<Lowering> batch_matmul(const Attributes& attributes) {
  return Lowering([parameters = read_adjoints(attributes)](Call& call) {
    return call.output(0, ops::batch_matmul(call.input(0), call.input(1), parameters));
  });
}

// The third version names the result's dtype; products are formed in it.
Result<Lowering> batch_matmul_v3(const Attributes& attributes) {
  const DType dtype = attributes.dtype("Tout");
  return Lowering([parameters = read_adjoints(attributes), dtype](Call& call) {
    return call.output(0, ops::batch_matmul(ir::cast(call.input(0), dtype),
                                            ir::cast(call.input(1), dtype), parameters));
  });
}

Result<Lowering> einsum(const Attributes& attributes) {
  Result<ops::EinsumEquation> equation = ops::parse_einsum(attributes.string("equation"));
  if (!equation.ok()) return equation.status();
  return Lowering([equation = *equation](Call& call) {
    return call.output(0, ops::einsum(equation, call.inputs(0, call.input_count())));
  });
}

constexpr DTypes product_types = numbers - DTypes{DType::i8, DType::i16};
constexpr DTypes batch_v1_types = floats | DTypes{DType::i32, DType::i64};
constexpr DTypes batch_v2_types = product_types | DTypes{DType::i16};

// A row of BatchMatMulV3 for operands of dtypes `in`.
constexpr OpRow batch_v3_row(DTypes in, DType out) {
  return {.op = "BatchMatMulV3",
          .types = {{"Ta", in}, {"Tb", in}, {"Tout", {out}}},
          .make = batch_matmul_v3};
}

constexpr OpRow matmul_table[] = {
    {.op = "BatchMatMul", .types = {{"T", batch_v1_types}}, .make = batch_matmul_v1},
    {.op = "BatchMatMulV2", .types = {{"T", batch_v2_types}}, .make = batch_matmul},
    batch_v3_row({DType::f16}, DType::f16),
    batch_v3_row({DType::bf16}, DType::bf16),
    batch_v3_row({DType::bf16}, DType::f32),
    batch_v3_row({DType::f32}, DType::f32),
    batch_v3_row({DType::f64}, DType::f64),
    batch_v3_row({DType::i16}, DType::i16),
    batch_v3_row({DType::i32}, DType::i32),
    batch_v3_row({DType::i64}, DType::i64),
    batch_v3_row({DType::i8, DType::u8}, DType::i32),
    {.op = "Einsum", .types = {{"T", numbers}}, .make = einsum},
    {.op = "MatMul", .types = {{"T", product_types}}, .make = matmul},
};

}  // namespace

std::span<const OpRow> matmul_rows() { return matmul_table; }

}  // namespace evergpu::tensorflow
