// Pooling and its gradients: rows of an image one by one, the channels of a position together.
#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "adapters/host/contraction.h"
#include "adapters/host/pooling.h"
#include "adapters/host/threads.h"
#include "adapters/host/window_kernels.h"
#include "adapters/host/window_rows.h"
#include "adapters/host/work_space.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Library;
using ir::Dims;
using ir::Kind;

constexpr std::int64_t grain_elements = 16 << 10;

thread_local WorkSpace best_space;
thread_local WorkSpace origin_space;

// Calls tap(number, output, input, count) for each tap of the windows of row `row` of the output,
// row-major: its number in the window, and the `count` neighbouring output positions, from position
// `output` of the row on, whose tap lies inside the input, from position `input` of the image on.
template <typename Tap>
void for_each_tap(const Pooling& p, std::int64_t row, Tap&& tap) {
  const std::size_t rank = p.window.size();
  const std::size_t last = rank - 1;
  Dims origin(rank, -p.pad_low[last]);
  for (std::size_t axis = last; axis-- > 0;) {
    origin[axis] = row % p.output[axis] * p.strides[axis] - p.pad_low[axis];
    row /= p.output[axis];
  }
  Dims at(rank, 0);
  const std::int64_t taps = p.taps();
  for (std::int64_t number = 0; number < taps; ++number) {
    std::int64_t position = 0;
    bool inside = true;
    for (std::size_t axis = 0; axis < last; ++axis) {
      const std::int64_t i = origin[axis] + at[axis];
      inside &= i >= 0 && i < p.input[axis];
      position = position * p.input[axis] + i;
    }
    const std::int64_t shift = origin[last] + at[last];
    const std::int64_t stride = p.strides[last];
    const std::int64_t first = shift < 0 ? (-shift + stride - 1) / stride : 0;
    const std::int64_t room = p.input[last] - 1 - shift;
    const std::int64_t end = room < 0 ? 0 : std::min(p.output[last], room / stride + 1);
    if (inside && first < end)
      tap(number, first, position * p.input[last] + first * stride + shift, end - first);
    for (std::size_t axis = rank; axis-- > 0;) {
      if (++at[axis] < p.window[axis]) break;
      at[axis] = 0;
    }
  }
}

template <typename T>
class WindowExecutable final : public HostExecutable {
 public:
  WindowExecutable(const Library& library, Pooling pooling)
      : p_(std::move(pooling)),
        row_(p_.output.back()),
        rows_(p_.output_positions() / row_),
        is_maximum_(library.operation.get<ir::Window>().op == ir::ReduceOp::maximum),
        is_gradient_(library.operation.kind == Kind::window_gradient),
        kernels_(window_kernels(library.operation.get<ir::Window>().op, ir::dtype_of<T>())) {}

  Status run(const compiler::Kernel&, Inputs inputs, Outputs outputs) override {
    T* result = reinterpret_cast<T*>(outputs[0]);
    const T* first = reinterpret_cast<const T*>(inputs[0]);
    if (!is_gradient_) {
      pool(first, result);
      return {};
    }
    const std::int64_t image = p_.input_positions() * p_.channels;
    const std::int64_t pooled = p_.output_positions() * p_.channels;
    parallel_for(p_.images, std::max<std::int64_t>(1, grain_elements / image),
                 [&](std::int64_t begin, std::int64_t end) {
                   std::fill(result + begin * image, result + end * image, T(0));
                   for (std::int64_t i = begin; i < end; ++i) {
                     if (is_maximum_)
                       maximum_gradient(first + i * image,
                                        reinterpret_cast<const T*>(inputs[1]) + i * pooled,
                                        result + i * image);
                     else
                       sum_gradient(first + i * pooled, result + i * image);
                   }
                 });
    return {};
  }

 private:
  Positions positions(std::int64_t count) const {
    return {count, p_.channels, p_.channels * p_.strides.back()};
  }

