// Sliding windows: which elements of the input each tap of a window meets.
#pragma once

#include <algorithm>
#include <array>

#include "ir/evaluate/strided.h"

namespace evergpu::ir::reference {

/// Tap t of output position o looks at input position o * strides + t * dilations - pad_low.
struct Sliding {
  Shape input;
  Shape output;
  Shape window;
  Dims strides;
  Dims dilations;
  Dims pad_low;
};

/// For each tap, in row-major order, and each row of output positions that it meets inside the
/// input: row(tap, count, output, input, output_step, input_step), all as flat positions.
template <typename Row>
void for_each_tap(const Sliding& sliding, Row&& row) {
  const auto rank = static_cast<std::size_t>(sliding.window.rank());
  const Dims input_strides = sliding.input.strides();
  const Dims output_strides = sliding.output.strides();
  Dims input_steps(rank);
  for (std::size_t i = 0; i < rank; ++i) input_steps[i] = input_strides[i] * sliding.strides[i];

  Dims at(rank, 0);  // the tap
  const std::int64_t taps = sliding.window.elements();
  for (std::int64_t tap = 0; tap < taps; ++tap) {
    Dims extents(rank);
    std::int64_t output = 0;
    std::int64_t input = 0;
    for (std::size_t i = 0; i < rank; ++i) {
      const std::int64_t stride = sliding.strides[i];
      const std::int64_t shift = at[i] * sliding.dilations[i] - sliding.pad_low[i];
      const std::int64_t first = shift < 0 ? (-shift + stride - 1) / stride : 0;
      const std::int64_t room = sliding.input.extents()[i] - 1 - shift;
      const std::int64_t end =
          room < 0 ? 0 : std::min(sliding.output.extents()[i], room / stride + 1);
      extents[i] = std::max<std::int64_t>(end - first, 0);
      output += first * output_strides[i];
      input += (first * stride + shift) * input_strides[i];
    }
    for_each_row<2>(extents, {output_strides, input_steps},
                    [&](std::int64_t count, const auto& offsets, const auto& steps) {
                      row(tap, count, output + offsets[0], input + offsets[1], steps[0], steps[1]);
                    });
    for (std::size_t i = rank; i-- > 0;) {
      if (++at[i] < sliding.window.extents()[i]) break;
      at[i] = 0;
    }
  }
}

}  // namespace evergpu::ir::reference
