// Windows that share no elements, computed row by row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "adapters/host/window_kernels.h"
#include "ir/operation.h"

namespace evergpu::adapters::host {

/// The windows of a row-wise operation (compiler::is_row_wise), in rows. Each row has its own part
/// of the input; the parts lie one after the other and cover it. Elements are f32 or f64.
class WindowRows {
 public:
  /// `input` and `output` are the shapes of what is pooled, and of the result; `dtype` is that of
  /// the elements in the calls below.
  WindowRows(const ir::Window& window, const ir::Shape& input, const ir::Shape& output,
             ir::DType dtype);

  /// How many rows there are.
  std::int64_t rows() const { return images_ * rows_; }
  /// Elements of the result that are a row.
  std::int64_t pooled_elements() const { return std::ssize(lines_) * line_; }
  /// The first element of a row's part of the input; of row rows(), how many elements it has.
  std::int64_t begin(std::int64_t row) const {
    return row / rows_ * image_elements_ + row % rows_ * row_elements_;
  }
  /// The row whose part an element of the input is in.
  std::int64_t row_of(std::int64_t element) const;
  /// Elements of the input that belong to a row, at most.
  std::int64_t most_elements() const { return image_elements_ - (rows_ - 1) * row_elements_; }

  /// Rows [first, end): `input` and `pooled` begin with the first one's elements.
  void reduce(std::int64_t first, std::int64_t end, const std::byte* input,
              std::byte* pooled) const;
  /// The gradient with respect to rows [first, end) of the input. All arrays begin with the first
  /// one's elements; of a sum, `input` is not read.
  void gradient(std::int64_t first, std::int64_t end, const std::byte* input,
                const std::byte* pooled, std::byte* result) const;

 private:
  const bool is_maximum_;
  const std::int64_t size_;  // of an element, in bytes
  std::int64_t images_ = 0;
  std::int64_t rows_ = 0;  // of an image
  std::int64_t image_elements_ = 0;
  std::int64_t row_elements_ = 0;    // but of an image's last row, which has the rest
  bool covered_ = true;              // every element is in a window
  Positions positions_;              // of a line of windows
  std::int64_t line_ = 0;            // elements of the result in a line
  std::vector<std::int64_t> lines_;  // where each line of a row begins in its part of the input
  std::vector<std::int64_t> taps_;   // where a window's elements are from its first one on
  const WindowKernels kernels_;
};

}  // namespace evergpu::adapters::host
