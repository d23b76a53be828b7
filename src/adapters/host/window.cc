// Pooling and its gradients: images one by one, the channels of a position together.
#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "adapters/host/contraction.h"
#include "adapters/host/reduce_kernels.h"
#include "adapters/host/threads.h"
#include "adapters/host/window_kernels.h"
#include "adapters/host/work_space.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Library;
using ir::Dims;
using ir::Kind;

constexpr std::int64_t grain_elements = 16 << 10;

thread_local WorkSpace best_space;
thread_local WorkSpace origin_space;

// A window over the middle axes of [images, middle…, channels].
struct Pooling {
  std::int64_t images = 1;
  std::int64_t channels = 1;
  Dims input;  // extents of the middle axes, and so on
  Dims output;
  Dims window;
  Dims strides;
  Dims pad_low;

  std::int64_t input_positions() const { return ir::Shape(input).elements(); }
  std::int64_t output_positions() const { return ir::Shape(output).elements(); }
  std::int64_t taps() const { return ir::Shape(window).elements(); }
};

Pooling pooling_of(const ir::Window& window, const ir::Shape& input, const ir::Shape& output) {
  const auto is_free = [&](int axis) {
    const auto i = static_cast<std::size_t>(axis);
    return window.extents[i] == 1 && window.strides[i] == 1 && input[axis] == output[axis];
  };
  Pooling pooling;
  int first = 0;
  int last = input.rank();
  while (first < last && is_free(first)) pooling.images *= input[first++];
  while (last > first && is_free(last - 1)) pooling.channels *= input[--last];
  for (int axis = first; axis < last; ++axis) {
    const auto i = static_cast<std::size_t>(axis);
    pooling.input.push_back(input[axis]);
    pooling.output.push_back(output[axis]);
    pooling.window.push_back(window.extents[i]);
    pooling.strides.push_back(window.strides[i]);
    pooling.pad_low.push_back(window.pad_low[i]);
  }
  return pooling;
}

// Calls tap(number, position) for each tap of the window at `output` that lies inside the input,
// row-major: its number in the window and its position in the image.
template <typename Tap>
void for_each_tap(const Pooling& p, std::int64_t output, Tap&& tap) {
  const std::size_t rank = p.window.size();
  Dims origin(rank);
  for (std::size_t axis = rank; axis-- > 0;) {
    origin[axis] = output % p.output[axis] * p.strides[axis] - p.pad_low[axis];
    output /= p.output[axis];
  }
  Dims at(rank, 0);
  const std::int64_t taps = p.taps();
  for (std::int64_t number = 0; number < taps; ++number) {
    std::int64_t position = 0;
    bool inside = true;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      const std::int64_t i = origin[axis] + at[axis];
      inside &= i >= 0 && i < p.input[axis];
      position = position * p.input[axis] + i;
    }
    if (inside) tap(number, position);
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
        is_maximum_(library.operation.get<ir::Window>().op == ir::ReduceOp::maximum),
        is_gradient_(library.operation.kind == Kind::window_gradient),
        combine_(reduce_kernels(library.operation.get<ir::Window>().op, ir::dtype_of<T>())) {
    if constexpr (std::is_same_v<T, float>) window_ = window_kernels_f32();
    if constexpr (std::is_same_v<T, double>) window_ = window_kernels_f64();
  }

  Status run(const compiler::Kernel&, Inputs inputs, Outputs outputs) override {
    T* result = reinterpret_cast<T*>(outputs[0]);
    const T* first = reinterpret_cast<const T*>(inputs[0]);
    if (!is_gradient_) {
      pool(first, result);
      return {};
    }
    const std::int64_t image = p_.input_positions() * p_.channels;
    parallel_for(p_.images, std::max<std::int64_t>(1, grain_elements / image),
                 [&](std::int64_t begin, std::int64_t end) {
                   std::fill(result + begin * image, result + end * image, T(0));
                   for (std::int64_t i = begin; i < end; ++i) {
                     const std::int64_t pooled = i * p_.output_positions() * p_.channels;
                     if (is_maximum_)
                       maximum_gradient(first + i * image,
                                        reinterpret_cast<const T*>(inputs[1]) + pooled,
                                        result + i * image);
                     else
                       sum_gradient(first + pooled, result + i * image);
                   }
                 });
    return {};
  }

 private:
  void pool(const T* x, T* result) const {
    const T identity =
        is_maximum_ ? (std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                            : std::numeric_limits<T>::lowest())
                    : T(0);
    const std::int64_t positions = p_.output_positions();
    const std::int64_t cost = p_.channels * p_.taps();
    parallel_for(p_.images * positions, std::max<std::int64_t>(1, grain_elements / cost),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t i = begin; i < end; ++i) {
                     const T* image = x + i / positions * p_.input_positions() * p_.channels;
                     T* to = result + i * p_.channels;
                     std::fill(to, to + p_.channels, identity);
                     for_each_tap(p_, i % positions, [&](std::int64_t, std::int64_t position) {
                       combine_.rows(image + position * p_.channels, 0, 1, p_.channels, to, true);
                     });
                   }
                 });
  }

  void sum_gradient(const T* gradient, T* result) const {
    for (std::int64_t o = 0; o < p_.output_positions(); ++o)
      for_each_tap(p_, o, [&](std::int64_t, std::int64_t position) {
        combine_.rows(gradient + o * p_.channels, 0, 1, p_.channels,
                      result + position * p_.channels, true);
      });
  }

  void maximum_gradient(const T* x, const T* gradient, T* result) const {
    const std::int64_t n = p_.channels;
    T* best = best_space.at_least_elements<T>(n);
    auto* origin = origin_space.at_least_elements<std::int32_t>(n);
    for (std::int64_t o = 0; o < p_.output_positions(); ++o) {
      bool any = false;
      for_each_tap(p_, o, [&](std::int64_t tap, std::int64_t position) {
        const auto number = static_cast<std::int32_t>(tap);
        if (any) {
          window_.take_greater(x + position * n, number, best, origin, n);
        } else {
          std::copy_n(x + position * n, n, best);
          std::fill(origin, origin + n, number);
          any = true;
        }
      });
      for_each_tap(p_, o, [&](std::int64_t tap, std::int64_t position) {
        window_.add_where(origin, static_cast<std::int32_t>(tap), gradient + o * n,
                          result + position * n, n);
      });
    }
  }

  const Pooling p_;
  const bool is_maximum_;
  const bool is_gradient_;
  const ReduceKernels combine_;
  WindowKernels window_{};
};

MadeLibrary make_float_window(const Library& library) {
  const ir::Operation& operation = library.operation;
  const bool gradient = operation.kind == Kind::window_gradient;
  const ir::Shape& input = gradient ? operation.shape : library.operand_shapes[0];
  const ir::Shape& output = gradient ? library.operand_shapes.back() : operation.shape;
  if (output.elements() == 0) return nullptr;
  Pooling pooling = pooling_of(operation.get<ir::Window>(), input, output);
  if (operation.dtype == ir::DType::f32)
    return std::make_unique<WindowExecutable<float>>(library, std::move(pooling));
  if (operation.dtype == ir::DType::f64)
    return std::make_unique<WindowExecutable<double>>(library, std::move(pooling));
  return nullptr;
}

}  // namespace

MadeLibrary make_window(const Library& library) {
  if (MadeLibrary made = make_float_window(library)) return made;
  return make_through_float(library, make_float_window);
}

}  // namespace evergpu::adapters::host
