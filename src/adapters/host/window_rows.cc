#include "adapters/host/window_rows.h"

#include <algorithm>
#include <cstring>

#include "adapters/host/pooling.h"

namespace evergpu::adapters::host {
namespace {

constexpr std::int64_t least_row = 64;  // elements of a result

// Offsets of all indices in `extents`, row-major, where an index along axis a is strides[a] long.
std::vector<std::int64_t> offsets_of(const ir::Dims& extents, const ir::Dims& strides) {
  std::vector<std::int64_t> offsets{0};
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    std::vector<std::int64_t> more;
    for (const std::int64_t offset : offsets)
      for (std::int64_t i = 0; i < extents[axis]; ++i) more.push_back(offset + i * strides[axis]);
    offsets = std::move(more);
  }
  return offsets;
}

}  // namespace

WindowRows::WindowRows(const ir::Window& window, const ir::Shape& input, const ir::Shape& output,
                       ir::DType dtype)
    : is_maximum_(window.op == ir::ReduceOp::maximum),
      size_(static_cast<std::int64_t>(ir::size_of(dtype))),
      kernels_(window_kernels(window.op, dtype)) {
  const Pooling p = pooling_of(window, input, output);
  const std::size_t rank = p.window.size();
  images_ = p.images;
  ir::Dims elements = ir::Shape(p.input).strides();  // from index to index of the input
  for (std::int64_t& count : elements) count *= p.channels;
  image_elements_ = p.input_positions() * p.channels;
  // Windows over one axis of few channels are a row together.
  const bool one_row = rank == 1 && p.channels < least_row;
  rows_ = one_row ? 1 : p.output[0];
  row_elements_ = one_row ? image_elements_ : p.strides[0] * elements[0];
  for (std::size_t axis = 0; axis < rank; ++axis)
    covered_ &=
        p.strides[axis] == p.window[axis] && p.output[axis] * p.strides[axis] == p.input[axis];
  taps_ = offsets_of(p.window, elements);
  // Between the row's axis, whose one index is the row, and that of a line's positions.
  ir::Dims counts;
  ir::Dims steps;
  for (std::size_t axis = 1; axis + 1 < rank; ++axis) {
    counts.push_back(p.output[axis]);
    steps.push_back(p.strides[axis] * elements[axis]);
  }
  lines_ = offsets_of(counts, steps);
  positions_ = {rank == 1 && !one_row ? 1 : p.output[rank - 1], p.channels,
                p.channels * p.strides[rank - 1]};
  line_ = positions_.count * p.channels;
}

std::int64_t WindowRows::row_of(std::int64_t element) const {
  return element / image_elements_ * rows_ +
         std::min(element % image_elements_ / row_elements_, rows_ - 1);
}

void WindowRows::reduce(std::int64_t first, std::int64_t end, const std::byte* input,
                        std::byte* pooled) const {
  for (std::int64_t row = first; row < end; ++row) {
    const std::byte* const from = input + (begin(row) - begin(first)) * size_;
    for (const std::int64_t line : lines_) {
      kernels_.reduce(positions_, taps_, from + line * size_, pooled);
      pooled += line_ * size_;
    }
  }
}

void WindowRows::gradient(std::int64_t first, std::int64_t end, const std::byte* input,
                          const std::byte* pooled, std::byte* result) const {
  const std::int64_t start = begin(first);
  if (!covered_) std::memset(result, 0, static_cast<std::size_t>((begin(end) - start) * size_));
  for (std::int64_t row = first; row < end; ++row) {
    const std::int64_t part = (begin(row) - start) * size_;
    for (const std::int64_t line : lines_) {
      const std::int64_t at = part + line * size_;
      if (is_maximum_)
        kernels_.give_to_first(positions_, taps_, input + at, pooled, result + at);
      else
        kernels_.give_to_all(positions_, taps_, pooled, result + at);
      pooled += line_ * size_;
    }
  }
}

}  // namespace evergpu::adapters::host
