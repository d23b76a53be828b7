// Conversions compiled for each instruction set: between 16-bit floats and f32, and the casts that
// training uses.
#include <algorithm>
#include <bit>
#include <cstring>

#include "adapters/host/point.h"
#include "adapters/host/vector_loop.h"
#include "ir/convert.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "adapters/host/convert_vector.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "adapters/host/round-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evergpu::adapters::host::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using ir::DType;

void round_bf16(const PointCall& call) {
  const auto* a = static_cast<const std::uint32_t*>(call.a);
  auto* result = static_cast<std::uint32_t*>(call.result);
  const std::int64_t n = call.n;
  EVERGPU_VECTOR_LOOP
  for (std::int64_t i = 0; i < n; ++i) result[i] = rounded_bf16(a[i]);
}

void widen_bf16(const PointCall& call) {
  const auto* a = static_cast<const std::uint16_t*>(call.a);
  auto* result = static_cast<std::uint32_t*>(call.result);
  const std::int64_t n = call.n;
  EVERGPU_VECTOR_LOOP
  for (std::int64_t i = 0; i < n; ++i) result[i] = std::uint32_t{a[i]} << 16;
}

void narrow_bf16(const PointCall& call) {
  const auto* a = static_cast<const std::uint32_t*>(call.a);
  auto* result = static_cast<std::uint16_t*>(call.result);
  const std::int64_t n = call.n;
  EVERGPU_VECTOR_LOOP
  for (std::int64_t i = 0; i < n; ++i) result[i] = static_cast<std::uint16_t>(a[i] >> 16);
}

#if HWY_TARGET <= HWY_AVX2 && HWY_ARCH_X86
#define EVERGPU_HAS_F16 1

using Floats = hn::ScalableTag<float>;
using Halves = hn::Rebind<hwy::float16_t, Floats>;

template <typename From, typename To, typename F>
HWY_INLINE void convert_blocks(const PointCall& call, F f) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(Floats()));
  const auto* a = static_cast<const From*>(call.a);
  auto* result = static_cast<To*>(call.result);
  std::int64_t i = 0;
  for (; i + lanes <= call.n; i += lanes) f(a + i, result + i);
  if (i == call.n) return;
  HWY_ALIGN From from[HWY_MAX_BYTES / sizeof(float)] = {};
  HWY_ALIGN To to[HWY_MAX_BYTES / sizeof(float)];
  const auto rest = static_cast<std::size_t>(call.n - i);
  std::memcpy(from, a + i, rest * sizeof(From));
  f(from, to);
  std::memcpy(result + i, to, rest * sizeof(To));
}

struct RoundHalf {
  HWY_INLINE void operator()(const float* from, float* to) const {
    const Floats d;
    hn::StoreU(hn::PromoteTo(d, hn::DemoteTo(Halves(), hn::LoadU(d, from))), d, to);
  }
};
struct WidenHalf {
  HWY_INLINE void operator()(const hwy::float16_t* from, float* to) const {
    const Floats d;
    hn::StoreU(hn::PromoteTo(d, hn::LoadU(Halves(), from)), d, to);
  }
};
struct NarrowHalf {
  HWY_INLINE void operator()(const float* from, hwy::float16_t* to) const {
    hn::StoreU(hn::DemoteTo(Halves(), hn::LoadU(Floats(), from)), Halves(), to);
  }
};

void round_f16(const PointCall& call) { convert_blocks<float, float>(call, RoundHalf()); }
void widen_f16(const PointCall& call) { convert_blocks<hwy::float16_t, float>(call, WidenHalf()); }
void narrow_f16(const PointCall& call) {
  convert_blocks<float, hwy::float16_t>(call, NarrowHalf());
}

#else
#undef EVERGPU_HAS_F16
#define EVERGPU_HAS_F16 0
#endif

PointKernel find_round(DType dtype) {
  if (dtype == DType::bf16) return round_bf16;
#if EVERGPU_HAS_F16
  return round_f16;
#else
  return nullptr;
#endif
}

