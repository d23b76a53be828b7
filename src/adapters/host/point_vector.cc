// Element-wise kernels compiled for each instruction set, chosen at run time. Plain loops that the
// compiler vectorises: every operation here is exactly defined by IEEE 754 or integer arithmetic,
// so vector bodies and scalar tails give the same bits. (Transcendental functions: math_vector.cc.)
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "adapters/host/point.h"
#include "adapters/host/vector_loop.h"
#include "ir/convert.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "adapters/host/point_vector.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "adapters/host/round-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evergpu::adapters::host::HWY_NAMESPACE {
namespace {

using ir::BinaryOp;
using ir::DType;
using ir::UnaryOp;

// Integer arithmetic wraps.
template <typename T>
using Wrapping = typename std::conditional_t<std::is_integral_v<T>, std::make_unsigned<T>,
                                             std::type_identity<T>>::type;

template <BinaryOp op, typename T>
HWY_INLINE auto apply(T x, T y) {
  using W = Wrapping<T>;
  if constexpr (op == BinaryOp::add) return static_cast<T>(static_cast<W>(x) + static_cast<W>(y));
  if constexpr (op == BinaryOp::subtract)
    return static_cast<T>(static_cast<W>(x) - static_cast<W>(y));
  if constexpr (op == BinaryOp::multiply)
    return static_cast<T>(static_cast<W>(x) * static_cast<W>(y));
  if constexpr (op == BinaryOp::divide) return x / y;
  if constexpr (op == BinaryOp::maximum) return x != x ? x : (x > y ? x : y);
  if constexpr (op == BinaryOp::minimum) return x != x ? x : (x < y ? x : y);
  if constexpr (op == BinaryOp::bit_and) return static_cast<T>(x & y);
  if constexpr (op == BinaryOp::bit_or) return static_cast<T>(x | y);
  if constexpr (op == BinaryOp::bit_xor) return static_cast<T>(x ^ y);
  // Comparisons give the byte of a bool.
  if constexpr (op == BinaryOp::equal) return static_cast<std::uint8_t>(x == y);
  if constexpr (op == BinaryOp::not_equal) return static_cast<std::uint8_t>(x != y);
  if constexpr (op == BinaryOp::less) return static_cast<std::uint8_t>(x < y);
  if constexpr (op == BinaryOp::less_equal) return static_cast<std::uint8_t>(x <= y);
  if constexpr (op == BinaryOp::greater) return static_cast<std::uint8_t>(x > y);
  if constexpr (op == BinaryOp::greater_equal) return static_cast<std::uint8_t>(x >= y);
}

// The same, and for registers that hold bfloat16 numbers as f32 rounded to one, in the same pass.
template <BinaryOp op, typename T, bool rounds>
HWY_INLINE auto compute(T x, T y) {
  const auto result = apply<op, T>(x, y);
  if constexpr (rounds)
    return std::bit_cast<float>(rounded_bf16(std::bit_cast<std::uint32_t>(result)));
  else
    return result;
}

template <BinaryOp op, typename T, bool rounds = false>
void binary(const PointCall& call) {
  using Result = decltype(compute<op, T, rounds>(T(), T()));
  const T* a = static_cast<const T*>(call.a);
  const T* b = static_cast<const T*>(call.b);
  auto* result = static_cast<Result*>(call.result);
  const std::int64_t n = call.n;
  if (call.b_uniform) {
    const T y = *b;
    if (call.a_uniform) {
      *result = compute<op, T, rounds>(*a, y);
      return;
    }
    EVERGPU_VECTOR_LOOP
    for (std::int64_t i = 0; i < n; ++i) result[i] = compute<op, T, rounds>(a[i], y);
  } else if (call.a_uniform) {
    const T x = *a;
    EVERGPU_VECTOR_LOOP
    for (std::int64_t i = 0; i < n; ++i) result[i] = compute<op, T, rounds>(x, b[i]);
  } else {
    EVERGPU_VECTOR_LOOP
    for (std::int64_t i = 0; i < n; ++i) result[i] = compute<op, T, rounds>(a[i], b[i]);
  }
}

template <typename T>
PointKernel comparison(BinaryOp op) {
  switch (op) {
    case BinaryOp::equal:
      return binary<BinaryOp::equal, T>;
    case BinaryOp::not_equal:
      return binary<BinaryOp::not_equal, T>;
    case BinaryOp::less:
      return binary<BinaryOp::less, T>;
    case BinaryOp::less_equal:
      return binary<BinaryOp::less_equal, T>;
    case BinaryOp::greater:
      return binary<BinaryOp::greater, T>;
    case BinaryOp::greater_equal:
      return binary<BinaryOp::greater_equal, T>;
    default:
      return nullptr;
  }
}

template <typename T>
PointKernel arithmetic(BinaryOp op) {
  switch (op) {
    case BinaryOp::add:
      return binary<BinaryOp::add, T>;
    case BinaryOp::subtract:
      return binary<BinaryOp::subtract, T>;
    case BinaryOp::multiply:
      return binary<BinaryOp::multiply, T>;
    case BinaryOp::divide:
      if constexpr (std::is_floating_point_v<T>) return binary<BinaryOp::divide, T>;
      return nullptr;
    case BinaryOp::maximum:
      return binary<BinaryOp::maximum, T>;
    case BinaryOp::minimum:
      return binary<BinaryOp::minimum, T>;
    default:
      return comparison<T>(op);
  }
}

template <typename T>
PointKernel bitwise(BinaryOp op) {
  switch (op) {
    case BinaryOp::bit_and:
      return binary<BinaryOp::bit_and, T>;
    case BinaryOp::bit_or:
      return binary<BinaryOp::bit_or, T>;
    case BinaryOp::bit_xor:
      return binary<BinaryOp::bit_xor, T>;
    default:
      return nullptr;
  }
}

template <typename T>
PointKernel integer(BinaryOp op) {
  const PointKernel kernel = bitwise<T>(op);
  return kernel != nullptr ? kernel : arithmetic<T>(op);
}

PointKernel find_rounded_binary(BinaryOp op) {
  switch (op) {
    case BinaryOp::add:
      return binary<BinaryOp::add, float, true>;
    case BinaryOp::subtract:
      return binary<BinaryOp::subtract, float, true>;
    case BinaryOp::multiply:
      return binary<BinaryOp::multiply, float, true>;
    case BinaryOp::divide:
      return binary<BinaryOp::divide, float, true>;
    default:
      return nullptr;
  }
}

PointKernel find_binary(BinaryOp op, DType dtype) {
  switch (dtype) {
    case DType::f32:
      return arithmetic<float>(op);
    case DType::f64:
      return arithmetic<double>(op);
    case DType::i32:
      return integer<std::int32_t>(op);
    case DType::i64:
      return integer<std::int64_t>(op);
    case DType::u32:
      return integer<std::uint32_t>(op);
    case DType::u16:
      return bitwise<std::uint16_t>(op);
    case DType::boolean: {
      const PointKernel kernel = bitwise<std::uint8_t>(op);
      return kernel != nullptr ? kernel : comparison<std::uint8_t>(op);
    }
    default:
      return nullptr;
  }
}

template <UnaryOp op, typename T>
HWY_INLINE auto apply(T x) {
  if constexpr (op == UnaryOp::negate) {
    if constexpr (std::is_floating_point_v<T>)
      return -x;
    else
      return static_cast<T>(-static_cast<Wrapping<T>>(x));
  }
  if constexpr (op == UnaryOp::absolute) {
    if constexpr (std::is_floating_point_v<T>)
      return std::abs(x);
    else
      return static_cast<T>(x < 0 ? -static_cast<Wrapping<T>>(x) : static_cast<Wrapping<T>>(x));
  }
  if constexpr (op == UnaryOp::square)
    return static_cast<T>(static_cast<Wrapping<T>>(x) * static_cast<Wrapping<T>>(x));
  if constexpr (op == UnaryOp::reciprocal) return T(1) / x;
  if constexpr (op == UnaryOp::is_nan) return static_cast<std::uint8_t>(x != x);
  if constexpr (op == UnaryOp::is_finite)
    return static_cast<std::uint8_t>(std::abs(x) <= std::numeric_limits<T>::max());
  if constexpr (op == UnaryOp::is_infinite)
    return static_cast<std::uint8_t>(std::abs(x) > std::numeric_limits<T>::max());
  if constexpr (op == UnaryOp::logical_not) return static_cast<T>(x ^ 1);
}

template <UnaryOp op, typename T>
void unary(const PointCall& call) {
  const T* a = static_cast<const T*>(call.a);
  auto* result = static_cast<decltype(apply<op, T>(T()))*>(call.result);
  const std::int64_t n = call.n;
  EVERGPU_VECTOR_LOOP
  for (std::int64_t i = 0; i < n; ++i) result[i] = apply<op, T>(a[i]);
}

template <typename T>
PointKernel signed_unary(UnaryOp op) {
  switch (op) {
    case UnaryOp::negate:
      return unary<UnaryOp::negate, T>;
    case UnaryOp::absolute:
      return unary<UnaryOp::absolute, T>;
    case UnaryOp::square:
      return unary<UnaryOp::square, T>;
    default:
      return nullptr;
  }
}

template <typename T>
PointKernel float_unary(UnaryOp op) {
  switch (op) {
    case UnaryOp::reciprocal:
      return unary<UnaryOp::reciprocal, T>;
    case UnaryOp::is_nan:
      return unary<UnaryOp::is_nan, T>;
    case UnaryOp::is_finite:
      return unary<UnaryOp::is_finite, T>;
    case UnaryOp::is_infinite:
      return unary<UnaryOp::is_infinite, T>;
    default:
      return signed_unary<T>(op);
  }
}

PointKernel find_unary(UnaryOp op, DType dtype) {
  switch (dtype) {
    case DType::f32:
      return float_unary<float>(op);
    case DType::f64:
      return float_unary<double>(op);
    case DType::i32:
      return signed_unary<std::int32_t>(op);
    case DType::i64:
      return signed_unary<std::int64_t>(op);
    case DType::boolean:
      return op == UnaryOp::logical_not ? unary<UnaryOp::logical_not, std::uint8_t> : nullptr;
    default:
      return nullptr;
  }
}

template <typename T>
void select(const PointCall& call) {
  const auto* a = static_cast<const std::uint8_t*>(call.a);
  const T* b = static_cast<const T*>(call.b);
  const T* c = static_cast<const T*>(call.c);
  T* result = static_cast<T*>(call.result);
  const std::int64_t n = call.n;
  if (call.a_uniform) {
    const T* chosen = *a != 0 ? b : c;
    const bool uniform = *a != 0 ? call.b_uniform : call.c_uniform;
    EVERGPU_VECTOR_LOOP
    for (std::int64_t i = 0; i < n; ++i) result[i] = chosen[uniform ? 0 : i];
  } else if (call.b_uniform && call.c_uniform) {
    const T x = *b;
    const T y = *c;
    EVERGPU_VECTOR_LOOP
    for (std::int64_t i = 0; i < n; ++i) result[i] = a[i] != 0 ? x : y;
  } else if (call.b_uniform) {
    const T x = *b;
    EVERGPU_VECTOR_LOOP
    for (std::int64_t i = 0; i < n; ++i) {
      const T y = c[i];
      result[i] = a[i] != 0 ? x : y;
    }
  } else if (call.c_uniform) {
    const T y = *c;
    EVERGPU_VECTOR_LOOP
    for (std::int64_t i = 0; i < n; ++i) {
      const T x = b[i];
      result[i] = a[i] != 0 ? x : y;
    }
  } else {
    EVERGPU_VECTOR_LOOP
    for (std::int64_t i = 0; i < n; ++i) {
      const T x = b[i];
      const T y = c[i];
      result[i] = a[i] != 0 ? x : y;
    }
  }
}

PointKernel find_select(std::size_t size) {
  switch (size) {
    case 1:
      return select<std::uint8_t>;
    case 2:
      return select<std::uint16_t>;
    case 4:
      return select<std::uint32_t>;
    default:
      return select<std::uint64_t>;
  }
}

}  // namespace
}  // namespace evergpu::adapters::host::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evergpu::adapters::host {
namespace {

HWY_EXPORT(find_unary);
HWY_EXPORT(find_binary);
HWY_EXPORT(find_rounded_binary);
HWY_EXPORT(find_select);

}  // namespace

PointKernel vector_unary_kernel(ir::UnaryOp op, ir::DType dtype) {
  return HWY_DYNAMIC_DISPATCH(find_unary)(op, dtype);
}

PointKernel vector_binary_kernel(ir::BinaryOp op, ir::DType dtype) {
  return HWY_DYNAMIC_DISPATCH(find_binary)(op, dtype);
}

PointKernel rounded_binary_kernel(ir::BinaryOp op, ir::DType dtype) {
  return dtype == ir::DType::bf16 ? HWY_DYNAMIC_DISPATCH(find_rounded_binary)(op) : nullptr;
}

PointKernel select_kernel(ir::DType dtype) {
  return HWY_DYNAMIC_DISPATCH(find_select)(ir::size_of(dtype));
}

}  // namespace evergpu::adapters::host
#endif