  void pool(const T* x, T* result) const {
    const T identity = is_maximum_ ? -std::numeric_limits<T>::infinity() : T(0);
    const std::int64_t n = p_.channels;
    const std::int64_t cost = row_ * n * p_.taps();
    parallel_for(
        p_.images * rows_, std::max<std::int64_t>(1, grain_elements / cost),
        [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i) {
            const T* image = x + i / rows_ * p_.input_positions() * n;
            T* to = result + i * row_ * n;
            std::fill(to, to + row_ * n, identity);
            for_each_tap(
                p_, i % rows_,
                [&](std::int64_t, std::int64_t output, std::int64_t input, std::int64_t count) {
                  kernels_.combine(positions(count), image + input * n, to + output * n);
                });
          }
        });
  }

  void sum_gradient(const T* gradient, T* result) const {
    const std::int64_t n = p_.channels;
    for (std::int64_t row = 0; row < rows_; ++row)
      for_each_tap(p_, row,
                   [&](std::int64_t, std::int64_t output, std::int64_t input, std::int64_t count) {
                     kernels_.add(positions(count), gradient + (row * row_ + output) * n,
                                  result + input * n);
                   });
  }

  void maximum_gradient(const T* x, const T* gradient, T* result) const {
    const std::int64_t n = p_.channels;
    T* best = best_space.at_least_elements<T>(row_ * n);
    auto* origin = origin_space.at_least_elements<std::int32_t>(row_ * n);
    for (std::int64_t row = 0; row < rows_; ++row) {
      std::fill(origin, origin + row_ * n, -1);
      for_each_tap(
          p_, row,
          [&](std::int64_t tap, std::int64_t output, std::int64_t input, std::int64_t count) {
            kernels_.take_greater(positions(count), x + input * n, static_cast<std::int32_t>(tap),
                                  best + output * n, origin + output * n);
          });
      for_each_tap(
          p_, row,
          [&](std::int64_t tap, std::int64_t output, std::int64_t input, std::int64_t count) {
            kernels_.add_where(positions(count), origin + output * n,
                               static_cast<std::int32_t>(tap), gradient + (row * row_ + output) * n,
                               result + input * n);
          });
    }
  }

  const Pooling p_;
  const std::int64_t row_;   // output positions along the last pooled axis
  const std::int64_t rows_;  // of the output, in an image
  const bool is_maximum_;
  const bool is_gradient_;
  const WindowKernels kernels_;
};

// Windows that share no elements.
class RowsExecutable final : public HostExecutable {
 public:
  RowsExecutable(const Library& library, const ir::Shape& input, const ir::Shape& output)
      : dtype_size_(static_cast<std::int64_t>(ir::size_of(library.operation.dtype))),
        is_gradient_(library.operation.kind == Kind::window_gradient),
        rows_(library.operation.get<ir::Window>(), input, output, library.operation.dtype) {}

  Status run(const compiler::Kernel&, Inputs inputs, Outputs outputs) override {
    parallel_for(rows_.rows(), std::max<std::int64_t>(1, grain_elements / rows_.most_elements()),
                 [&](std::int64_t first, std::int64_t end) {
                   const std::int64_t part = rows_.begin(first) * dtype_size_;
                   const std::int64_t pooled = first * rows_.pooled_elements() * dtype_size_;
                   if (is_gradient_)
                     rows_.gradient(first, end, inputs[0] + part, inputs.back() + pooled,
                                    outputs[0] + part);
                   else
                     rows_.reduce(first, end, inputs[0] + part, outputs[0] + pooled);
                 });
    return {};
  }

 private:
  const std::int64_t dtype_size_;
  const bool is_gradient_;
  const WindowRows rows_;
};

MadeLibrary make_float_window(const Library& library) {
  const ir::Operation& operation = library.operation;
  const bool gradient = operation.kind == Kind::window_gradient;
  const ir::Shape& input = gradient ? operation.shape : library.operand_shapes[0];
  const ir::Shape& output = gradient ? library.operand_shapes.back() : operation.shape;
  if (output.elements() == 0) return nullptr;
  const bool is_simple = operation.dtype == ir::DType::f32 || operation.dtype == ir::DType::f64;
  if (is_simple && compiler::is_row_wise(operation))
    return std::make_unique<RowsExecutable>(library, input, output);
  Pooling pooling = pooling_of(operation.get<ir::Window>(), input, output);
  if (operation.dtype == ir::DType::f32)
    return std::make_unique<WindowExecutable<float>>(library, std::move(pooling));
  if (operation.dtype == ir::DType::f64)
    return std::make_unique<WindowExecutable<double>>(library, std::move(pooling));
  return nullptr;
}

// Into how many pieces of the first axis the work can be cut, each as small as the cache.
std::int64_t pieces_of(const Library& library) {
  constexpr std::int64_t piece_elements = 64 << 10;
  const auto& window = library.operation.get<ir::Window>();
  if (window.extents.empty() || window.extents[0] != 1 || window.strides[0] != 1 ||
      window.pad_low[0] != 0 || window.pad_high[0] != 0)
    return 1;
  const std::int64_t images = library.operation.shape[0];
  std::int64_t elements = library.operation.shape.elements();
  for (const ir::Shape& shape : library.operand_shapes) elements += shape.elements();
  std::int64_t pieces = std::clamp<std::int64_t>(elements / piece_elements, 1, images);
  while (images % pieces != 0) ++pieces;
  return pieces;
}

}  // namespace

MadeLibrary make_window(const Library& library) {
  if (MadeLibrary made = make_float_window(library)) return made;
  if (library.operation.shape.elements() == 0) return nullptr;
  return make_through_float(library, make_float_window, pieces_of(library));
}

}  // namespace evergpu::adapters::host