PointKernel find_widen(DType dtype) {
  if (dtype == DType::bf16) return widen_bf16;
#if EVERGPU_HAS_F16
  return widen_f16;
#else
  return nullptr;
#endif
}

PointKernel find_narrow(DType dtype) {
  if (dtype == DType::bf16) return narrow_bf16;
#if EVERGPU_HAS_F16
  return narrow_f16;
#else
  return nullptr;
#endif
}
#undef EVERGPU_HAS_F16

template <typename From, typename To>
void cast(const PointCall& call) {
  const auto* a = static_cast<const From*>(call.a);
  auto* result = static_cast<To*>(call.result);
  const std::int64_t n = call.n;
  EVERGPU_VECTOR_LOOP
  for (std::int64_t i = 0; i < n; ++i) result[i] = static_cast<To>(a[i]);
}

void cast_float_to_bool(const PointCall& call) {
  const auto* a = static_cast<const float*>(call.a);
  auto* result = static_cast<std::uint8_t*>(call.result);
  const std::int64_t n = call.n;
  EVERGPU_VECTOR_LOOP
  for (std::int64_t i = 0; i < n; ++i) result[i] = static_cast<std::uint8_t>(a[i] != 0);
}

void cast_float_to_i32(const PointCall& call) {
  constexpr float above = 0x1p31f;
  const auto* a = static_cast<const float*>(call.a);
  auto* result = static_cast<std::int32_t*>(call.result);
  const std::int64_t n = call.n;
  EVERGPU_VECTOR_LOOP
  for (std::int64_t i = 0; i < n; ++i) {
    const float x = a[i];
    const float clamped = x < above ? (x > -above ? x : -above) : 0.0f;  // NaN: 0
    const auto converted = static_cast<std::int32_t>(clamped);
    result[i] = x >= above ? std::numeric_limits<std::int32_t>::max() : converted;
  }
}

// bool is the byte 0 or 1.
template <typename From>
PointKernel find_cast_from(DType to) {
  switch (to) {
    case DType::f32:
      return cast<From, float>;
    case DType::f64:
      return cast<From, double>;
    case DType::i32:
      return cast<From, std::int32_t>;
    case DType::i64:
      return cast<From, std::int64_t>;
    default:
      return nullptr;
  }
}

PointKernel find_cast(DType from, DType to) {
  switch (from) {
    case DType::boolean:
    case DType::u8:
      return find_cast_from<std::uint8_t>(to);
    case DType::i32:
      return find_cast_from<std::int32_t>(to);
    case DType::i64:
      return find_cast_from<std::int64_t>(to);
    case DType::u32:
      return to == DType::u16 ? cast<std::uint32_t, std::uint16_t>
                              : find_cast_from<std::uint32_t>(to);
    case DType::f64:
      return to == DType::f32 ? cast<double, float> : nullptr;
    case DType::f32:
      if (to == DType::f32) return cast<float, float>;
      if (to == DType::f64) return cast<float, double>;
      if (to == DType::boolean) return cast_float_to_bool;
      if (to == DType::i32) return cast_float_to_i32;
      return nullptr;
    default:
      return nullptr;
  }
}

}  // namespace
}  // namespace evergpu::adapters::host::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evergpu::adapters::host {
namespace {

HWY_EXPORT(find_round);
HWY_EXPORT(find_widen);
HWY_EXPORT(find_narrow);
HWY_EXPORT(find_cast);

}  // namespace

PointKernel vector_round_kernel(ir::DType dtype) { return HWY_DYNAMIC_DISPATCH(find_round)(dtype); }
PointKernel vector_widen_kernel(ir::DType dtype) { return HWY_DYNAMIC_DISPATCH(find_widen)(dtype); }
PointKernel vector_narrow_kernel(ir::DType dtype) {
  return HWY_DYNAMIC_DISPATCH(find_narrow)(dtype);
}
PointKernel vector_cast_kernel(ir::DType from, ir::DType to) {
  return HWY_DYNAMIC_DISPATCH(find_cast)(from, to);
}

}  // namespace evergpu::adapters::host
#endif
