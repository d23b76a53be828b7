#include "adapters/host/reduce_kernels.h"

#include <cstring>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "adapters/host/reduce_kernels.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// Vectors are passed to inlined functions only, so their calling convention does not matter.
#pragma GCC diagnostic ignored "-Wpsabi"

HWY_BEFORE_NAMESPACE();
namespace evergpu::adapters::host::HWY_NAMESPACE {
namespace {

using ir::DType;
using ir::ReduceOp;

// 64 bytes on every instruction set, so that the bits of a sum are the same on all.
template <typename T>
struct Wide {
  using Vector [[gnu::vector_size(64)]] = T;
  static constexpr std::int64_t lanes = 64 / sizeof(T);
};

// For elements and vectors of them.
template <ReduceOp op, typename V>
HWY_INLINE V combine(V x, V y) {
  if constexpr (op == ReduceOp::sum) return x + y;
  if constexpr (op == ReduceOp::product) return x * y;
  if constexpr (op == ReduceOp::maximum) return ((x > y) | (x != x)) ? x : y;
  if constexpr (op == ReduceOp::minimum) return ((x < y) | (x != x)) ? x : y;
  if constexpr (op == ReduceOp::any) return x | y;
  if constexpr (op == ReduceOp::all) return x & y;
}

template <typename V, typename T>
HWY_INLINE V load(const T* x) {
  V vector;
  __builtin_memcpy(&vector, x, sizeof(V));
  return vector;
}

template <ReduceOp op, typename T>
void row(const void* operand, std::int64_t n, void* result) {
  using V = typename Wide<T>::Vector;
  constexpr std::int64_t lanes = Wide<T>::lanes;
  constexpr std::int64_t step = 4 * lanes;
  const T* x = static_cast<const T*>(operand);
  T folded;
  std::int64_t i;
  if (n >= step) {
    V sum0 = load<V>(x);
    V sum1 = load<V>(x + lanes);
    V sum2 = load<V>(x + 2 * lanes);
    V sum3 = load<V>(x + 3 * lanes);
    for (i = step; i + step <= n; i += step) {
      sum0 = combine<op>(sum0, load<V>(x + i));
      sum1 = combine<op>(sum1, load<V>(x + i + lanes));
      sum2 = combine<op>(sum2, load<V>(x + i + 2 * lanes));
      sum3 = combine<op>(sum3, load<V>(x + i + 3 * lanes));
    }
    sum0 = combine<op>(combine<op>(sum0, sum1), combine<op>(sum2, sum3));
    for (; i + lanes <= n; i += lanes) sum0 = combine<op>(sum0, load<V>(x + i));
    T parts[lanes];
    std::memcpy(parts, &sum0, sizeof(parts));
    for (std::int64_t half = lanes / 2; half > 0; half /= 2)
      for (std::int64_t k = 0; k < half; ++k) parts[k] = combine<op, T>(parts[k], parts[k + half]);
    folded = parts[0];
  } else {
    folded = x[0];
    i = 1;
  }
  for (; i < n; ++i) folded = combine<op, T>(folded, x[i]);
  *static_cast<T*>(result) = folded;
}

// sums = sums, x[0], x[stride], …, x[(count - 1) * stride], combined from left to right; for
// vectors V of elements, or single ones.
template <ReduceOp op, typename V, int count, typename T>
HWY_INLINE void combine_rows(const T* x, std::int64_t stride, T* sums) {
  V sum = load<V>(sums);
  for (int r = 0; r < count; ++r) sum = combine<op, V>(sum, load<V>(x + r * stride));
  __builtin_memcpy(sums, &sum, sizeof(V));
}

template <ReduceOp op, int count, typename T>
HWY_INLINE void combine_rows(const T* x, std::int64_t stride, std::int64_t width, T* sums) {
  std::int64_t j = 0;
  for (; j + Wide<T>::lanes <= width; j += Wide<T>::lanes)
    combine_rows<op, typename Wide<T>::Vector, count>(x + j, stride, sums + j);
  for (; j < width; ++j) combine_rows<op, T, count>(x + j, stride, sums + j);
}

template <ReduceOp op, typename T>
void rows(const void* operand, std::int64_t stride, std::int64_t count, std::int64_t width,
          void* result, bool go_on) {
  const T* x = static_cast<const T*>(operand);
  T* sums = static_cast<T*>(result);
  std::int64_t r = 0;
  if (!go_on) {
    std::memcpy(sums, x, static_cast<std::size_t>(width) * sizeof(T));
    r = 1;
  }
  for (; r + 4 <= count; r += 4) combine_rows<op, 4>(x + r * stride, stride, width, sums);
  for (; r < count; ++r) combine_rows<op, 1>(x + r * stride, stride, width, sums);
}

template <ReduceOp op, typename T>
ReduceKernels kernels() {
  return {row<op, T>, rows<op, T>};
}

// `Wrapping` is T, or for integers the unsigned type, in which sums wrap.
template <typename T, typename Wrapping>
ReduceKernels numeric(ReduceOp op) {
  switch (op) {
    case ReduceOp::sum:
      return kernels<ReduceOp::sum, Wrapping>();
    case ReduceOp::product:
      return kernels<ReduceOp::product, Wrapping>();
    case ReduceOp::maximum:
      return kernels<ReduceOp::maximum, T>();
    case ReduceOp::minimum:
      return kernels<ReduceOp::minimum, T>();
    default:
      return {};
  }
}

ReduceKernels find(ReduceOp op, DType dtype) {
  switch (dtype) {
    case DType::f32:
      return numeric<float, float>(op);
    case DType::f64:
      return numeric<double, double>(op);
    case DType::i32:
      return numeric<std::int32_t, std::uint32_t>(op);
    case DType::u32:
      return numeric<std::uint32_t, std::uint32_t>(op);
    case DType::i64:
      return numeric<std::int64_t, std::uint64_t>(op);
    case DType::u64:
      return numeric<std::uint64_t, std::uint64_t>(op);
    case DType::boolean:
      if (op == ReduceOp::any) return kernels<ReduceOp::any, std::uint8_t>();
      if (op == ReduceOp::all) return kernels<ReduceOp::all, std::uint8_t>();
      return {};
    default:
      return {};
  }
}

}  // namespace
}  // namespace evergpu::adapters::host::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evergpu::adapters::host {
namespace {

HWY_EXPORT(find);

}  // namespace

ReduceKernels reduce_kernels(ir::ReduceOp op, ir::DType dtype) {
  return HWY_DYNAMIC_DISPATCH(find)(op, dtype);
}

}  // namespace evergpu::adapters::host
#endif
