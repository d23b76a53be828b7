// Batch and local response normalization, and biases.
#include "ops/normalization.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "ops/bias.h"
#include "ops/spatial.h"
#include "tensorflow/op_table.h"
#include "tensorflow/spatial_attributes.h"

namespace evergpu::tensorflow {
namespace {

using ir::DType;
using ops::ChannelStatistics;

struct BatchNormAttributes {
  ir::Layout layout = ir::Layout::channels_last;
  int rank = 4;
  double epsilon = 0;
  double new_part = 1;  // exponential_avg_factor
  bool training = true;
};

Result<BatchNormAttributes> read_batch_norm(const Attributes& attributes) {
  Result<ir::Layout> layout = read_layout(attributes);
  if (!layout.ok()) return layout.status();
  return BatchNormAttributes{.layout = *layout,
                             .rank = static_cast<int>(attributes.string("data_format").size()),
                             .epsilon = attributes.number("epsilon"),
                             .new_part = attributes.has("exponential_avg_factor")
                                             ? attributes.number("exponential_avg_factor")
                                             : 1.0,
                             .training = attributes.boolean("is_training")};
}

Status check_image(const ir::Shape& shape, const char* what, const BatchNormAttributes& a) {
  if (shape.rank() == a.rank) return {};
  return invalid_argument(
      fmt::format("{} must be {}-dimensional{}", what, a.rank, to_string(shape)));
}

Status check_channels(const Call& call, int i, const char* what, std::int64_t channels,
                      const char* when = "") {
  const ir::Shape& shape = call.shape(i);
  if (shape.rank() != 1)
    return invalid_argument(fmt::format("{} must be 1-dimensional{}", what, to_string(shape)));
  if (shape[0] != channels)
    return invalid_argument(
        fmt::format("{}{} must have the same number of elements as the channels of x, got {} and "
                    "{}",
                    when, what, shape[0], channels));
  return {};
}

// What the op reports as batch mean and variance: mixed into the running ones, the variance
// unbiased.
ChannelStatistics running_statistics(Call& call, const ChannelStatistics& batch, double count,
                                     double new_part) {
  const double unbiased = count / std::max(count - 1, 1.0);
  ChannelStatistics result{batch.mean, batch.variance * unbiased};
  if (new_part == 1) return result;
  result.mean = call.input(3) * (1 - new_part) + result.mean * new_part;
  result.variance = call.input(4) * (1 - new_part) + result.variance * new_part;
  return result;
}

// x, scale, offset, mean, variance -> y, batch_mean, batch_variance and, for the gradient, mean,
// variance and (V3) an unused tensor.
template <bool third_reserve>
Result<Lowering> batch_norm(const Attributes& attributes) {
  Result<BatchNormAttributes> read = read_batch_norm(attributes);
  if (!read.ok()) return read.status();
  return Lowering([a = *read](Call& call) -> Status {
    const ir::Shape& shape = call.shape(0);
    EVERGPU_RETURN_IF_ERROR(check_image(shape, "input", a));
    const std::int64_t channels = shape[ops::channel_axis(a.layout, a.rank)];
    EVERGPU_RETURN_IF_ERROR(check_channels(call, 1, "scale", channels));
    EVERGPU_RETURN_IF_ERROR(check_channels(call, 2, "offset", channels));
    if (!a.training || a.new_part != 1) {
      const char* when =
          a.training ? "When exponential_avg_factor != 1, " : "When is_training=false, ";
      EVERGPU_RETURN_IF_ERROR(check_channels(call, 3, "mean", channels, when));
      EVERGPU_RETURN_IF_ERROR(check_channels(call, 4, "variance", channels, when));
    }
    const DType channel_dtype = call.dtype(1);
    const ir::Value x = call.input(0);
    EVERGPU_RETURN_IF_ERROR(x.status());
    ChannelStatistics used{call.input(3), call.input(4)};
    ChannelStatistics reported = used;
    if (a.training) {
      used = ops::channel_statistics(x, a.layout);
      const double count =
          channels == 0 ? 0 : static_cast<double>(shape.elements()) / static_cast<double>(channels);
      reported = running_statistics(call, used, count, a.new_part);
    }
    if (shape.elements() == 0) {
      const ir::Value nan =
          ir::full({channels}, ir::constant(DType::f32, std::numeric_limits<double>::quiet_NaN()));
      reported = {nan, nan};
    }
    EVERGPU_RETURN_IF_ERROR(call.output(
        0, ops::batch_normalization(x, used, call.input(1), call.input(2), a.epsilon, a.layout)));
    EVERGPU_RETURN_IF_ERROR(call.output(1, ir::cast(reported.mean, channel_dtype)));
    EVERGPU_RETURN_IF_ERROR(call.output(2, ir::cast(reported.variance, channel_dtype)));
    EVERGPU_RETURN_IF_ERROR(call.output(3, ir::cast(used.mean, channel_dtype)));
    EVERGPU_RETURN_IF_ERROR(call.output(4, ir::cast(used.variance, channel_dtype)));
    if constexpr (third_reserve) return call.output(5, ir::constant(channel_dtype, 0));
    return {};
  });
}

// gradient, x, scale, mean, variance (, unused) -> gradients of x, scale, offset, and two unused
// tensors.
Result<Lowering> batch_norm_gradient(const Attributes& attributes) {
  Result<BatchNormAttributes> read = read_batch_norm(attributes);
  if (!read.ok()) return read.status();
  return Lowering([a = *read](Call& call) -> Status {
    EVERGPU_RETURN_IF_ERROR(check_image(call.shape(0), "y_backprop", a));
    EVERGPU_RETURN_IF_ERROR(check_image(call.shape(1), "x", a));
    if (!(call.shape(0) == call.shape(1)))
      return invalid_argument(
          fmt::format("x and y_backprop must have same shape, but x has shape "
                      "{} and y_backprop has shape {}",
                      to_string(call.shape(1)), to_string(call.shape(0))));
    const std::int64_t channels = call.shape(1)[ops::channel_axis(a.layout, a.rank)];
    EVERGPU_RETURN_IF_ERROR(check_channels(call, 2, "scale", channels));
    EVERGPU_RETURN_IF_ERROR(check_channels(call, 3, "reserve_space_1", channels));
    EVERGPU_RETURN_IF_ERROR(check_channels(call, 4, "reserve_space_2", channels));
    const ops::BatchNormalizationGradients gradients = ops::batch_normalization_gradients(
        call.input(0), call.input(1), {call.input(3), call.input(4)}, call.input(2), a.epsilon,
        a.layout, a.training);
    EVERGPU_RETURN_IF_ERROR(call.output(0, gradients.x));
    EVERGPU_RETURN_IF_ERROR(call.output(1, gradients.scale));
    EVERGPU_RETURN_IF_ERROR(call.output(2, gradients.offset));
    EVERGPU_RETURN_IF_ERROR(call.output(3, ir::zeros(DType::f32, {0})));
    return call.output(4, ir::zeros(DType::f32, {0}));
  });
}

ops::LocalResponseParameters read_local_response(const Attributes& attributes) {
  return {.radius = attributes.integer("depth_radius"),
          .bias = attributes.number("bias"),
          .alpha = attributes.number("alpha"),
          .beta = attributes.number("beta")};
}

Result<Lowering> local_response(const Attributes& attributes) {
  return Lowering([parameters = read_local_response(attributes)](Call& call) -> Status {
    if (call.shape(0).rank() != 4) return invalid_argument("in must be 4-dimensional");
    return call.output(0, ops::local_response_normalization(call.input(0), parameters));
  });
}

Result<Lowering> local_response_gradient(const Attributes& attributes) {
  return Lowering([parameters = read_local_response(attributes)](Call& call) -> Status {
    if (call.shape(0).rank() != 4 || !(call.shape(0) == call.shape(1)) ||
        !(call.shape(0) == call.shape(2)))
      return invalid_argument("input_grads, input_image, and out_image should have the same shape");
    return call.output(0, ops::local_response_normalization_gradient(call.input(1), call.input(2),
                                                                     call.input(0), parameters));
  });
}

Result<Lowering> bias_add(const Attributes& attributes) {
  Result<ir::Layout> layout = read_layout(attributes);
  if (!layout.ok()) return layout.status();
  return Lowering([layout = *layout](Call& call) {
    return call.output(0, ops::bias_add(call.input(0), call.input(1), layout));
  });
}

Result<Lowering> bias_gradient(const Attributes& attributes) {
  Result<ir::Layout> layout = read_layout(attributes);
  if (!layout.ok()) return layout.status();
  return Lowering([layout = *layout](Call& call) {
    return call.output(0, ops::bias_gradient(call.input(0), layout));
  });
}

constexpr DTypes f32_only{DType::f32};
constexpr DTypes three_floats{DType::f16, DType::bf16, DType::f32};

constexpr OpRow normalization_table[] = {
    {.op = "BiasAdd", .types = {{"T", numbers}}, .make = bias_add},
    {.op = "BiasAddGrad", .types = {{"T", numbers}}, .make = bias_gradient},
    {.op = "BiasAddV1", .types = {{"T", numbers}}, .make = bias_add},
    {.op = "FusedBatchNorm", .types = {{"T", f32_only}}, .make = batch_norm<false>},
    {.op = "FusedBatchNormGrad", .types = {{"T", f32_only}}, .make = batch_norm_gradient},
    {.op = "FusedBatchNormGradV2",
     .types = {{"T", three_floats}, {"U", f32_only}},
     .make = batch_norm_gradient},
    {.op = "FusedBatchNormGradV3",
     .types = {{"T", three_floats}, {"U", f32_only}},
     .make = batch_norm_gradient},
    {.op = "FusedBatchNormV2",
     .types = {{"T", three_floats}, {"U", f32_only}},
     .make = batch_norm<false>},
    {.op = "FusedBatchNormV3",
     .types = {{"T", three_floats}, {"U", f32_only}},
     .make = batch_norm<true>},
    {.op = "LRN", .types = {{"T", three_floats}}, .make = local_response},
    {.op = "LRNGrad", .types = {{"T", three_floats}}, .make = local_response_gradient},
};

}  // namespace

std::span<const OpRow> normalization_rows() { return normalization_table; }

}  // namespace evergpu::tensorflow
