// Softmax and cross entropies.
#include "ops/loss.h"

#include <fmt/core.h>

#include "tensorflow/op_table.h"

namespace evergpu::tensorflow {
namespace {

template <ir::Value (*function)(const ir::Value&)>
Result<Lowering> along_last_axis(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    if (call.shape(0).rank() < 1)
      return invalid_argument(
          fmt::format("logits must have >= 1 dimension, got {}", to_string(call.shape(0))));
    return call.output(0, function(call.input(0)));
  });
}

template <ops::LossAndGradient (*function)(const ir::Value&, const ir::Value&)>
Result<Lowering> cross_entropy(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    const ops::LossAndGradient result = function(call.input(0), call.input(1));
    EVERGPU_RETURN_IF_ERROR(call.output(0, result.loss));
    return call.output(1, result.gradient);
  });
}

constexpr OpRow loss_table[] = {
    {.op = "LogSoftmax", .types = {{"T", floats}}, .make = along_last_axis<ops::log_softmax>},
    {.op = "Softmax", .types = {{"T", floats}}, .make = along_last_axis<ops::softmax>},
    {.op = "SoftmaxCrossEntropyWithLogits",
     .types = {{"T", floats}},
     .make = cross_entropy<ops::softmax_cross_entropy>},
    {.op = "SparseSoftmaxCrossEntropyWithLogits",
     .types = {{"T", floats}, {"Tlabels", index_types}},
     .make = cross_entropy<ops::sparse_softmax_cross_entropy>},
};

}  // namespace

std::span<const OpRow> loss_rows() { return loss_table; }

}  // namespace evergpu::tensorflow
