// Steps of random graphs: movements.
#include <algorithm>
#include <numeric>

#include "support/generator.h"

namespace evergpu::testing {

using ir::Dims;
using ir::Shape;

std::optional<Known> Generator::reshape() {
  const Known x = any_value();
  Dims extents;
  std::int64_t left = x.shape().elements();
  if (left == 0) {
    extents = {2, 0, 3};
  } else {
    for (std::int64_t factor : {2, 3, 5, 2, 7})
      if (left % factor == 0 && chance(0.6)) {
        extents.push_back(factor);
        left /= factor;
      }
    extents.push_back(left);
    std::shuffle(extents.begin(), extents.end(), random_);
    if (chance(0.3)) extents.insert(0, 1);
  }
  return moved(ir::reshape(x.value, Shape(std::move(extents))), x);
}

std::optional<Known> Generator::permute() {
  const Known x = any_value();
  Dims axes(static_cast<std::size_t>(x.rank()));
  std::iota(axes.begin(), axes.end(), 0);
  std::shuffle(axes.begin(), axes.end(), random_);
  return moved(ir::permute(x.value, axes), x);
}

std::optional<Known> Generator::broadcast() {
  const Known x = any_value();
  Dims extents = x.shape().extents();
  for (std::int64_t& extent : extents)
    if (extent == 1 && chance(0.5)) extent = between(1, 4);
  if (chance(0.4)) extents.insert(0, between(1, 4));
  return moved(ir::broadcast(x.value, Shape(std::move(extents))), x);
}

std::optional<Known> Generator::slice() {
  const Known x = any_value();
  Dims starts;
  Dims sizes;
  Dims strides;
  for (std::int64_t extent : x.shape()) {
    const std::int64_t stride = chance(0.6) ? 1 : between(1, 3);
    const std::int64_t first = extent == 0 || chance(0.4) ? 0 : between(0, extent - 1);
    const std::int64_t most = extent == 0 ? 0 : (extent - 1 - first) / stride + 1;
    const std::int64_t size = chance(0.5) ? most : between(0, most);
    const bool backwards = size > 0 && chance(0.3);
    starts.push_back(backwards ? first + (size - 1) * stride : first);
    sizes.push_back(size);
    strides.push_back(backwards ? -stride : stride);
  }
  return moved(ir::slice(x.value, starts, sizes, strides), x);
}

std::optional<Known> Generator::pad() {
  const Known x = any_value();
  Dims low;
  Dims high;
  Dims interior;
  for (int axis = 0; axis < x.rank(); ++axis) {
    low.push_back(chance(0.5) ? 0 : between(0, 2));
    high.push_back(chance(0.5) ? 0 : between(0, 2));
    interior.push_back(chance(0.8) ? 0 : between(0, 2));
  }
  const Known value = scalar(x.dtype(), static_cast<double>(between(0, 4)) / 4);
  Known known = moved(ir::pad(x.value, value.value, low, high, interior), x);
  known.bound = std::max(x.bound, value.bound);
  return known;
}

std::optional<Known> Generator::concat() {
  const Known x = any_value();
  if (x.rank() == 0) return std::nullopt;
  const auto axis = static_cast<int>(between(0, x.rank() - 1));
  std::vector<ir::Value> values{x.value};
  Known known = x;
  for (std::int64_t more = between(1, 3); more > 0; --more) {
    Dims extents = x.shape().extents();
    Known other = partner(x.dtype(), x.shape());
    if (other.shape() != x.shape()) {
      extents[static_cast<std::size_t>(axis)] = between(0, 3);
      other = leaf(x.dtype(), Shape(std::move(extents)));
    }
    values.insert(chance(0.5) ? values.begin() : values.end(), other.value);
    known.bound = std::max(known.bound, other.bound);
    known.error = std::max(known.error, other.error);
    known.exact = known.exact && other.exact;
  }
  known.value = ir::concat(values, axis);
  return known;
}

}  // namespace evergpu::testing
