// Functions of f32 vectors that several kernels need, for the instruction set that is being
// compiled: an includer of Highway's foreach_target.h includes this too.
#if defined(EVERGPU_HOST_MATH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef EVERGPU_HOST_MATH_INL_H
#undef EVERGPU_HOST_MATH_INL_H
#else
#define EVERGPU_HOST_MATH_INL_H
#endif

#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace evergpu::adapters::host::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::ScalableTag<float>;
using Vector = hn::Vec<Floats>;

// From here on exp overflows in f32.
constexpr float exp_limit = 104.0f;

HWY_INLINE Vector number(float x) { return hn::Set(Floats(), x); }

// `y`, but x itself where x is NaN.
HWY_INLINE Vector keep_nan(Vector x, Vector y) { return hn::IfThenElse(hn::IsNaN(x), x, y); }

HWY_INLINE Vector exp(Vector x) {
  return keep_nan(x, hn::Exp(Floats(), hn::Min(x, number(exp_limit))));
}

HWY_INLINE Vector sigmoid(Vector x) {
  const Vector e = exp(hn::Neg(hn::Abs(x)));
  const Vector one = number(1);
  return hn::Div(hn::IfThenElse(hn::Lt(x, number(0)), e, one), hn::Add(one, e));
}

HWY_INLINE Vector tanh(Vector x) {
  return hn::IfThenElse(hn::Eq(x, number(0)), x, keep_nan(x, hn::Tanh(Floats(), x)));
}

}  // namespace
}  // namespace evergpu::adapters::host::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
