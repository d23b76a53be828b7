// Reductions over any axes. The axes are merged into alternating kept and reduced groups; then
// either the last group is reduced (rows become single elements) or kept (rows are added up). Long
// reductions are cut into chunks by shape alone, whose results are combined as a tree: accurate,
// parallel, and the same bits on any number of threads.
#include <algorithm>
#include <cstring>
#include <vector>

#include "adapters/host/library.h"
#include "adapters/host/point.h"
#include "adapters/host/reduce_kernels.h"
#include "adapters/host/threads.h"
#include "adapters/host/work_space.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Library;

// Elements of a chunk that becomes one element; rows of partial results that become one.
constexpr std::int64_t row_chunk = 8192;
constexpr std::int64_t fan_in = 16;
// Columns that are added up at once, so that the sums stay in the L1 cache.
constexpr std::int64_t column_block = 1024;
constexpr std::int64_t parallel_grain = 32 << 10;

thread_local WorkSpace partial_space;
thread_local WorkSpace thread_space;

struct Group {
  std::int64_t extent;
  std::int64_t stride;  // of the operand, in elements
};

// The operand as kept and reduced groups of axes, outermost first.
struct Groups {
  std::vector<Group> kept;
  std::vector<Group> reduced;
  bool last_is_reduced = false;
};

Groups groups_of(const ir::Shape& shape, const ir::Dims& axes) {
  Groups groups;
  const ir::Dims strides = shape.strides();
  int previous = -1;  // 1 after a reduced axis, 0 after a kept one
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == 1) continue;
    const bool reduced = std::find(axes.begin(), axes.end(), axis) != axes.end();
    auto& list = reduced ? groups.reduced : groups.kept;
    const std::int64_t stride = strides[static_cast<std::size_t>(axis)];
    if (previous == static_cast<int>(reduced))
      list.back() = {list.back().extent * shape[axis], stride};
    else
      list.push_back({shape[axis], stride});
    previous = static_cast<int>(reduced);
  }
  groups.last_is_reduced = previous == 1;
  return groups;
}

std::int64_t product(const std::vector<Group>& groups) {
  std::int64_t result = 1;
  for (const Group& group : groups) result *= group.extent;
  return result;
}

// The operand's offset at position `number` in row-major order of `groups`.
std::int64_t offset_at(const std::vector<Group>& groups, std::int64_t number) {
  std::int64_t offset = 0;
  for (std::size_t i = groups.size(); i-- > 0;) {
    offset += number % groups[i].extent * groups[i].stride;
    number /= groups[i].extent;
  }
  return offset;
}

class ReduceExecutable final : public HostExecutable {
 public:
  ReduceExecutable(ir::DType dtype, ReduceKernels kernels, Groups groups)
      : dtype_(dtype),
        widens_(dtype == ir::DType::f16 || dtype == ir::DType::bf16),
        size_(static_cast<std::int64_t>(ir::size_of(dtype))),
        compute_size_(widens_ ? 4 : size_),
        kernels_(kernels),
        groups_(std::move(groups)) {
    if (groups_.last_is_reduced) {
      row_ = groups_.reduced.back().extent;
      groups_.reduced.pop_back();
    } else if (!groups_.kept.empty()) {
      width_ = groups_.kept.back().extent;
      groups_.kept.pop_back();
    }
    outputs_ = product(groups_.kept);
    steps_ = product(groups_.reduced);
  }

  Status run(const compiler::Kernel&, Inputs inputs, Outputs outputs) override {
    if (groups_.last_is_reduced)
      reduce_rows(inputs[0], outputs[0]);
    else
      add_up_rows(inputs[0], outputs[0]);
    return {};
  }

 private:
  // --- The last group is reduced: `row_` contiguous elements to one. ---

