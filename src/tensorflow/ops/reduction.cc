// Reductions over axes that are known in host memory.
//
// int32 tensors are reduced in host memory, as TensorFlow's CUDA kernels do: they are shapes. Where
// TensorFlow has a kernel for that, it is left to it.
#include "ops/reduction.h"

#include "tensorflow/op_table.h"
#include "tensorflow/ops/apply.h"

namespace evergpu::tensorflow {
namespace {

using ir::ReduceOp;
using ir::Value;

// `function` reduces a value over axes, and keeps these or not.
template <auto function>
Result<Lowering> over_axes(const Attributes& attributes) {
  return Lowering([keep = attributes.boolean("keep_dims")](Call& call) {
    return call.output(0, function(call.input(0), call.integers(1), keep));
  });
}

template <ReduceOp op>
constexpr auto reduce = over_axes<[](const Value& x, const ir::Dims& axes, bool keep) {
  return ops::reduce(op, x, axes, keep);
}>;

constexpr OpRow reduction_table[] = {
    {.op = "All", .host_arguments = {"reduction_indices"}, .make = reduce<ReduceOp::all>},
    {.op = "Any", .host_arguments = {"reduction_indices"}, .make = reduce<ReduceOp::any>},
    {.op = "EuclideanNorm",
     .types = {{"T", floats}},
     .host_arguments = {"reduction_indices"},
     .make = over_axes<ops::euclidean_norm>},
    {.op = "L2Loss", .types = {{"T", floats}}, .make = apply<ops::half_sum_of_squares>},
    {.op = "Max",
     .types = {{"T", numbers - i32_only}},
     .host_arguments = {"reduction_indices"},
     .make = reduce<ReduceOp::maximum>},
    {.op = "Mean",
     .types = {{"T", numbers}},
     .host_arguments = {"reduction_indices"},
     .make = over_axes<ops::mean>},
    {.op = "Min",
     .types = {{"T", numbers - i32_only}},
     .host_arguments = {"reduction_indices"},
     .make = reduce<ReduceOp::minimum>},
    {.op = "Prod",
     .types = {{"T", numbers}},
     .host_arguments = {"reduction_indices"},
     .host_when = i32_only,
     .host_when_arguments = {"input", "output"},
     .make = reduce<ReduceOp::product>},
    {.op = "Sum",
     .types = {{"T", numbers}},
     .host_arguments = {"reduction_indices"},
     .host_when = i32_only,
     .host_when_arguments = {"input", "output"},
     .make = reduce<ReduceOp::sum>},
};

}  // namespace

std::span<const OpRow> reduction_rows() { return reduction_table; }

}  // namespace evergpu::tensorflow
