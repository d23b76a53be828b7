#include "adapters/host/window_kernels.h"

#include <array>
#include <type_traits>

#include "adapters/host/vector_loop.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "adapters/host/window_kernels.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// Vectors are passed to inlined functions only, so their calling convention does not matter.
#pragma GCC diagnostic ignored "-Wpsabi"

HWY_BEFORE_NAMESPACE();
namespace evergpu::adapters::host::HWY_NAMESPACE {
namespace {

using ir::ReduceOp;
using Taps = WindowKernels::Taps;

// For elements and vectors of them.
template <ReduceOp op, typename V>
HWY_INLINE V combined(V x, V y) {
  if constexpr (op == ReduceOp::sum) return x + y;
  return ((x > y) | (x != x)) ? x : y;
}

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
      pooled[c] = combined<op>(x, y);
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

// Windows that share no elements, several channels at a time: V is a vector of T, or T. `Offsets`
// are Taps, or Four for windows of so many elements: their loops are unrolled.

using Four = std::array<std::int64_t, 4>;

HWY_INLINE Four four(Taps taps) { return {taps[0], taps[1], taps[2], taps[3]}; }

template <typename T>
struct Wide {
  using Vector [[gnu::vector_size(64)]] = T;
  using Number = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  using Numbers [[gnu::vector_size(64)]] = Number;
  static constexpr std::int64_t lanes = 64 / sizeof(T);
};

template <typename V, typename T>
HWY_INLINE V load(const T* x) {
  V vector;
  __builtin_memcpy(&vector, x, sizeof(V));
  return vector;
}

template <typename V, typename T>
HWY_INLINE void store(V vector, T* x) {
  __builtin_memcpy(x, &vector, sizeof(V));
}

template <ReduceOp op, typename V, typename T, typename Offsets>
HWY_INLINE void reduce_one(const Offsets& taps, const T* image, T* pooled) {
  V result = load<V>(image + taps[0]);
  if constexpr (op == ReduceOp::sum) result += V{};  // as all sums begin: no negative zero
  for (std::size_t t = 1; t < taps.size(); ++t)
    result = combined<op, V>(result, load<V>(image + taps[t]));
  store(result, pooled);
}

// `N` numbers the taps: integers as wide as T.
template <typename V, typename N, typename T, typename Offsets>
HWY_INLINE void give_to_first_one(const Offsets& taps, const T* x, const T* pooled, T* image) {
  using Number = typename Wide<T>::Number;
  V best = load<V>(x + taps[0]);
  N origin{};
  for (std::size_t t = 1; t < taps.size(); ++t) {
    const V value = load<V>(x + taps[t]);
    origin = best < value ? N{} + static_cast<Number>(t) : origin;
    best = best < value ? value : best;
  }
  const V given = load<V>(pooled) + V{};
  for (std::size_t t = 0; t < taps.size(); ++t)
    store(origin == N{} + static_cast<Number>(t) ? given : V{}, image + taps[t]);
}

template <typename V, typename T, typename Offsets>
HWY_INLINE void give_to_all_one(const Offsets& taps, const T* pooled, T* image) {
  const V given = load<V>(pooled) + V{};
  for (const std::int64_t tap : taps) store(given, image + tap);
}

template <ReduceOp op, typename T, typename Offsets>
HWY_INLINE void reduce_all(const Positions& positions, const Offsets& taps, const T* image,
                           T* pooled) {
  const auto [count, width, stride] = positions;
  for (std::int64_t p = 0; p < count; ++p, image += stride, pooled += width) {
    std::int64_t c = 0;
    for (; c + Wide<T>::lanes <= width; c += Wide<T>::lanes)
      reduce_one<op, typename Wide<T>::Vector>(taps, image + c, pooled + c);
    for (; c < width; ++c) reduce_one<op, T>(taps, image + c, pooled + c);
  }
}

template <ReduceOp op, typename T>
void reduce(const Positions& positions, Taps taps, const void* from, void* to) {
  const T* image = static_cast<const T*>(from);
  T* pooled = static_cast<T*>(to);
  if (taps.size() == 4)
    reduce_all<op, T>(positions, four(taps), image, pooled);
  else
    reduce_all<op, T>(positions, taps, image, pooled);
}

template <typename T, typename Offsets>
HWY_INLINE void give_all_to_first(const Positions& positions, const Offsets& taps, const T* x,
                                  const T* pooled, T* image) {
  using V = typename Wide<T>::Vector;
  const auto [count, width, stride] = positions;
  for (std::int64_t p = 0; p < count; ++p, x += stride, image += stride, pooled += width) {
    std::int64_t c = 0;
    for (; c + Wide<T>::lanes <= width; c += Wide<T>::lanes)
      give_to_first_one<V, typename Wide<T>::Numbers>(taps, x + c, pooled + c, image + c);
    for (; c < width; ++c)
      give_to_first_one<T, typename Wide<T>::Number>(taps, x + c, pooled + c, image + c);
  }
}

template <typename T>
void give_to_first(const Positions& positions, Taps taps, const void* operand, const void* from,
                   void* to) {
  const T* x = static_cast<const T*>(operand);
  const T* pooled = static_cast<const T*>(from);
  T* image = static_cast<T*>(to);
  if (taps.size() == 4)
    give_all_to_first<T>(positions, four(taps), x, pooled, image);
  else
    give_all_to_first<T>(positions, taps, x, pooled, image);
}

template <typename T>
void give_to_all(const Positions& positions, Taps taps, const void* from, void* to) {
  const T* pooled = static_cast<const T*>(from);
  T* image = static_cast<T*>(to);
  const auto [count, width, stride] = positions;
  for (std::int64_t p = 0; p < count; ++p, image += stride, pooled += width) {
    std::int64_t c = 0;
    for (; c + Wide<T>::lanes <= width; c += Wide<T>::lanes)
      give_to_all_one<typename Wide<T>::Vector>(taps, pooled + c, image + c);
    for (; c < width; ++c) give_to_all_one<T>(taps, pooled + c, image + c);
  }
}

template <typename T>
WindowKernels kernels(ReduceOp op) {
  const bool sums = op == ReduceOp::sum;
  return {sums ? combine<ReduceOp::sum, T> : combine<ReduceOp::maximum, T>,
          add<T>,
          take_greater<T>,
          add_where<T>,
          sums ? reduce<ReduceOp::sum, T> : reduce<ReduceOp::maximum, T>,
          give_to_first<T>,
          give_to_all<T>};
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
