// Arithmetic on bfloat16 numbers, which registers hold as f32: computed in f32 and rounded in one
// pass over them.
#include <bit>

#include "adapters/host/point.h"
#include "adapters/host/vector_loop.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "adapters/host/rounded_vector.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "adapters/host/round-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evergpu::adapters::host::HWY_NAMESPACE {
namespace {

using ir::BinaryOp;

template <BinaryOp op>
HWY_INLINE std::uint32_t compute(float x, float y) {
  float result;
  if constexpr (op == BinaryOp::add) result = x + y;
  if constexpr (op == BinaryOp::subtract) result = x - y;
  if constexpr (op == BinaryOp::multiply) result = x * y;
  if constexpr (op == BinaryOp::divide) result = x / y;
  return rounded_bf16(std::bit_cast<std::uint32_t>(result));
}

template <BinaryOp op>
void binary(const PointCall& call) {
  const auto* a = static_cast<const float*>(call.a);
  const auto* b = static_cast<const float*>(call.b);
  auto* result = static_cast<std::uint32_t*>(call.result);
  const std::int64_t n = call.n;
  if (call.b_uniform) {
    const float y = *b;
    if (call.a_uniform) {
      *result = compute<op>(*a, y);
      return;
    }
    EVERGPU_VECTOR_LOOP
    for (std::int64_t i = 0; i < n; ++i) result[i] = compute<op>(a[i], y);
  } else if (call.a_uniform) {
    const float x = *a;
    EVERGPU_VECTOR_LOOP
    for (std::int64_t i = 0; i < n; ++i) result[i] = compute<op>(x, b[i]);
  } else {
    EVERGPU_VECTOR_LOOP
    for (std::int64_t i = 0; i < n; ++i) result[i] = compute<op>(a[i], b[i]);
  }
}

PointKernel find(BinaryOp op) {
  switch (op) {
    case BinaryOp::add:
      return binary<BinaryOp::add>;
    case BinaryOp::subtract:
      return binary<BinaryOp::subtract>;
    case BinaryOp::multiply:
      return binary<BinaryOp::multiply>;
    case BinaryOp::divide:
      return binary<BinaryOp::divide>;
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

HWY_EXPORT(find);

}  // namespace

PointKernel rounded_binary_kernel(ir::BinaryOp op, ir::DType dtype) {
  return dtype == ir::DType::bf16 ? HWY_DYNAMIC_DISPATCH(find)(op) : nullptr;
}

}  // namespace evergpu::adapters::host
#endif
