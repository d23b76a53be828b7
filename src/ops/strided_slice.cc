#include "ops/strided_slice.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "ops/failure.h"
#include "ops/invalid.h"

namespace evergpu::ops {
namespace {

using ir::Dims;
using ir::Shape;
using ir::Value;

// Parameters resolved for one shape.
struct Selection {
  Dims starts;   // per axis of the operand
  Dims sizes;    // per axis of the operand
  Dims strides;  // per axis of the operand
  Shape shape;   // after axes went and new ones came
};

constexpr bool has_bit(std::int64_t mask, std::size_t i) { return ((mask >> i) & 1) != 0; }

// One item between the brackets.
struct Item {
  enum class Kind { axis, new_axis, index };
  Kind kind = Kind::axis;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t stride = 1;
  bool has_begin = false;
  bool has_end = false;
};

// The items with the ellipsis, written or implied at the end, expanded to whole axes.
Result<std::vector<Item>> expand(const StridedSliceParameters& p, int rank) {
  const std::size_t count = p.begin.size();
  if (p.end.size() != count || p.strides.size() != count || count >= 32)
    return invalid(
        "Expected begin, end, and strides to be 1D equal size tensors, but got sizes {}, "
        "{} and {} instead.",
        count, p.end.size(), p.strides.size());
  if (std::popcount(static_cast<std::uint64_t>(p.ellipsis_mask)) > 1)
    return invalid("Multiple ellipses in slice spec not allowed");
  int used = 0;
  for (std::size_t i = 0; i < count; ++i)
    if (!has_bit(p.ellipsis_mask, i) && !has_bit(p.new_axis_mask, i)) ++used;
  if (used > rank)
    return invalid("Index out of range using input dim {}; input has only {} dims", rank, rank);
  std::vector<Item> items;
  bool ellipsis_seen = false;
  for (std::size_t i = 0; i < count; ++i) {
    if (has_bit(p.ellipsis_mask, i)) {
      items.resize(items.size() + static_cast<std::size_t>(rank - used));
      ellipsis_seen = true;
      continue;
    }
    Item item;
    if (has_bit(p.new_axis_mask, i)) {
      item.kind = Item::Kind::new_axis;
    } else {
      item = {.kind = has_bit(p.shrink_mask, i) ? Item::Kind::index : Item::Kind::axis,
              .begin = p.begin[i],
              .end = p.end[i],
              .stride = p.strides[i],
              .has_begin = !has_bit(p.begin_mask, i),
              .has_end = !has_bit(p.end_mask, i)};
      if (item.stride == 0) return invalid("strides[{}] must be non-zero", i);
    }
    items.push_back(item);
  }
  if (!ellipsis_seen) items.resize(items.size() + static_cast<std::size_t>(rank - used));
  return items;
}

Result<Selection> resolve(const Shape& shape, const StridedSliceParameters& parameters) {
  Result<std::vector<Item>> items = expand(parameters, shape.rank());
  if (!items.ok()) return items.status();
  Selection selection;
  Dims extents;
  int axis = 0;
  for (const Item& item : *items) {
    if (item.kind == Item::Kind::new_axis) {
      extents.push_back(1);
      continue;
    }
    const std::int64_t extent = shape[axis];
    if (item.kind == Item::Kind::index) {
      const std::int64_t i = item.begin < 0 ? item.begin + extent : item.begin;
      if (i < 0 || i >= extent)
        return invalid("slice index {} of dimension {} out of bounds.", item.begin, axis);
      if (item.stride < 0) return invalid("only stride 1 allowed on non-range indexing.");
      selection.starts.push_back(i);
      selection.sizes.push_back(1);
      selection.strides.push_back(1);
      ++axis;
      continue;
    }
    // Backwards, the range runs from extent - 1 to -1.
    const bool forward = item.stride > 0;
    const std::int64_t least = forward ? 0 : -1;
    const std::int64_t greatest = forward ? extent : extent - 1;
    const auto canonical = [&](bool given, std::int64_t i, std::int64_t otherwise) {
      if (!given) return otherwise;
      return std::clamp(i < 0 ? i + extent : i, least, greatest);
    };
    const std::int64_t begin = canonical(item.has_begin, item.begin, forward ? least : greatest);
    const std::int64_t end = canonical(item.has_end, item.end, forward ? greatest : least);
    const std::int64_t span = forward ? end - begin : begin - end;
    const std::int64_t step = forward ? item.stride : -item.stride;
    const std::int64_t size = span <= 0 ? 0 : (span + step - 1) / step;
    selection.starts.push_back(size == 0 ? 0 : begin);
    selection.sizes.push_back(size);
    selection.strides.push_back(size <= 1 ? 1 : item.stride);
    extents.push_back(size);
    ++axis;
  }
  selection.shape = Shape(std::move(extents));
  return selection;
}

// `value` at the selected places of an array of `shape`, `fill` elsewhere.
Value place(const Value& value, const Value& fill, const Selection& selection, const Shape& shape) {
  Dims low;
  Dims high;
  Dims interior;
  Dims backwards;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto i = static_cast<std::size_t>(axis);
    const std::int64_t size = selection.sizes[i];
    const std::int64_t step = std::abs(selection.strides[i]);
    const std::int64_t span = size == 0 ? 0 : (size - 1) * step + 1;
    std::int64_t first = selection.starts[i];
    if (selection.strides[i] < 0) {
      backwards.push_back(axis);
      first -= span - 1;
    }
    low.push_back(first);
    high.push_back(shape[axis] - first - span);
    interior.push_back(step - 1);
  }
  return ir::pad(ir::flip(ir::reshape(value, Shape(selection.sizes)), backwards), fill, low, high,
                 interior);
}

}  // namespace