  void reduce_rows(const std::byte* x, std::byte* result) const {
    const std::int64_t per_row = (row_ + row_chunk - 1) / row_chunk;
    const std::int64_t chunks = steps_ * per_row;  // for each output element
    const bool straight = chunks == 1 && !widens_;
    std::byte* partial = straight ? result : partials(outputs_ * chunks);
    const std::int64_t chunk_elements = std::min(row_, row_chunk);
    parallel_for(outputs_ * chunks,
                 std::max<std::int64_t>(1, parallel_grain / (chunk_elements + 32)),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t i = begin; i < end; ++i) {
                     const std::int64_t chunk = i % chunks;
                     const std::int64_t first = chunk % per_row * row_chunk;
                     const std::int64_t n = std::min(row_chunk, row_ - first);
                     const std::int64_t at = offset_at(groups_.kept, i / chunks) +
                                             offset_at(groups_.reduced, chunk / per_row) + first;
                     kernels_.row(wide(x + at * size_, n), n, partial + i * compute_size_);
                   }
                 });
    if (straight) return;
    for (std::int64_t left = chunks; left > 1; left = (left + row_chunk - 1) / row_chunk)
      fold_chunks(partial, left);
    finish(partial, result, outputs_);
  }

  // Each output's `count` partial results, side by side, to one for each row_chunk of them.
  void fold_chunks(std::byte* partial, std::int64_t count) const {
    const std::int64_t folds = (count + row_chunk - 1) / row_chunk;
    for (std::int64_t i = 0; i < outputs_ * folds; ++i) {
      const std::int64_t first = i % folds * row_chunk;
      std::uint64_t folded;
      kernels_.row(partial + (i / folds * count + first) * compute_size_,
                   std::min(row_chunk, count - first), &folded);
      std::memcpy(partial + i * compute_size_, &folded, static_cast<std::size_t>(compute_size_));
    }
  }

  // --- The last group is kept: rows of `width_` elements are added up. ---

  void add_up_rows(const std::byte* x, std::byte* result) const {
    // Where the rows lie side by side, several short ones make one of a useful length.
    const bool side_by_side =
        groups_.reduced.size() == 1 && groups_.reduced.back().stride == width_;
    const std::int64_t together =
        side_by_side && width_ < 64 ? std::clamp<std::int64_t>(128 / width_, 1, steps_) : 1;
    const std::int64_t wide_rows = steps_ / together;
    const std::int64_t chunk_rows = std::clamp<std::int64_t>(32768 / (width_ * together), 16, 256);
    const std::int64_t chunks = (wide_rows + chunk_rows - 1) / chunk_rows;
    const std::int64_t width = width_ * together;
    const std::int64_t blocks = (width + column_block - 1) / column_block;
    const bool straight = chunks == 1 && together == 1 && !widens_;
    std::byte* partial = straight ? result : partials(outputs_ * chunks * width);
    const std::int64_t cost = std::min(width, column_block) * std::min(chunk_rows, wide_rows);
    parallel_for(outputs_ * chunks * blocks, std::max<std::int64_t>(1, parallel_grain / cost),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t i = begin; i < end; ++i) {
                     const std::int64_t column = i % blocks * column_block;
                     const std::int64_t chunk = i / blocks % chunks;
                     const std::int64_t output = i / blocks / chunks;
                     const std::int64_t columns = std::min(column_block, width - column);
                     const std::byte* from = x + (offset_at(groups_.kept, output) + column) * size_;
                     std::byte* sums =
                         partial + ((output * chunks + chunk) * width + column) * compute_size_;
                     const std::int64_t first = chunk * chunk_rows;
                     const std::int64_t last = std::min(first + chunk_rows, wide_rows);
                     add_up_block(from, first, last, together, columns, sums);
                   }
                 });
    if (straight) return;
    parallel_for(outputs_, std::max<std::int64_t>(1, parallel_grain / (chunks * width)),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t i = begin; i < end; ++i)
                     fold_rows(partial + i * chunks * width * compute_size_, chunks, width,
                               together, x + offset_at(groups_.kept, i) * size_);
                 });
    // Each output's sums are at the front of its partial results.
    for (std::int64_t i = 0; i < outputs_; ++i)
      finish(partial + i * chunks * width * compute_size_, result + i * width_ * size_, width_);
  }

  // Rows [first, last) of `together` steps each, `columns` elements of them, to `sums`.
  void add_up_block(const std::byte* x, std::int64_t first, std::int64_t last,
                    std::int64_t together, std::int64_t columns, std::byte* sums) const {
    const Group inner = groups_.reduced.empty() ? Group{1, 0} : groups_.reduced.back();
    for (std::int64_t row = first; row < last;) {
      // As many rows as are a constant stride apart.
      std::int64_t count = last - row;
      if (together == 1) count = std::min(count, inner.extent - row % inner.extent);
      const std::byte* from = x + offset_at(groups_.reduced, row * together) * size_;
      const std::int64_t stride = inner.stride * together;
      if (widens_) {
        for (std::int64_t r = 0; r < count; ++r)
          kernels_.rows(wide(from + r * stride * size_, columns), columns, 1, columns, sums,
                        row + r != first);
      } else {
        kernels_.rows(from, stride, count, columns, sums, row != first);
      }
      row += count;
    }
  }

  // The partial rows of one output to its first `width_` elements.
  void fold_rows(std::byte* partial, std::int64_t count, std::int64_t width, std::int64_t together,
                 const std::byte* x) const {
    const std::int64_t row_bytes = width * compute_size_;
    for (; count > 1; count = (count + fan_in - 1) / fan_in)
      for (std::int64_t i = 0; i * fan_in < count; ++i) {
        const std::byte* from = partial + i * fan_in * row_bytes;
        const std::int64_t rows = std::min(fan_in, count - i * fan_in);
        std::byte* to = partial + i * row_bytes;
        if (i > 0) std::memmove(to, from, static_cast<std::size_t>(row_bytes));
        if (rows > 1) kernels_.rows(from + row_bytes, width, rows - 1, width, to, true);
      }
    if (together == 1) return;
    kernels_.rows(partial + width_ * compute_size_, width_, together - 1, width_, partial, true);
    for (std::int64_t step = steps_ / together * together; step < steps_; ++step)
      kernels_.rows(wide(x + step * width_ * size_, width_), width_, 1, width_, partial, true);
  }

  // --- Both ---

  std::byte* partials(std::int64_t elements) const {
    return partial_space.at_least(static_cast<std::size_t>(elements * compute_size_));
  }

  // `n` elements as the kernels take them; good until the next call on this thread.
  const std::byte* wide(const std::byte* x, std::int64_t n) const {
    if (!widens_) return x;
    auto* space = thread_space.at_least(static_cast<std::size_t>(n * compute_size_));
    widen_kernel(dtype_)({.a = x, .result = space, .n = n});
    return space;
  }

  void finish(std::byte* partial, std::byte* result, std::int64_t n) const {
    if (!widens_) {
      std::memcpy(result, partial, static_cast<std::size_t>(n * size_));
      return;
    }
    round_kernel(dtype_)({.a = partial, .result = partial, .n = n});
    narrow_kernel(dtype_)({.a = partial, .result = result, .n = n});
  }

  const ir::DType dtype_;
  const bool widens_;  // 16-bit floats are reduced in f32
  const std::int64_t size_;
  const std::int64_t compute_size_;
  const ReduceKernels kernels_;
  Groups groups_;           // without the last
  std::int64_t row_ = 1;    // extent of the last group when it is reduced
  std::int64_t width_ = 1;  // extent of the last group when it is kept
  std::int64_t outputs_ = 1;
  std::int64_t steps_ = 1;
};

}  // namespace

MadeLibrary make_reduce(const Library& library) {
  const auto& attributes = library.operation.get<ir::Reduce>();
  const ir::Shape& shape = library.operand_shapes[0];
  const ir::DType dtype = library.operation.dtype;
  if (shape.elements() == 0) return nullptr;
  const bool small = dtype == ir::DType::f16 || dtype == ir::DType::bf16;
  const ReduceKernels kernels = reduce_kernels(attributes.op, small ? ir::DType::f32 : dtype);
  if (kernels.row == nullptr) return nullptr;
  return std::make_unique<ReduceExecutable>(dtype, kernels, groups_of(shape, attributes.axes));
}

}  // namespace evergpu::adapters::host
