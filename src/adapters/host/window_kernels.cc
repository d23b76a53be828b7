#include "adapters/host/window_kernels.h"

#include "adapters/host/vector_loop.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "adapters/host/window_kernels.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace evergpu::adapters::host::HWY_NAMESPACE {
namespace {

using ir::ReduceOp;

template <ReduceOp op, typename T>
void combine(const Positions& positions, const void* from, void* to) {
  const T* image = static_cast<const T*>(from);
  T* pooled = static_cast<T*>(to);
  const auto [count, width, stride] = positions;
  for (std::int64_t p = 0; p < count; ++p) {
    EVERGPU_VECTOR_LOOP
    for (std::int64_t c = 0; c < width; ++c) {
      const T x = pooled[c];
      const T y = image[c];
      pooled[c] = op == ReduceOp::sum ? x + y : (x != x ? x : (x > y ? x : y));
    }
    image += stride;
    pooled += width;
  }
}

template <typename T>
void add(const Positions& positions, const void* from, void* to) {
  const T* pooled = static_cast<const T*>(from);
  T* image = static_cast<T*>(to);
  const auto [count, width, stride] = positions;
  for (std::int64_t p = 0; p < count; ++p) {
    EVERGPU_VECTOR_LOOP
    for (std::int64_t c = 0; c < width; ++c) image[c] += pooled[c];
    image += stride;
    pooled += width;
  }
}

template <typename T>
void take_greater(const Positions& positions, const void* from, std::int32_t tap, void* best_so_far,
                  std::int32_t* origin) {
  const T* image = static_cast<const T*>(from);
  T* best = static_cast<T*>(best_so_far);
  const auto [count, width, stride] = positions;
  for (std::int64_t p = 0; p < count; ++p) {
    EVERGPU_VECTOR_LOOP
    for (std::int64_t c = 0; c < width; ++c) {
      const T value = image[c];
      const T old = best[c];
      const std::int32_t old_origin = origin[c];
      const bool takes = (old_origin < 0) | (old < value);
      best[c] = takes ? value : old;
      origin[c] = takes ? tap : old_origin;
    }
    image += stride;
    best += width;
    origin += width;
  }
}

template <typename T>
void add_where(const Positions& positions, const std::int32_t* origin, std::int32_t tap,
               const void* from, void* to) {
  const T* pooled = static_cast<const T*>(from);
  T* image = static_cast<T*>(to);
  const auto [count, width, stride] = positions;
  for (std::int64_t p = 0; p < count; ++p) {
    EVERGPU_VECTOR_LOOP
    for (std::int64_t c = 0; c < width; ++c) {
      const T more = pooled[c];
      image[c] += origin[c] == tap ? more : T(0);
    }
    image += stride;
    pooled += width;
    origin += width;
  }
}

template <typename T>
WindowKernels kernels(ReduceOp op) {
  return {op == ReduceOp::sum ? combine<ReduceOp::sum, T> : combine<ReduceOp::maximum, T>, add<T>,
          take_greater<T>, add_where<T>};
}

WindowKernels find(ReduceOp op, ir::DType dtype) {
  return dtype == ir::DType::f32 ? kernels<float>(op) : kernels<double>(op);
}

}  // namespace
}  // namespace evergpu::adapters::host::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evergpu::adapters::host {
namespace {

HWY_EXPORT(find);

}  // namespace

WindowKernels window_kernels(ir::ReduceOp op, ir::DType dtype) {
  return HWY_DYNAMIC_DISPATCH(find)(op, dtype);
}

}  // namespace evergpu::adapters::host
#endif
