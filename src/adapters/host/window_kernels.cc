#include "adapters/host/window_kernels.h"

#include "adapters/host/vector_loop.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "adapters/host/window_kernels.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace evergpu::adapters::host::HWY_NAMESPACE {
namespace {

template <typename T>
void take_greater(const void* operand, std::int32_t tap, void* best_so_far, std::int32_t* origin,
                  std::int64_t n) {
  const T* x = static_cast<const T*>(operand);
  T* best = static_cast<T*>(best_so_far);
  EVERGPU_VECTOR_LOOP
  for (std::int64_t i = 0; i < n; ++i) {
    const T value = x[i];
    const T old = best[i];
    const std::int32_t old_origin = origin[i];
    best[i] = old < value ? value : old;
    origin[i] = old < value ? tap : old_origin;
  }
}

template <typename T>
void add_where(const std::int32_t* origin, std::int32_t tap, const void* addend, void* sums,
               std::int64_t n) {
  const T* gradient = static_cast<const T*>(addend);
  T* result = static_cast<T*>(sums);
  EVERGPU_VECTOR_LOOP
  for (std::int64_t i = 0; i < n; ++i) {
    const T more = gradient[i];
    result[i] += origin[i] == tap ? more : T(0);
  }
}

WindowKernels find_f32() { return {take_greater<float>, add_where<float>}; }
WindowKernels find_f64() { return {take_greater<double>, add_where<double>}; }

}  // namespace
}  // namespace evergpu::adapters::host::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evergpu::adapters::host {
namespace {

HWY_EXPORT(find_f32);
HWY_EXPORT(find_f64);

}  // namespace

WindowKernels window_kernels_f32() { return HWY_DYNAMIC_DISPATCH(find_f32)(); }
WindowKernels window_kernels_f64() { return HWY_DYNAMIC_DISPATCH(find_f64)(); }

}  // namespace evergpu::adapters::host
#endif
