// XLA's operations as single ops, for which TensorFlow has kernels on every GPU that crash on ours.
// Those that Keras and the Python API of XLA's slices use are computed; the others end in an error.
#include <algorithm>

#include "ops/strided_slice.h"
#include "tensorflow/op_table.h"

namespace evergpu::tensorflow {
namespace {

constexpr const char* no_compiler = "it needs XLA's compiler, which does not know this device";

// A part of `extents`, moved inside of `shape` where it begins before or ends after it, as XLA's
// semantics ask (https://openxla.org/xla/operation_semantics#dynamicslice).
Result<ops::StridedSliceParameters> part_of(const ir::Shape& shape, const ir::Dims& starts,
                                            const ir::Dims& extents) {
  const auto rank = static_cast<std::size_t>(shape.rank());
  if (starts.size() != rank || extents.size() != rank)
    return invalid_argument("start indices and the part must have the rank of the input");
  ops::StridedSliceParameters part;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t room = shape.extents()[i] - extents[i];
    if (room < 0) return invalid_argument("the part must not be larger than the input");
    part.begin.push_back(std::clamp<std::int64_t>(starts[i], 0, room));
    part.end.push_back(part.begin[i] + extents[i]);
    part.strides.push_back(1);
  }
  return part;
}

// (input, start_indices, size_indices)
Result<Lowering> dynamic_slice(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    const auto part = part_of(call.shape(0), call.integers(1), call.integers(2));
    if (!part.ok()) return part.status();
    return call.output(0, ops::strided_slice(call.input(0), *part));
  });
}

// (input, update, indices)
Result<Lowering> dynamic_update_slice(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    const auto part = part_of(call.shape(0), call.integers(2), call.shape(1).extents());
    if (!part.ok()) return part.status();
    return call.output(0, ops::strided_slice_update(call.input(0), call.input(1), *part));
  });
}

constexpr OpRow xla_table[] = {
    {.op = "XlaBroadcastHelper", .refusal = no_compiler},
    {.op = "XlaCallModule", .refusal = no_compiler},
    {.op = "XlaConv", .refusal = no_compiler},
    {.op = "XlaConvV2", .refusal = no_compiler},
    {.op = "XlaDequantize", .refusal = no_compiler},
    {.op = "XlaDot", .refusal = no_compiler},
    {.op = "XlaDotV2", .refusal = no_compiler},
    {.op = "XlaDynamicSlice",
     .types = {{"T", all_types}, {"Tindices", index_types}},
     .host_arguments = {"start_indices", "size_indices"},
     .make = dynamic_slice},
    {.op = "XlaDynamicUpdateSlice",
     .types = {{"T", all_types}, {"Tindices", index_types}},
     .host_arguments = {"indices"},
     .make = dynamic_update_slice},
    {.op = "XlaEinsum", .refusal = no_compiler},
    {.op = "XlaGather", .refusal = no_compiler},
    {.op = "XlaKeyValueSort", .refusal = no_compiler},
    {.op = "XlaOptimizationBarrier", .refusal = no_compiler},
    {.op = "XlaPad", .refusal = no_compiler},
    {.op = "XlaReduce", .refusal = no_compiler},
    {.op = "XlaReducePrecision", .refusal = no_compiler},
    {.op = "XlaReduceWindow", .refusal = no_compiler},
    {.op = "XlaRngBitGenerator", .refusal = no_compiler},
    {.op = "XlaScatter", .refusal = no_compiler},
    {.op = "XlaSelectAndScatter", .refusal = no_compiler},
    {.op = "XlaSelfAdjointEig", .refusal = no_compiler},
    {.op = "XlaSort", .refusal = no_compiler},
    {.op = "XlaSvd", .refusal = no_compiler},
    {.op = "XlaVariadicReduce", .refusal = no_compiler},
    {.op = "XlaVariadicReduceV2", .refusal = no_compiler},
    {.op = "XlaVariadicSort", .refusal = no_compiler},
};

}  // namespace

std::span<const OpRow> xla_rows() { return xla_table; }

}  // namespace evergpu::tensorflow
