// Reductions over windows and their gradients.
#include <vector>

#include "ir/evaluate/call.h"
#include "ir/evaluate/sliding.h"
#include "ir/point_functions.h"

namespace evergpu::ir::reference {
namespace {

Sliding sliding_of(const Window& window, const Shape& input, const Shape& output) {
  return {
      input,         output, Shape(window.extents), window.strides, Dims(window.strides.size(), 1),
      window.pad_low};
}

template <typename T>
void store(const std::vector<Compute<T>>& values, T* result) {
  for (std::size_t i = 0; i < values.size(); ++i) result[i] = static_cast<T>(values[i]);
}

template <typename T, typename Combine>
void reduce_windows(const Call& call, Combine combine) {
  using C = Compute<T>;
  const Window& window = call.attributes<Window>();
  const T* x = call.operand<T>(0);
  std::vector<C> totals(static_cast<std::size_t>(call.elements()), identity<C>(window.op));
  for_each_tap(sliding_of(window, call.operands[0].shape, call.result.shape),
               [&](std::int64_t, std::int64_t count, std::int64_t output, std::int64_t input,
                   std::int64_t output_step, std::int64_t input_step) {
                 for (std::int64_t q = 0; q < count; ++q) {
                   C& total = totals[static_cast<std::size_t>(output + q * output_step)];
                   total = combine(total, static_cast<C>(x[input + q * input_step]));
                 }
               });
  store<T>(totals, call.result.as<T>());
}

template <typename T>
void sum_gradient(const Call& call) {
  using C = Compute<T>;
  const T* gradient = call.operand<T>(0);
  std::vector<C> totals(static_cast<std::size_t>(call.elements()), C(0));
  for_each_tap(sliding_of(call.attributes<Window>(), call.result.shape, call.operands[0].shape),
               [&](std::int64_t, std::int64_t count, std::int64_t output, std::int64_t input,
                   std::int64_t output_step, std::int64_t input_step) {
                 for (std::int64_t q = 0; q < count; ++q) {
                   C& total = totals[static_cast<std::size_t>(input + q * input_step)];
                   total = point::add(total, static_cast<C>(gradient[output + q * output_step]));
                 }
               });
  store<T>(totals, call.result.as<T>());
}

/// Taps come in row-major order and only a greater one takes over, so the first maximum of a window
/// stays. As in TensorFlow's CPU kernel, NaN takes over from nobody and yields to nobody.
template <typename T>
void maximum_gradient(const Call& call) {
  using C = Compute<T>;
  const T* x = call.operand<T>(0);
  const T* gradient = call.operand<T>(1);
  const auto pooled = static_cast<std::size_t>(call.operands[1].shape.elements());
  std::vector<C> best(pooled, C(0));
  std::vector<std::int64_t> origin(pooled, -1);
  for_each_tap(sliding_of(call.attributes<Window>(), call.result.shape, call.operands[1].shape),
               [&](std::int64_t, std::int64_t count, std::int64_t output, std::int64_t input,
                   std::int64_t output_step, std::int64_t input_step) {
                 for (std::int64_t q = 0; q < count; ++q) {
                   const auto o = static_cast<std::size_t>(output + q * output_step);
                   const std::int64_t i = input + q * input_step;
                   const auto value = static_cast<C>(x[i]);
                   if (origin[o] < 0 || best[o] < value) {
                     best[o] = value;
                     origin[o] = i;
                   }
                 }
               });
  std::vector<C> totals(static_cast<std::size_t>(call.elements()), C(0));
  for (std::size_t o = 0; o < pooled; ++o)
    if (origin[o] >= 0) {
      C& total = totals[static_cast<std::size_t>(origin[o])];
      total = point::add(total, static_cast<C>(gradient[o]));
    }
  store<T>(totals, call.result.as<T>());
}

}  // namespace

void window(const Call& call) {
  const bool maximum = call.attributes<Window>().op == ReduceOp::maximum;
  visit(call.operation.dtype, [&]<typename T>(TypeTag<T>) {
    using C = Compute<T>;
    if constexpr (!std::is_same_v<T, bool>) {
      if (call.operation.kind == Kind::window_gradient)
        maximum ? maximum_gradient<T>(call) : sum_gradient<T>(call);
      else if (maximum)
        reduce_windows<T>(call, [](C x, C y) { return point::maximum(x, y); });
      else
        reduce_windows<T>(call, [](C x, C y) { return point::add(x, y); });
    }
  });
}

}  // namespace evergpu::ir::reference
