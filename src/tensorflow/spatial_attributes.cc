#include "tensorflow/spatial_attributes.h"

#include <fmt/core.h>

namespace evergpu::tensorflow {

Result<ir::Layout> read_layout(const Attributes& attributes) {
  if (!attributes.has("data_format")) return ir::Layout::channels_last;
  const std::string format = attributes.string("data_format");
  if (format == "NHWC" || format == "NDHWC" || format == "CHANNELS_LAST")
    return ir::Layout::channels_last;
  if (format == "NCHW" || format == "NCDHW" || format == "CHANNELS_FIRST")
    return ir::Layout::channels_first;
  return unimplemented(fmt::format("evergpu has no kernels for data_format {}", format));
}

Result<ops::Padding> read_padding(const Attributes& attributes, ir::Layout layout, int rank) {
  const std::string scheme = attributes.string("padding");
  if (scheme == "VALID") return ops::Padding{.scheme = ops::PaddingScheme::valid};
  if (scheme == "SAME") return ops::Padding{.scheme = ops::PaddingScheme::same};
  if (scheme != "EXPLICIT") return invalid_argument(fmt::format("Unknown padding {}", scheme));

  const std::vector<std::int64_t> amounts = attributes.integers("explicit_paddings");
  const auto axes = static_cast<std::size_t>(rank);
  if (amounts.size() != 2 * axes)
    return invalid_argument(
        fmt::format("explicit_paddings attribute must contain {} values, but got: {}", 2 * axes,
                    amounts.size()));
  const auto channel = static_cast<std::size_t>(ops::channel_axis(layout, rank));
  ops::Padding padding{.scheme = ops::PaddingScheme::given};
  for (std::size_t axis = 0; axis < axes; ++axis) {
    const std::int64_t low = amounts[2 * axis];
    const std::int64_t high = amounts[2 * axis + 1];
    if (low < 0 || high < 0)
      return invalid_argument(fmt::format(
          "All elements of explicit_paddings must be nonnegative, but got ({}, {})", low, high));
    if ((axis == 0 || axis == channel) && (low != 0 || high != 0))
      return invalid_argument(
          "Nonzero explicit padding in the batch or depth dimensions is not supported");
    padding.low.push_back(low);
    padding.high.push_back(high);
  }
  return padding;
}

Result<ir::Dims> read_per_axis(const Attributes& attributes, const char* name, int rank) {
  const std::vector<std::int64_t> list = attributes.integers(name);
  if (list.size() != static_cast<std::size_t>(rank))
    return invalid_argument(
        fmt::format("Sliding window {} field must specify {} dimensions", name, rank));
  return ir::Dims(list.begin(), list.end());
}

ir::Dims spatial_part(const ir::Dims& per_axis, ir::Layout layout) {
  const int rank = static_cast<int>(per_axis.size());
  const int first = ops::first_spatial_axis(layout);
  return ir::Dims(per_axis.begin() + first, per_axis.begin() + first + rank - 2);
}

}  // namespace evergpu::tensorflow
