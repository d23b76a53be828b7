#include "adapters/host/matmul_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "adapters/host/matmul_kernels.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace evergpu::adapters::host::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Twelve sums, two vectors of b and one of a fit into sixteen vector registers.
constexpr int panel_rows = 6;

template <typename T>
void multiply(const void* a_panel, const void* b_panel, std::int64_t k, void* result) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const T* a = static_cast<const T*>(a_panel);
  const T* b = static_cast<const T*>(b_panel);
  T* to = static_cast<T*>(result);
  hn::Vec<decltype(d)> left[panel_rows];
  hn::Vec<decltype(d)> right[panel_rows];
  for (int i = 0; i < panel_rows; ++i) left[i] = right[i] = hn::Zero(d);
  for (std::int64_t p = 0; p < k; ++p, a += panel_rows, b += 2 * lanes) {
    const auto b_left = hn::Load(d, b);
    const auto b_right = hn::Load(d, b + lanes);
#pragma GCC unroll 6
    for (int i = 0; i < panel_rows; ++i) {
      const auto x = hn::Set(d, a[i]);
      left[i] = hn::MulAdd(x, b_left, left[i]);
      right[i] = hn::MulAdd(x, b_right, right[i]);
    }
  }
  for (int i = 0; i < panel_rows; ++i, to += 2 * lanes) {
    hn::Store(left[i], d, to);
    hn::Store(right[i], d, to + lanes);
  }
}

template <typename T>
MatMulKernels kernels() {
  return {panel_rows, 2 * static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<T>())), multiply<T>};
}

MatMulKernels find_f32() { return kernels<float>(); }
MatMulKernels find_f64() { return kernels<double>(); }

}  // namespace
}  // namespace evergpu::adapters::host::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evergpu::adapters::host {
namespace {

HWY_EXPORT(find_f32);
HWY_EXPORT(find_f64);

}  // namespace

MatMulKernels matmul_kernels_f32() { return HWY_DYNAMIC_DISPATCH(find_f32)(); }
MatMulKernels matmul_kernels_f64() { return HWY_DYNAMIC_DISPATCH(find_f64)(); }

}  // namespace evergpu::adapters::host
#endif
