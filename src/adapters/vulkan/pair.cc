#include "adapters/vulkan/pair.h"

namespace evergpu::adapters::vulkan {
namespace {

// The half of the digits that squares exactly.
Value upper_half(const Value& x) {
  return float_of(bits_of(x) & (x.type == Type::f64 ? ~std::uint64_t{0x7ffffff} : 0xfffff000));
}

}  // namespace

Pair quick_sum(const Value& a, const Value& b) {
  const Value sum = a + b;
  return {sum, (a - sum) + b};
}

Pair exact_sum(const Value& a, const Value& b) {
  const Value sum = a + b;
  const Value part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}

Pair exact_product(const Value& a, const Value& b) {
  const Value product = a * b;
  const Value ah = upper_half(a);
  const Value al = a - ah;
  const Value bh = upper_half(b);
  const Value bl = b - bh;
  return {product, (((ah * bh - product) + al * bh) + ah * bl) + al * bl};
}

Pair operator*(const Pair& a, const Pair& b) {
  const Pair product = exact_product(a.high, b.high);
  return quick_sum(product.high, product.low + (a.high * b.low + a.low * b.high));
}

Pair operator*(const Pair& a, const Value& b) {
  const Pair product = exact_product(a.high, b);
  return quick_sum(product.high, product.low + a.low * b);
}

Pair operator+(const Pair& a, const Pair& b) {
  const Pair sum = exact_sum(a.high, b.high);
  return quick_sum(sum.high, sum.low + (a.low + b.low));
}

Pair operator/(const Pair& a, const Pair& b) {
  const Value quotient = a.high / b.high;
  const Pair back = exact_product(quotient, b.high);
  const Value rest = ((a.high - back.high) - back.low) + (a.low - quotient * b.low);
  return quick_sum(quotient, rest / b.high);
}

}  // namespace evergpu::adapters::vulkan
