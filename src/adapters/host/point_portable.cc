// Element-wise kernels for every operation and dtype, by the same functions as the reference
// interpreter; and the choice between these and the vectorised ones.
#include <bit>

#include "adapters/host/point.h"
#include "ir/convert.h"
#include "ir/point_functions.h"

namespace evergpu::adapters::host {
namespace {

using ir::BFloat16;
using ir::DType;
using ir::Half;

template <typename F, typename C>
void unary(const PointCall& call) {
  const C* a = static_cast<const C*>(call.a);
  auto* result = static_cast<decltype(F()(C()))*>(call.result);
  for (std::int64_t i = 0; i < call.n; ++i) result[i] = F()(a[i]);
}

template <typename F, typename C>
void binary(const PointCall& call) {
  const C* a = static_cast<const C*>(call.a);
  const C* b = static_cast<const C*>(call.b);
  auto* result = static_cast<decltype(F()(C(), C()))*>(call.result);
  const std::int64_t a_step = call.a_uniform ? 0 : 1;
  const std::int64_t b_step = call.b_uniform ? 0 : 1;
  for (std::int64_t i = 0; i < call.n; ++i) result[i] = F()(a[i * a_step], b[i * b_step]);
}

template <typename From, typename To>
void cast(const PointCall& call) {
  const From* a = static_cast<const From*>(call.a);
  To* result = static_cast<To*>(call.result);
  for (std::int64_t i = 0; i < call.n; ++i) result[i] = ir::convert<To>(a[i]);
}

template <typename T>
void round(const PointCall& call) {
  const auto* a = static_cast<const float*>(call.a);
  auto* result = static_cast<float*>(call.result);
  for (std::int64_t i = 0; i < call.n; ++i) result[i] = static_cast<float>(T(a[i]));
}

// From one form of a register to another, element by element through memory's form.
template <typename Narrow, typename Widen, typename From, typename To>
void reinterpret(const PointCall& call) {
  static_assert(sizeof(Narrow) == sizeof(Widen));
  const From* a = static_cast<const From*>(call.a);
  To* result = static_cast<To*>(call.result);
  for (std::int64_t i = 0; i < call.n; ++i) {
    result[i] = static_cast<To>(std::bit_cast<Widen>(static_cast<Narrow>(a[i])));
  }
}

}  // namespace

PointKernel unary_kernel(ir::UnaryOp op, DType dtype) {
  if (const PointKernel kernel = vector_unary_kernel(op, dtype)) return kernel;
  if (const PointKernel kernel = math_kernel(op, dtype)) return kernel;
  PointKernel kernel = nullptr;
  ir::visit(dtype, [&]<typename Tag>(Tag) {
    using C = ir::Compute<typename Tag::type>;
    ir::with_function<C>(op, [&]<typename F>(F) { kernel = &unary<F, C>; });
  });
  return kernel;
}

PointKernel binary_kernel(ir::BinaryOp op, DType dtype) {
  if (const PointKernel kernel = vector_binary_kernel(op, dtype)) return kernel;
  PointKernel kernel = nullptr;
  ir::visit(dtype, [&]<typename Tag>(Tag) {
    using C = ir::Compute<typename Tag::type>;
    ir::with_function<C>(op, [&]<typename F>(F) { kernel = &binary<F, C>; });
  });
  return kernel;
}

PointKernel cast_kernel(DType from, DType to) {
  if (const PointKernel kernel = vector_cast_kernel(from, to)) return kernel;
  return ir::visit(from, [&]<typename From>(From) {
    return ir::visit(to, [&]<typename To>(To) -> PointKernel {
      return &cast<ir::Compute<typename From::type>, ir::Compute<typename To::type>>;
    });
  });
}

PointKernel bitcast_kernel(DType from, DType to) {
  if (from == DType::u16 && to == DType::bf16) return widen_kernel(to);
  return ir::visit(from, [&]<typename From>(From) {
    return ir::visit(to, [&]<typename To>(To) -> PointKernel {
      using Narrow = typename From::type;
      using Widen = typename To::type;
      if constexpr (sizeof(Narrow) == sizeof(Widen))
        return &reinterpret<Narrow, Widen, ir::Compute<Narrow>, ir::Compute<Widen>>;
      else
        return nullptr;
    });
  });
}

PointKernel round_kernel(DType dtype) {
  if (const PointKernel kernel = vector_round_kernel(dtype)) return kernel;
  return dtype == DType::f16 ? &round<Half> : &round<BFloat16>;
}

PointKernel widen_kernel(DType dtype) {
  if (const PointKernel kernel = vector_widen_kernel(dtype)) return kernel;
  return dtype == DType::f16 ? &reinterpret<Half, Half, Half, float>
                             : &reinterpret<BFloat16, BFloat16, BFloat16, float>;
}

PointKernel narrow_kernel(DType dtype) {
  if (const PointKernel kernel = vector_narrow_kernel(dtype)) return kernel;
  return dtype == DType::f16 ? &reinterpret<Half, Half, float, Half>
                             : &reinterpret<BFloat16, BFloat16, float, BFloat16>;
}

void store_rounded(DType dtype, void* elements, std::int64_t n, void* to) {
  round_kernel(dtype)({.a = elements, .result = elements, .n = n});
  narrow_kernel(dtype)({.a = elements, .result = to, .n = n});
}

}  // namespace evergpu::adapters::host
