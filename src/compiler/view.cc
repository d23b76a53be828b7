#include "compiler/view.h"

#include <algorithm>

namespace evergpu::compiler {

View View::dense(std::uint32_t buffer, ir::DType dtype, std::int64_t elements) {
  View view;
  view.source = Source::memory;
  view.dtype = dtype;
  view.buffer = buffer;
  view.elements = 1;
  view.append(elements, 1);
  return view;
}

View View::constant(std::uint64_t bits, ir::DType dtype) {
  View view;
  view.source = Source::constant;
  view.dtype = dtype;
  view.elements = 1;
  view.bits = bits;
  return view;
}

View View::iota(ir::DType dtype, const ir::Shape& shape, int axis) {
  View view;
  view.source = Source::index;
  view.dtype = dtype;
  view.elements = 1;
  for (int i = 0; i < shape.rank(); ++i) view.append(shape[i], i == axis ? 1 : 0);
  return view;
}

bool View::is_dense() const {
  if (source != Source::memory || sliced) return false;
  return runs.empty() || (runs.size() == 1 && runs[0].stride == 1);
}

void View::append(std::int64_t extent, std::int64_t stride) {
  elements *= extent;
  if (extent == 1 || source == Source::constant) return;
  if (!runs.empty() && runs.back().stride == stride * extent)
    runs.back() = {runs.back().extent * extent, stride};
  else
    runs.push_back({extent, stride});
}

std::optional<ir::Dims> View::strides_over(std::span<const std::int64_t> extents) const {
  ir::Dims result(extents.size());
  if (source == Source::constant) return result;
  std::size_t next = runs.size();
  Run rest;  // what is left of the innermost run that has no axes yet
  for (std::size_t axis = extents.size(); axis-- > 0;) {
    const std::int64_t extent = extents[axis];
    if (extent == 1) continue;
    if (rest.extent == 1) {
      if (next == 0) return std::nullopt;
      rest = runs[--next];
    }
    if (rest.extent % extent != 0) return std::nullopt;
    result[axis] = rest.stride;
    rest = {rest.extent / extent, rest.stride * extent};
  }
  return result;
}

bool is_movement(ir::Kind kind) {
  switch (kind) {
    case ir::Kind::broadcast:
    case ir::Kind::reshape:
    case ir::Kind::permute:
    case ir::Kind::slice:
    case ir::Kind::bitcast:
      return true;
    default:
      return false;
  }
}

bool keeps_order(const ir::Operation& movement, const ir::Operation& operand) {
  switch (movement.kind) {
    case ir::Kind::reshape:
      return true;
    case ir::Kind::bitcast:
      return ir::size_of(movement.dtype) == ir::size_of(operand.dtype);
    case ir::Kind::broadcast:
      return movement.shape.elements() == operand.shape.elements();
    case ir::Kind::permute: {
      std::int64_t previous = -1;
      for (std::int64_t axis : movement.get<ir::Axes>().axes) {
        if (operand.shape[static_cast<int>(axis)] == 1) continue;
        if (axis < previous) return false;
        previous = axis;
      }
      return true;
    }
    case ir::Kind::slice: {
      const ir::Dims& strides = movement.get<ir::Slice>().strides;
      for (int axis = 0; axis < movement.shape.rank(); ++axis)
        if (movement.shape[axis] > 1 && strides[static_cast<std::size_t>(axis)] != 1) return false;
      return movement.shape == operand.shape;
    }
    default:
      return false;
  }
}

namespace {

/// `view` with no axes yet.
View begin_from(const View& view, ir::DType dtype) {
  View result;
  result.source = view.source;
  result.dtype = dtype;
  result.buffer = view.buffer;
  result.elements = 1;
  result.offset = view.offset;
  result.bits = view.bits;
  result.sliced = view.sliced;
  result.argument = view.argument;
  return result;
}

std::optional<View> permute(const View& view, const ir::Operation& movement,
                            const ir::Shape& from) {
  const std::optional<ir::Dims> strides = view.strides_over(from.extents());
  if (!strides) return std::nullopt;
  View result = begin_from(view, view.dtype);
  for (std::int64_t axis : movement.get<ir::Axes>().axes)
    result.append(from[static_cast<int>(axis)], (*strides)[static_cast<std::size_t>(axis)]);
  return result;
}

std::optional<View> slice(const View& view, const ir::Operation& movement, const ir::Shape& from) {
  const std::optional<ir::Dims> strides = view.strides_over(from.extents());
  if (!strides) return std::nullopt;
  const auto& attributes = movement.get<ir::Slice>();
  View result = begin_from(view, view.dtype);
  result.sliced = true;
  for (std::size_t axis = 0; axis < strides->size(); ++axis) {
    const std::int64_t stride = (*strides)[axis];
    result.offset += attributes.starts[axis] * stride;
    result.append(movement.shape.extents()[axis], attributes.strides[axis] * stride);
  }
  return result;
}

std::optional<View> bitcast(const View& view, ir::DType dtype) {
  const auto from = static_cast<std::int64_t>(ir::size_of(view.dtype));
  const auto to = static_cast<std::int64_t>(ir::size_of(dtype));
  if (view.source == View::Source::constant && from == to) {
    View result = view;
    result.dtype = dtype;
    return result;
  }
  if (view.source != View::Source::memory) return std::nullopt;
  if (from >= to) {  // each element becomes `ratio` neighbours
    const std::int64_t ratio = from / to;
    View result = begin_from(view, dtype);
    result.offset *= ratio;
    for (const Run& run : view.runs) result.append(run.extent, run.stride * ratio);
    result.append(ratio, 1);
    return result;
  }
  // Each `ratio` neighbours become one element: they must begin at a multiple of `ratio`.
  const std::int64_t ratio = to / from;
  if (view.sliced || view.runs.empty()) return std::nullopt;
  if (view.runs.back().stride != 1 || view.runs.back().extent % ratio != 0) return std::nullopt;
  View result = begin_from(view, dtype);
  for (std::size_t i = 0; i + 1 < view.runs.size(); ++i) {
    if (view.runs[i].stride % ratio != 0) return std::nullopt;
    result.append(view.runs[i].extent, view.runs[i].stride / ratio);
  }
  result.append(view.runs.back().extent / ratio, 1);
  return result;
}

std::optional<View> broadcast(const View& view, const ir::Shape& from, const ir::Shape& to) {
  const std::optional<ir::Dims> strides = view.strides_over(from.extents());
  if (!strides) return std::nullopt;
  View result = begin_from(view, view.dtype);
  const int added = to.rank() - from.rank();
  for (int axis = 0; axis < to.rank(); ++axis) {
    const bool repeats = axis < added || from[axis - added] == 1;
    result.append(to[axis], repeats ? 0 : (*strides)[static_cast<std::size_t>(axis - added)]);
  }
  return result;
}

}  // namespace

std::optional<View> move(const View& view, const ir::Operation& movement,
                         const ir::Operation& operand) {
  if (movement.kind != ir::Kind::bitcast && keeps_order(movement, operand)) return view;
  switch (movement.kind) {
    case ir::Kind::bitcast:
      return bitcast(view, movement.dtype);
    case ir::Kind::broadcast:
      return broadcast(view, operand.shape, movement.shape);
    case ir::Kind::permute:
      return permute(view, movement, operand.shape);
    case ir::Kind::slice:
      return slice(view, movement, operand.shape);
    default:
      return std::nullopt;
  }
}

View reduced_places(const ir::Operation& reduction, const ir::Shape& from) {
  const ir::Dims& axes = reduction.get<ir::Reduce>().axes;
  const ir::Dims strides = reduction.shape.strides();
  View view = View::dense(0, reduction.dtype, 1);
  std::size_t kept = 0;
  for (int axis = 0; axis < from.rank(); ++axis) {
    const bool reduced = std::find(axes.begin(), axes.end(), axis) != axes.end();
    view.append(from[axis], reduced ? 0 : strides[kept++]);
  }
  return view;
}

IterationSpace::IterationSpace(std::int64_t elements) {
  if (elements > 1) cuts_.push_back(elements);
}

bool IterationSpace::admit(const View& view) {
  if (view.runs.size() < 2) return true;
  InlineVector<std::int64_t, 8> merged;
  std::size_t next = 0;
  std::int64_t cut = 1;
  const auto take = [&](std::int64_t value) {
    if (merged.empty() || merged.back() != value) merged.push_back(value);
  };
  for (std::size_t run = view.runs.size(); run-- > 0;) {
    cut *= view.runs[run].extent;
    while (next < cuts_.size() && cuts_[next] < cut) take(cuts_[next++]);
    take(cut);
  }
  for (std::size_t i = 1; i < merged.size(); ++i)
    if (merged[i] % merged[i - 1] != 0) return false;
  cuts_ = std::move(merged);
  return true;
}

ir::Dims IterationSpace::extents() const {
  ir::Dims result(cuts_.size());
  for (std::size_t i = 0; i < cuts_.size(); ++i)
    result[cuts_.size() - 1 - i] = cuts_[i] / (i == 0 ? 1 : cuts_[i - 1]);
  return result;
}

}  // namespace evergpu::compiler
