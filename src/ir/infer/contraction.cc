// Result types of matrix products and convolutions.
#include "ir/infer/infer.h"

namespace evergpu::ir {

Result<Shape> convolution_shape(const Convolution& attributes, const Shape& input,
                                const Shape& filter) {
  using infer_detail::invalid;
  const std::size_t spatial = attributes.strides.size();
  const int rank = static_cast<int>(spatial) + 2;
  if (spatial == 0 || attributes.dilations.size() != spatial ||
      attributes.pad_low.size() != spatial || attributes.pad_high.size() != spatial)
    return invalid("strides, dilations and paddings differ in number");
  if (input.rank() != rank || filter.rank() != rank)
    return invalid("input {} and filter {} for {} spatial axes", to_string(input),
                   to_string(filter), spatial);
  const bool last = attributes.layout == Layout::channels_last;
  const std::int64_t channels_in = input[last ? rank - 1 : 1];
  const std::int64_t channels_out = filter[rank - 1];
  const std::int64_t groups = attributes.groups;
  if (groups < 1 || channels_in != filter[rank - 2] * groups || channels_out % groups != 0)
    return invalid("input {}, filter {} and {} groups", to_string(input), to_string(filter),
                   groups);
  Dims extents = input.extents();
  extents[static_cast<std::size_t>(last ? rank - 1 : 1)] = channels_out;
  for (std::size_t i = 0; i < spatial; ++i) {
    if (attributes.strides[i] < 1 || attributes.dilations[i] < 1 || attributes.pad_low[i] < 0 ||
        attributes.pad_high[i] < 0)
      return invalid("stride {}, dilation {} and padding {}, {} of spatial axis {}",
                     attributes.strides[i], attributes.dilations[i], attributes.pad_low[i],
                     attributes.pad_high[i], i);
    std::int64_t& extent = extents[last ? i + 1 : i + 2];
    const std::int64_t taps = filter.extents()[i];
    const std::int64_t reach = taps > 0 ? (taps - 1) * attributes.dilations[i] + 1 : 0;
    const std::int64_t room = extent + attributes.pad_low[i] + attributes.pad_high[i] - reach;
    extent = room < 0 ? 0 : room / attributes.strides[i] + 1;
  }
  return Shape(std::move(extents));
}

namespace infer_detail {
namespace {

Status infer_matmul(Operation& operation, const OperandType& a, const OperandType& b) {
  const auto& [transpose_a, transpose_b] = operation.get<MatMul>();
  const int rank = a.rank();
  bool fits = rank >= 2 && b.rank() == rank;
  for (int axis = 0; fits && axis < rank - 2; ++axis) fits = (*a.shape)[axis] == (*b.shape)[axis];
  if (!fits || (*a.shape)[rank - (transpose_a ? 2 : 1)] != (*b.shape)[rank - (transpose_b ? 1 : 2)])
    return invalid("{}{} and {}{}", describe(a), transpose_a ? " transposed" : "", describe(b),
                   transpose_b ? " transposed" : "");
  Dims extents = a.shape->extents();
  const auto last = static_cast<std::size_t>(rank - 1);
  extents[last - 1] = (*a.shape)[rank - (transpose_a ? 1 : 2)];
  extents[last] = (*b.shape)[rank - (transpose_b ? 2 : 1)];
  operation.shape = Shape(std::move(extents));
  return {};
}

Status infer_convolution(Operation& operation, const Shape& input, const Shape& filter,
                         const Shape* gradient) {
  const Result<Shape> result = convolution_shape(operation.get<Convolution>(), input, filter);
  if (!result.ok()) return result.status();
  if (gradient == nullptr) {
    operation.shape = *result;
  } else if (*gradient != *result) {
    return invalid("the gradient must be {}, not {}", to_string(*result), to_string(*gradient));
  }
  return {};
}

}  // namespace

Status infer_contraction(Operation& operation, OperandTypes operands) {
  const OperandType& a = operands[0];
  const OperandType& b = operands[1];
  if (a.dtype != b.dtype || a.dtype == DType::boolean)
    return invalid("no product of {} and {}", describe(a), describe(b));
  operation.dtype = a.dtype;
  switch (operation.kind) {
    case Kind::matmul:
      return infer_matmul(operation, a, b);
    case Kind::convolution:
      return infer_convolution(operation, *a.shape, *b.shape, nullptr);
    case Kind::convolution_input:
      return infer_convolution(operation, operation.shape, *a.shape, b.shape);
    default:
      return infer_convolution(operation, *a.shape, operation.shape, b.shape);
  }
}

}  // namespace infer_detail
}  // namespace evergpu::ir
