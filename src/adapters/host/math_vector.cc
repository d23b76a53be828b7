// Transcendental functions of f32 with vector instructions, within 4 units in the last place of the
// exact result, special values as IEEE 754 wants them. A tail goes through the same instructions as
// the body, padded, so that a result depends on its operand alone.
#include <cmath>
#include <cstring>
#include <limits>

#include "adapters/host/point.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "adapters/host/math_vector.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "adapters/host/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evergpu::adapters::host::HWY_NAMESPACE {
namespace {

using ir::DType;
using ir::UnaryOp;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

HWY_INLINE Vector expm1(Vector x) {
  const Vector y = hn::Expm1(Floats(), hn::Min(x, number(exp_limit)));
  return hn::IfThenElse(hn::Eq(x, number(0)), x, keep_nan(x, y));
}

// What log and log1p share: `y` inside the domain x > lowest, -infinity at its edge.
HWY_INLINE Vector within_domain(Vector x, float lowest, Vector y) {
  y = hn::IfThenElse(hn::Lt(x, number(infinity)), y, x);  // infinity and NaN
  y = hn::IfThenElse(hn::Eq(x, number(lowest)), number(-infinity), y);
  return hn::IfThenElse(hn::Lt(x, number(lowest)), number(not_a_number), y);
}

HWY_INLINE Vector log(Vector x) { return within_domain(x, 0, hn::Log(Floats(), x)); }
HWY_INLINE Vector log1p(Vector x) { return within_domain(x, -1, hn::Log1p(Floats(), x)); }

HWY_INLINE Vector softplus(Vector x) {
  const Vector positive = hn::IfThenElseZero(hn::Gt(x, number(0)), x);
  return hn::Add(positive, log1p(exp(hn::Neg(hn::Abs(x)))));
}

// Two minimax polynomials, meeting at 475/512: x + x P(x^2), and 1 - exp(Q(|x|)).
HWY_INLINE Vector erf(Vector x) {
  const Vector t = hn::Abs(x);
  const Vector s = hn::Mul(x, x);
  Vector inner = number(-5.96761703e-4f);
  for (float k : {4.99119423e-3f, -2.67681349e-2f, 1.12819925e-1f, -3.76125336e-1f, 1.28379166e-1f})
    inner = hn::MulAdd(inner, s, number(k));
  inner = hn::MulAdd(inner, x, x);
  Vector outer = hn::MulAdd(hn::MulAdd(number(-1.72853470e-5f), t, number(3.83197126e-4f)), s,
                            hn::MulAdd(number(-3.88396438e-3f), t, number(2.42546219e-2f)));
  for (float k : {-1.06777877e-1f, -6.34846687e-1f, -1.28717512e-1f})
    outer = hn::MulAdd(outer, t, number(k));
  outer = hn::NegMulAdd(t, number(1), hn::Mul(outer, t));
  outer = hn::Sub(number(1), hn::Exp(Floats(), outer));
  outer = hn::IfThenElse(hn::Gt(t, number(4)), number(1), outer);
  outer = hn::CopySignToAbs(outer, x);
  return keep_nan(x, hn::IfThenElse(hn::Gt(t, number(475.0f / 512)), outer, inner));
}

// What rounding a^2 to `square` loses. With a in two halves every product is exact, so processors
// without fused multiplication lose nothing either (Dekker, "A floating-point technique for
// extending the available precision", 1971).
HWY_INLINE Vector lost_in_square(Vector a, Vector square) {
  const hn::RebindToUnsigned<decltype(Floats())> bits;
  const Vector high = hn::And(a, hn::BitCast(Floats(), hn::Set(bits, 0xfffff000u)));
  const Vector low = hn::Sub(a, high);
  const Vector mixed = hn::Mul(hn::Add(high, high), low);
  return hn::MulAdd(low, low, hn::Add(hn::MulSub(high, high, square), mixed));
}

// exp(-x^2) t P(t) with t = 1 / (1 + |x| / 2), fitted to a relative error of 2e-8. What rounding
// x^2 loses is put back, since exp would blow it up.
HWY_INLINE Vector erfc(Vector x) {
  const Vector a = hn::Min(hn::Abs(x), number(10.5f));  // beyond, the result is 0 or 2
  const Vector t = hn::Div(number(1), hn::MulAdd(a, number(0.5f), number(1)));
  Vector sum = number(0.01168394f);
  for (float k : {-0.120068789f, 0.421630204f, -0.66058296f, 0.413700014f, -0.0944197923f,
                  0.224259421f, 0.238904178f, 0.282827854f, 0.282065898f})
    sum = hn::MulAdd(sum, t, number(k));
  const Vector square = hn::Mul(a, a);
  const Vector lost = lost_in_square(a, square);
  Vector y = hn::Mul(hn::Exp(Floats(), hn::Neg(square)), hn::Mul(t, sum));
  y = hn::NegMulAdd(y, lost, y);
  return keep_nan(x, hn::IfThenElse(hn::Lt(x, number(0)), hn::Sub(number(2), y), y));
}

struct ExpOp {
  HWY_INLINE Vector operator()(Vector x) const { return exp(x); }
};
struct Expm1Op {
  HWY_INLINE Vector operator()(Vector x) const { return expm1(x); }
};
struct LogOp {
  HWY_INLINE Vector operator()(Vector x) const { return log(x); }
};
struct Log1pOp {
  HWY_INLINE Vector operator()(Vector x) const { return log1p(x); }
};
struct SigmoidOp {
  HWY_INLINE Vector operator()(Vector x) const { return sigmoid(x); }
};
struct SoftplusOp {
  HWY_INLINE Vector operator()(Vector x) const { return softplus(x); }
};
struct ErfOp {
  HWY_INLINE Vector operator()(Vector x) const { return erf(x); }
};
struct ErfcOp {
  HWY_INLINE Vector operator()(Vector x) const { return erfc(x); }
};
struct TanhOp {
  HWY_INLINE Vector operator()(Vector x) const { return tanh(x); }
};
struct SqrtOp {
  HWY_INLINE Vector operator()(Vector x) const { return hn::Sqrt(x); }
};
struct RsqrtOp {
  HWY_INLINE Vector operator()(Vector x) const { return hn::Div(number(1), hn::Sqrt(x)); }
};
struct FloorOp {
  HWY_INLINE Vector operator()(Vector x) const { return hn::Floor(x); }
};
struct CeilOp {
  HWY_INLINE Vector operator()(Vector x) const { return hn::Ceil(x); }
};
struct RoundOp {
  HWY_INLINE Vector operator()(Vector x) const { return hn::Round(x); }
};
struct TruncateOp {
  HWY_INLINE Vector operator()(Vector x) const { return hn::Trunc(x); }
};
struct SignOp {
  HWY_INLINE Vector operator()(Vector x) const {
    const Vector one = hn::CopySign(number(1), x);
    return hn::IfThenElse(hn::Or(hn::IsNaN(x), hn::Eq(x, number(0))), x, one);
  }
};

template <typename F>
void unary(const PointCall& call) {
  const Floats d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto* a = static_cast<const float*>(call.a);
  auto* result = static_cast<float*>(call.result);
  std::int64_t i = 0;
  for (; i + lanes <= call.n; i += lanes) hn::StoreU(F()(hn::LoadU(d, a + i)), d, result + i);
  if (i == call.n) return;
  HWY_ALIGN float rest[HWY_MAX_BYTES / sizeof(float)] = {};
  const std::size_t bytes = static_cast<std::size_t>(call.n - i) * sizeof(float);
  std::memcpy(rest, a + i, bytes);
  hn::Store(F()(hn::Load(d, rest)), d, rest);
  std::memcpy(result + i, rest, bytes);
}

// Highway's sine and cosine hold up to here.
constexpr float trigonometric_limit = 39000;

// `F` where it holds, `Exact`, one element at a time, beyond.
template <typename F, float (*exact)(float)>
void trigonometric(const PointCall& call) {
  const auto* a = static_cast<const float*>(call.a);
  auto* result = static_cast<float*>(call.result);
  for (std::int64_t begin = 0; begin < call.n; begin += 64) {
    const std::int64_t n = std::min<std::int64_t>(64, call.n - begin);
    float block[64];
    unary<F>({.a = a + begin, .result = block, .n = n});
    for (std::int64_t i = 0; i < n; ++i) {
      const float x = a[begin + i];
      result[begin + i] = std::abs(x) <= trigonometric_limit ? block[i] : exact(x);
    }
  }
}

struct SinOp {
  HWY_INLINE Vector operator()(Vector x) const {
    return hn::IfThenElse(hn::Eq(x, number(0)), x, hn::Sin(Floats(), x));
  }
};
struct CosOp {
  HWY_INLINE Vector operator()(Vector x) const { return hn::Cos(Floats(), x); }
};

PointKernel find_math(UnaryOp op) {
  switch (op) {
    case UnaryOp::exp:
      return unary<ExpOp>;
    case UnaryOp::expm1:
      return unary<Expm1Op>;
    case UnaryOp::log:
      return unary<LogOp>;
    case UnaryOp::log1p:
      return unary<Log1pOp>;
    case UnaryOp::sigmoid:
      return unary<SigmoidOp>;
    case UnaryOp::softplus:
      return unary<SoftplusOp>;
    case UnaryOp::erf:
      return unary<ErfOp>;
    case UnaryOp::erfc:
      return unary<ErfcOp>;
    case UnaryOp::tanh:
      return unary<TanhOp>;
    case UnaryOp::sqrt:
      return unary<SqrtOp>;
    case UnaryOp::rsqrt:
      return unary<RsqrtOp>;
    case UnaryOp::floor:
      return unary<FloorOp>;
    case UnaryOp::ceil:
      return unary<CeilOp>;
    case UnaryOp::round_even:
      return unary<RoundOp>;
    case UnaryOp::truncate:
      return unary<TruncateOp>;
    case UnaryOp::sign:
      return unary<SignOp>;
    case UnaryOp::sin:
      return trigonometric<SinOp, std::sin>;
    case UnaryOp::cos:
      return trigonometric<CosOp, std::cos>;
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

HWY_EXPORT(find_math);

}  // namespace

PointKernel math_kernel(ir::UnaryOp op, ir::DType dtype) {
  return dtype == ir::DType::f32 ? HWY_DYNAMIC_DISPATCH(find_math)(op) : nullptr;
}

}  // namespace evergpu::adapters::host
#endif
