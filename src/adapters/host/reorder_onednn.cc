#include "adapters/host/reorder_onednn.h"

#ifdef EVERGPU_ONEDNN

#include <algorithm>
#include <numeric>
#include <vector>

#include "adapters/host/onednn.h"
#include "adapters/host/threads.h"

namespace evergpu::adapters::host::onednn {
namespace {

using dnnl::memory;

// What one call of copy_strided does, at least; the axes outside of it are shared among threads.
constexpr std::int64_t piece_elements = 1 << 10;
constexpr std::int64_t grain_elements = 1 << 14;

// How far apart the elements along a part of a dimension are: index / divisor % extent.
struct Part {
  std::int64_t divisor;
  std::int64_t extent;
  std::int64_t stride;
};

bool is_padded(const memory::desc& layout) {
  return layout.get_format_kind() != memory::format_kind::blocked ||
         layout.get_padded_dims() != layout.get_dims();
}

// The parts of each dimension, fastest first.
std::vector<std::vector<Part>> parts_of(const memory::desc& layout) {
  const memory::dims dims = layout.get_dims();
  std::vector<std::vector<Part>> parts(dims.size());
  std::vector<std::int64_t> divisors(dims.size(), 1);
  const memory::dims blocks = layout.get_inner_blks();
  const memory::dims dimensions = layout.get_inner_idxs();
  std::int64_t stride = 1;
  for (std::size_t i = blocks.size(); i-- > 0;) {
    const auto d = static_cast<std::size_t>(dimensions[i]);
    parts[d].push_back({divisors[d], blocks[i], stride});
    divisors[d] *= blocks[i];
    stride *= blocks[i];
  }
  const memory::dims outer = layout.get_strides();
  for (std::size_t d = 0; d < dims.size(); ++d)
    parts[d].push_back({divisors[d], dims[d] / divisors[d], outer[d]});
  return parts;
}

// The distance of neighbours `divisor` apart along a dimension.
std::int64_t stride_at(const std::vector<Part>& parts, std::int64_t divisor) {
  const Part* at = parts.data();
  for (const Part& part : parts)
    if (part.divisor <= divisor) at = &part;
  return at->stride * (divisor / at->divisor);
}

// Splits every dimension where either layout does; nothing where the splits do not nest.
std::optional<StridedBox> box_of(const memory::desc& from, const memory::desc& to) {
  if (is_padded(from) || is_padded(to)) return std::nullopt;
  const auto from_parts = parts_of(from);
  const auto to_parts = parts_of(to);
  struct Axis {
    std::int64_t extent;
    std::int64_t from;
    std::int64_t to;
  };
  std::vector<Axis> axes;
  for (std::size_t d = 0; d < from_parts.size(); ++d) {
    std::vector<std::int64_t> cuts{from.get_dims()[d]};
    for (const auto* parts : {&from_parts[d], &to_parts[d]})
      for (const Part& part : *parts) cuts.push_back(part.divisor);
    std::sort(cuts.begin(), cuts.end());
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      if (cuts[i + 1] % cuts[i] != 0) return std::nullopt;
      if (cuts[i + 1] == cuts[i]) continue;
      axes.push_back({cuts[i + 1] / cuts[i], stride_at(from_parts[d], cuts[i]),
                      stride_at(to_parts[d], cuts[i])});
    }
  }
  if (axes.size() > static_cast<std::size_t>(max_walk_axes)) return std::nullopt;
  std::sort(axes.begin(), axes.end(), [](const Axis& a, const Axis& b) { return a.to > b.to; });
  StridedBox box;
  for (const Axis& axis : axes) {
    box.extents[box.rank] = axis.extent;
    box.source_strides[box.rank] = axis.from;
    box.target_strides[box.rank] = axis.to;
    ++box.rank;
  }
  return box;
}

void copy(const StridedBox& box, std::size_t element_size, std::byte* target,
          const std::byte* source) {
  int outer = box.rank;  // axes outside of a piece
  std::int64_t elements = 1;
  while (outer > 0 && elements < piece_elements) elements *= box.extents[--outer];
  StridedBox piece;
  piece.rank = box.rank - outer;
  std::copy_n(box.extents + outer, piece.rank, piece.extents);
  std::copy_n(box.source_strides + outer, piece.rank, piece.source_strides);
  std::copy_n(box.target_strides + outer, piece.rank, piece.target_strides);
  const std::int64_t pieces =
      std::accumulate(box.extents, box.extents + outer, std::int64_t{1}, std::multiplies<>());
  parallel_for(pieces, std::max<std::int64_t>(1, grain_elements / elements),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t number = begin; number < end; ++number) {
                   std::int64_t from = 0;
                   std::int64_t to = 0;
                   std::int64_t rest = number;
                   for (int axis = outer; axis-- > 0; rest /= box.extents[axis]) {
                     from += rest % box.extents[axis] * box.source_strides[axis];
                     to += rest % box.extents[axis] * box.target_strides[axis];
                   }
                   const auto size = static_cast<std::int64_t>(element_size);
                   copy_strided(piece, element_size, target + to * size, source + from * size);
                 }
               });
}

}  // namespace

Reorder::Reorder(const memory::desc& from, const memory::desc& to)
    : box_(box_of(from, to)), element_size_(memory::data_type_size(from.get_data_type())) {
  if (box_) return;
  from_ = memory(from, engine(), nullptr);
  to_ = memory(to, engine(), nullptr);
  reorder_ = dnnl::reorder(
      dnnl::reorder::primitive_desc(engine(), from, engine(), to, dnnl::primitive_attr()));
}

void Reorder::run(dnnl::stream& stream, void* from, void* to) {
  if (box_) {
    copy(*box_, element_size_, static_cast<std::byte*>(to), static_cast<const std::byte*>(from));
    return;
  }
  from_.set_data_handle(from);
  to_.set_data_handle(to);
  reorder_.execute(stream, from_, to_);
}

}  // namespace evergpu::adapters::host::onednn

#endif
