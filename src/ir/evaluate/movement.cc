// Movements: each is a copy with other strides.
#include <algorithm>

#include "ir/evaluate/call.h"
#include "ir/evaluate/strided.h"

namespace evergpu::ir::reference {
namespace {

template <typename T>
void copy_as(const Dims& extents, const T* from, const Dims& from_strides, T* to,
             const Dims& to_strides) {
  for_each_row<2>(extents, {from_strides, to_strides},
                  [&](std::int64_t count, const auto& offsets, const auto& steps) {
                    const T* x = from + offsets[0];
                    T* result = to + offsets[1];
                    if (steps[1] == 1 && steps[0] == 1)
                      std::copy_n(x, count, result);
                    else if (steps[1] == 1 && steps[0] == 0)
                      std::fill_n(result, count, *x);
                    else
                      for (std::int64_t q = 0; q < count; ++q)
                        result[q * steps[1]] = x[q * steps[0]];
                  });
}

/// Strides of `from` in the index space of `to`, to which it broadcasts.
Dims broadcast_strides(const Shape& from, const Shape& to) {
  const Dims strides = from.strides();
  Dims result(static_cast<std::size_t>(to.rank()), 0);
  const std::size_t extra = result.size() - strides.size();
  for (std::size_t i = 0; i < strides.size(); ++i)
    if (from.extents()[i] != 1) result[i + extra] = strides[i];
  return result;
}

void broadcast(const Call& call) {
  const TensorView& x = call.operands[0];
  copy_strided(size_of(x.dtype), call.result.shape.extents(), x.data,
               broadcast_strides(x.shape, call.result.shape), call.result.data,
               call.result.shape.strides());
}

void permute(const Call& call) {
  const TensorView& x = call.operands[0];
  const Dims strides = x.shape.strides();
  Dims permuted;
  for (std::int64_t axis : call.attributes<Axes>().axes)
    permuted.push_back(strides[static_cast<std::size_t>(axis)]);
  copy_strided(size_of(x.dtype), call.result.shape.extents(), x.data, permuted, call.result.data,
               call.result.shape.strides());
}

void slice(const Call& call) {
  const TensorView& x = call.operands[0];
  const auto& [starts, steps] = call.attributes<Slice>();
  Dims strides = x.shape.strides();
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    offset += starts[i] * strides[i];
    strides[i] *= steps[i];
  }
  const std::size_t size = size_of(x.dtype);
  copy_strided(size, call.result.shape.extents(), x.data + offset * static_cast<std::int64_t>(size),
               strides, call.result.data, call.result.shape.strides());
}

void pad(const Call& call) {
  const TensorView& x = call.operands[0];
  const auto& [low, high, interior] = call.attributes<Pad>();
  const std::size_t size = size_of(x.dtype);
  const Dims all = call.result.shape.strides();
  copy_strided(size, call.result.shape.extents(), call.operands[1].data, Dims(all.size(), 0),
               call.result.data, all);
  Dims strides = all;
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    offset += low[i] * all[i];
    strides[i] *= interior[i] + 1;
  }
  if (x.shape.elements() == 0) return;
  copy_strided(size, x.shape.extents(), x.data, x.shape.strides(),
               call.result.data + offset * static_cast<std::int64_t>(size), strides);
}

void concat(const Call& call) {
  const int axis = call.attributes<Axis>().axis;
  const std::size_t size = size_of(call.operation.dtype);
  const AxisSplit whole = split_at(call.result.shape, axis);
  const std::size_t row = static_cast<std::size_t>(whole.extent * whole.inner) * size;
  std::byte* to = call.result.data;
  for (const TensorView& x : call.operands) {
    const std::size_t part = static_cast<std::size_t>(x.shape[axis] * whole.inner) * size;
    if (part == 0) continue;
    for (std::int64_t outer = 0; outer < whole.outer; ++outer)
      std::memcpy(to + static_cast<std::size_t>(outer) * row,
                  x.data + static_cast<std::size_t>(outer) * part, part);
    to += part;
  }
}

}  // namespace

void copy_strided(std::size_t size, const Dims& extents, const std::byte* from,
                  const Dims& from_strides, std::byte* to, const Dims& to_strides) {
  const auto copy = [&]<typename T>(TypeTag<T>) {
    copy_as(extents, reinterpret_cast<const T*>(from), from_strides, reinterpret_cast<T*>(to),
            to_strides);
  };
  switch (size) {
    case 1:
      return copy(TypeTag<std::uint8_t>());
    case 2:
      return copy(TypeTag<std::uint16_t>());
    case 4:
      return copy(TypeTag<std::uint32_t>());
    default:
      return copy(TypeTag<std::uint64_t>());
  }
}

void movement(const Call& call) {
  switch (call.operation.kind) {
    case Kind::broadcast:
      return broadcast(call);
    case Kind::permute:
      return permute(call);
    case Kind::slice:
      return slice(call);
    case Kind::pad:
      return pad(call);
    case Kind::concat:
      return concat(call);
    default:  // reshape, bitcast
      std::memcpy(call.result.data, call.operands[0].data, call.operation.bytes());
  }
}

}  // namespace evergpu::ir::reference