Value strided_slice(const Value& x, const StridedSliceParameters& parameters) {
  if (!x.status().ok()) return x;
  const Result<Selection> selection = resolve(x.shape(), parameters);
  if (!selection.ok()) return ir::Node::failed(selection.status());
  return ir::reshape(ir::slice(x, selection->starts, selection->sizes, selection->strides),
                     selection->shape);
}

Value strided_slice_gradient(const Shape& shape, const Value& gradient,
                             const StridedSliceParameters& parameters) {
  if (!gradient.status().ok()) return gradient;
  const Result<Selection> selection = resolve(shape, parameters);
  if (!selection.ok()) return ir::Node::failed(selection.status());
  if (gradient.shape() != selection->shape)
    return failure("shape of dy was {} instead of {}", to_string(gradient.shape()),
                   to_string(selection->shape));
  return place(gradient, ir::constant(gradient.dtype(), 0), *selection, shape);
}

Value strided_slice_update(const Value& x, const Value& value,
                           const StridedSliceParameters& parameters) {
  if (Status status = first_error(x, value); !status.ok()) return ir::Node::failed(status);
  const Result<Selection> selection = resolve(x.shape(), parameters);
  if (!selection.ok()) return ir::Node::failed(selection.status());
  if (!ir::broadcasts_to(value.shape(), selection->shape))
    return failure("Cannot assign a value of shape {} to a slice of shape {}",
                   to_string(value.shape()), to_string(selection->shape));
  const Value wide = ir::broadcast(value, selection->shape);
  if (selection->shape.elements() == 0) return x;
  if (Shape(selection->sizes) == x.shape())
    return place(wide, ir::constant(x.dtype(), 0), *selection, x.shape());
  const Value everywhere = ir::full(selection->shape, ir::constant(ir::DType::boolean, 1));
  const Value selected =
      place(everywhere, ir::constant(ir::DType::boolean, 0), *selection, x.shape());
  return ir::select(selected, place(wide, ir::constant(x.dtype(), 0), *selection, x.shape()), x);
}

}  // namespace evergpu::ops
