// Rounding to bfloat16, for the instruction set that is being compiled: an includer of Highway's
// foreach_target.h includes this too.
#if defined(EVERGPU_HOST_ROUND_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef EVERGPU_HOST_ROUND_INL_H
#undef EVERGPU_HOST_ROUND_INL_H
#else
#define EVERGPU_HOST_ROUND_INL_H
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace evergpu::adapters::host::HWY_NAMESPACE {
namespace {

// The bits of x rounded to bfloat16, as f32 bits.
HWY_INLINE std::uint32_t rounded_bf16(std::uint32_t bits) {
  const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) & 0xffff0000u;
  const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
  return nan ? (bits & 0xffff0000u) | 0x400000u : rounded;
}

}  // namespace
}  // namespace evergpu::adapters::host::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
