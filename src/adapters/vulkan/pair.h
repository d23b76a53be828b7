// Numbers as sums of two floats, for what one float is too short for (T. J. Dekker, "A
// floating-point technique for extending the available precision", Numerische Mathematik 18, 1971).
#pragma once

#include "adapters/vulkan/value.h"

namespace evergpu::adapters::vulkan {

/// high + low, where low is at most half a unit in the last place of high.
struct Pair {
  Value high;
  Value low;
};

/// a + b exactly, where a is 0 or no smaller in magnitude than b.
Pair quick_sum(const Value& a, const Value& b);
/// a + b exactly.
Pair exact_sum(const Value& a, const Value& b);
/// a b, exactly but for some 2^-106 of it.
Pair exact_product(const Value& a, const Value& b);

// Within a few units of what the lower float can say.
Pair operator+(const Pair& a, const Pair& b);
Pair operator*(const Pair& a, const Pair& b);
Pair operator*(const Pair& a, const Value& b);
Pair operator/(const Pair& a, const Pair& b);

}  // namespace evergpu::adapters::vulkan
