#include "compiler/matrix_view.h"

#include <algorithm>
#include <utility>

namespace evergpu::compiler {

ir::Shape swap_last_axes(const ir::Shape& shape) {
  ir::Dims extents = shape.extents();
  std::swap(extents[extents.size() - 1], extents[extents.size() - 2]);
  return ir::Shape(std::move(extents));
}

std::optional<ir::Dims> matrix_strides(const View& view, const ir::Shape& shape) {
  if (view.is_dense()) return shape.strides();
  if (view.source != View::Source::memory) return std::nullopt;
  std::optional<ir::Dims> strides = view.strides_over(shape.extents());
  if (!strides || std::any_of(strides->begin(), strides->end(), [](auto s) { return s < 0; }))
    return std::nullopt;
  const auto last = static_cast<std::size_t>(shape.rank() - 1);
  std::int64_t& down = (*strides)[last - 1];
  std::int64_t& across = (*strides)[last];
  const std::int64_t rows = shape.extents()[last - 1];
  const std::int64_t columns = shape.extents()[last];
  // An axis of one element lies as in a dense array.
  if (columns == 1) across = rows == 1 || down != 1 ? 1 : rows;
  if (rows == 1) down = across == 1 ? columns : 1;
  if ((across == 1 && down >= columns) || (down == 1 && across >= rows)) return strides;
  return std::nullopt;
}

bool is_transposed(const View& view, const ir::Shape& shape) {
  if (view.source != View::Source::memory || view.is_dense() || view.sliced) return false;
  ir::Dims strides = swap_last_axes(shape).strides();
  std::swap(strides[strides.size() - 1], strides[strides.size() - 2]);
  View transposed;
  transposed.source = View::Source::memory;
  transposed.elements = 1;
  for (int axis = 0; axis < shape.rank(); ++axis)
    transposed.append(shape[axis], strides[static_cast<std::size_t>(axis)]);
  return view.runs == transposed.runs;
}

}  // namespace evergpu::compiler
