// Maximum and average pooling, and their gradients.
#include "ops/pooling.h"

#include <fmt/core.h>

#include "tensorflow/op_table.h"
#include "tensorflow/spatial_attributes.h"

namespace evergpu::tensorflow {
namespace {

using ops::PoolingParameters;

Status check_windows(const PoolingParameters& parameters) {
  if (parameters.extents.size() != parameters.strides.size() || parameters.extents.empty())
    return invalid_argument("Sliding window ksize and strides must have the rank of the image");
  if (parameters.extents[0] != 1 || parameters.strides[0] != 1)
    return unimplemented("Pooling is not yet supported on the batch dimension.");
  return {};
}

// Padding as wide as a window would make results of nothing else.
Status check_given_padding(const PoolingParameters& parameters, ir::Layout layout) {
  constexpr const char* names[2][2] = {{"Top", "Bottom"}, {"Left", "Right"}};
  for (std::size_t i = 0; i < 2; ++i) {
    const std::size_t axis = i + static_cast<std::size_t>(ops::first_spatial_axis(layout));
    const std::int64_t amounts[] = {parameters.padding.low[axis], parameters.padding.high[axis]};
    for (std::size_t side = 0; side < 2; ++side)
      if (amounts[side] >= parameters.extents[axis])
        return invalid_argument(
            fmt::format("{} padding {} needs to be smaller than the window size {}", names[i][side],
                        amounts[side], parameters.extents[axis]));
  }
  return {};
}

Result<PoolingParameters> read_parameters(const Attributes& attributes, int rank) {
  Result<ir::Layout> layout = read_layout(attributes);
  if (!layout.ok()) return layout.status();
  Result<ir::Dims> extents = read_per_axis(attributes, "ksize", rank);
  if (!extents.ok()) return extents.status();
  Result<ir::Dims> strides = read_per_axis(attributes, "strides", rank);
  if (!strides.ok()) return strides.status();
  Result<ops::Padding> padding = read_padding(attributes, *layout, rank);
  if (!padding.ok()) return padding.status();
  PoolingParameters parameters{.extents = *extents, .strides = *strides, .padding = *padding};
  EVERGPU_RETURN_IF_ERROR(check_windows(parameters));
  if (padding->scheme == ops::PaddingScheme::given)
    EVERGPU_RETURN_IF_ERROR(check_given_padding(parameters, *layout));
  return parameters;
}

using Pool = ir::Value (*)(Call&, const PoolingParameters&);

ir::Value max_pool(Call& call, const PoolingParameters& parameters) {
  return ops::max_pool(call.input(0), parameters);
}
// Inputs of both gradients: the pooled operand, the result, the incoming gradient.
ir::Value max_pool_gradient(Call& call, const PoolingParameters& parameters) {
  return ops::max_pool_gradient(call.input(0), call.shape(1), call.input(2), parameters);
}
ir::Value max_pool_gradient_gradient(Call& call, const PoolingParameters& parameters) {
  return ops::pick_at_maximum(call.input(0), call.shape(1), call.input(2), parameters);
}
ir::Value average_pool(Call& call, const PoolingParameters& parameters) {
  return ops::average_pool(call.input(0), parameters);
}
ir::Value average_pool_gradient(Call& call, const PoolingParameters& parameters) {
  return ops::average_pool_gradient(ir::Shape(call.integers(0)), call.input(1), parameters);
}

// Window extents and strides are attributes.
template <int rank, Pool pool>
Result<Lowering> with_attributes(const Attributes& attributes) {
  Result<PoolingParameters> parameters = read_parameters(attributes, rank);
  if (!parameters.ok()) return parameters.status();
  return Lowering(
      [parameters = *parameters](Call& call) { return call.output(0, pool(call, parameters)); });
}

// The V2 ops: window extents and strides are the last two inputs.
template <int first_window_input, Pool pool>
Result<Lowering> with_window_inputs(const Attributes& attributes) {
  Result<ir::Layout> layout = read_layout(attributes);
  if (!layout.ok()) return layout.status();
  Result<ops::Padding> padding = read_padding(attributes, *layout, 4);
  if (!padding.ok()) return padding.status();
  return Lowering([padding = *padding](Call& call) -> Status {
    const PoolingParameters parameters{.extents = call.integers(first_window_input),
                                       .strides = call.integers(first_window_input + 1),
                                       .padding = padding};
    EVERGPU_RETURN_IF_ERROR(check_windows(parameters));
    return call.output(0, pool(call, parameters));
  });
}

// x -> maxima, and their flattened positions in the whole batch or in their own image.
Result<Lowering> max_pool_with_argmax(const Attributes& attributes) {
  Result<PoolingParameters> parameters = read_parameters(attributes, 4);
  if (!parameters.ok()) return parameters.status();
  const ir::DType index_dtype = attributes.dtype("Targmax");
  const bool include_batch = attributes.boolean("include_batch_in_index");
  return Lowering([parameters = *parameters, index_dtype, include_batch](Call& call) -> Status {
    const ir::Value x = call.input(0);
    EVERGPU_RETURN_IF_ERROR(call.output(0, ops::max_pool(x, parameters)));
    return call.output(1, ops::max_pool_positions(x, index_dtype, include_batch, parameters));
  });
}

// MaxPoolGradWithArgmax: x, gradient, positions.
Result<Lowering> max_pool_gradient_at(const Attributes& attributes) {
  const bool include_batch = attributes.boolean("include_batch_in_index");
  return Lowering([include_batch](Call& call) -> Status {
    const ir::Shape& shape = call.shape(0);
    if (shape.rank() != 4) return invalid_argument("tensor_in must be 4-dimensional");
    if (!(call.shape(1) == call.shape(2)) || call.shape(1).rank() != 4 ||
        call.shape(1)[0] != shape[0])
      return invalid_argument("gradient and argmax must have the shape of the pooled result");
    return call.output(0,
                       ops::scatter_to_maxima(shape, call.input(1), call.input(2), include_batch));
  });
}

constexpr DTypes pooled = numbers - DTypes{ir::DType::u32, ir::DType::u64};
constexpr DTypes three_floats{ir::DType::f16, ir::DType::bf16, ir::DType::f32};

constexpr OpRow pooling_table[] = {
    {.op = "AvgPool", .types = {{"T", floats}}, .make = with_attributes<4, average_pool>},
    {.op = "AvgPool3D", .types = {{"T", floats}}, .make = with_attributes<5, average_pool>},
    {.op = "AvgPool3DGrad",
     .types = {{"T", floats}},
     .host_arguments = {"orig_input_shape"},
     .make = with_attributes<5, average_pool_gradient>},
    {.op = "AvgPoolGrad",
     .types = {{"T", floats}},
     .host_arguments = {"orig_input_shape"},
     .make = with_attributes<4, average_pool_gradient>},
    {.op = "MaxPool", .types = {{"T", pooled}}, .make = with_attributes<4, max_pool>},
    {.op = "MaxPool3D", .types = {{"T", three_floats}}, .make = with_attributes<5, max_pool>},
    {.op = "MaxPool3DGrad",
     .types = {{"T", three_floats}, {"TInput", three_floats}},
     .make = with_attributes<5, max_pool_gradient>},
    {.op = "MaxPool3DGradGrad",
     .types = {{"T", numbers}},
     .make = with_attributes<5, max_pool_gradient_gradient>},
    {.op = "MaxPoolGrad", .types = {{"T", numbers}}, .make = with_attributes<4, max_pool_gradient>},
    {.op = "MaxPoolGradGrad",
     .types = {{"T", numbers}},
     .make = with_attributes<4, max_pool_gradient_gradient>},
    {.op = "MaxPoolGradGradV2",
     .types = {{"T", numbers}},
     .host_arguments = {"ksize", "strides"},
     .make = with_window_inputs<3, max_pool_gradient_gradient>},
    {.op = "MaxPoolGradWithArgmax",
     .types = {{"T", numbers}, {"Targmax", index_types}},
     .make = max_pool_gradient_at},
    {.op = "MaxPoolGradV2",
     .types = {{"T", numbers}},
     .host_arguments = {"ksize", "strides"},
     .make = with_window_inputs<3, max_pool_gradient>},
    {.op = "MaxPoolV2",
     .types = {{"T", pooled}},
     .host_arguments = {"ksize", "strides"},
     .make = with_window_inputs<1, max_pool>},
    {.op = "MaxPoolWithArgmax",
     .types = {{"T", numbers}, {"Targmax", index_types}},
     .make = max_pool_with_argmax},
};

}  // namespace

std::span<const OpRow> pooling_rows() { return pooling_table; }

}  // namespace evergpu::tensorflow
