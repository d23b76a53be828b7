// Reductions over any axes, of an array or of what a Loop's program makes. The axes are merged into
// alternating kept and reduced groups; then either the last group is reduced (rows become single
// elements) or kept (rows are added up). Long reductions are cut into chunks by shape alone, whose
// results are combined as a tree: accurate, parallel, and the same bits on any number of threads,
// fused or not.
#include "adapters/host/reduce.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "adapters/host/library.h"
#include "adapters/host/point.h"
#include "adapters/host/reduce_kernels.h"
#include "adapters/host/threads.h"
#include "adapters/host/tile_runner.h"
#include "adapters/host/work_space.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Library;
using compiler::Loop;

// Elements of a chunk that becomes one element; rows of partial results that become one.
constexpr std::int64_t row_chunk = 8192;
constexpr std::int64_t fan_in = 16;
// Columns that are added up at once, so that the sums stay in the L1 cache.
constexpr std::int64_t column_block = 1024;
constexpr std::int64_t parallel_grain = 32 << 10;

thread_local WorkSpace partial_space;
thread_local WorkSpace widened_space;
thread_local WorkSpace gathered_space;
thread_local WorkSpace register_space;

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

// One of the reductions that read the same indices.
struct Reduction {
  Reduction(ir::DType reduced, ir::ReduceOp op)
      : dtype(reduced),
        widens(is_small_float(reduced)),
        size(static_cast<std::int64_t>(ir::size_of(reduced))),
        compute_size(widens ? 4 : size),
        kernels(reduce_kernels(op, widens ? ir::DType::f32 : reduced)) {}

  ir::DType dtype;
  bool widens;  // 16-bit floats are reduced in f32
  std::int64_t size;
  std::int64_t compute_size;
  ReduceKernels kernels;
  std::byte* partial = nullptr;  // while it runs

  void finish(std::byte* from, std::byte* result, std::int64_t n) const {
    if (widens)
      store_rounded(dtype, from, n, result);
    else
      std::memcpy(result, from, static_cast<std::size_t>(n * size));
  }
};

class ArraySource final : public Source {
 public:
  ArraySource(const Reduction& reduction, const std::byte* x) : reduction_(reduction), x_(x) {}

  std::int64_t most() const override { return row_chunk; }
  void read(std::int64_t begin, std::int64_t n) override {
    elements_ = x_ + begin * reduction_.size;
    if (!reduction_.widens) return;
    auto* space = widened_space.at_least(static_cast<std::size_t>(n * reduction_.compute_size));
    widen_kernel(reduction_.dtype)({.a = elements_, .result = space, .n = n});
    elements_ = space;
  }
  const std::byte* elements(std::size_t) override { return elements_; }
  const std::byte* array() const override { return reduction_.widens ? nullptr : x_; }

 private:
  const Reduction& reduction_;
  const std::byte* x_;
  const std::byte* elements_ = nullptr;
};

class ProgramSource final : public Source {
 public:
  ProgramSource(const Schedule& schedule, const Loop& loop, Inputs inputs, Outputs outputs,
                const std::vector<char>& direct)
      : most_(schedule.tile_elements),
        runner_(schedule, loop, inputs, outputs, direct, register_space) {}

  std::int64_t most() const override { return most_; }
  void read(std::int64_t begin, std::int64_t n) override { runner_.run_range(begin, n); }
  const std::byte* elements(std::size_t k) override { return runner_.given(k); }

 private:
  const std::int64_t most_;
  TileRunner runner_;
};

// Reduces what sources give.
class Reducer {
 public:
  /// `cost`: of one element, in simple instructions.
  Reducer(std::vector<Reduction> reductions, Groups groups, std::int64_t cost)
      : reductions_(std::move(reductions)), groups_(std::move(groups)), cost_(cost) {
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

  /// `make_source()` gives each thread its std::unique_ptr<Source>; results[k] is for reduction k.
  template <typename MakeSource>
  void run(MakeSource&& make_source, Outputs results) {
    if (groups_.last_is_reduced)
      reduce_rows(make_source, results);
    else
      add_up_rows(make_source, results);
  }

 private:
  // --- The last group is reduced: `row_` contiguous elements to one. ---

  template <typename MakeSource>
  void reduce_rows(MakeSource&& make_source, Outputs results) {
    const std::int64_t per_row = (row_ + row_chunk - 1) / row_chunk;
    const std::int64_t chunks = steps_ * per_row;  // for each output element
    take_partials(outputs_ * chunks, chunks == 1, results);
    parallel_for(outputs_ * chunks, grain(std::min(row_, row_chunk) + 32),
                 [&](std::int64_t begin, std::int64_t end) {
                   const auto source = make_source();
                   if (steps_ == 1 && row_ <= source->most()) {
                     reduce_whole_rows(*source, begin, end);
                     return;
                   }
                   for (std::int64_t i = begin; i < end; ++i) {
                     const std::int64_t chunk = i % chunks;
                     const std::int64_t first = chunk % per_row * row_chunk;
                     reduce_row(*source,
                                offset_at(groups_.kept, i / chunks) +
                                    offset_at(groups_.reduced, chunk / per_row) + first,
                                std::min(row_chunk, row_ - first), i);
                   }
                 });
    for (std::size_t k = 0; k < reductions_.size(); ++k) {
      const Reduction& reduction = reductions_[k];
      if (reduction.partial == results[k]) continue;
      for (std::int64_t left = chunks; left > 1; left = (left + row_chunk - 1) / row_chunk)
        fold_chunks(reduction, left);
      reduction.finish(reduction.partial, results[k], outputs_);
    }
  }

  // Rows [begin, end), which lie side by side. A program runs best over many elements.
  void reduce_whole_rows(Source& source, std::int64_t begin, std::int64_t end) {
    const std::int64_t at_once = source.most() / row_;
    for (std::int64_t i = begin; i < end; i += at_once) {
      const std::int64_t count = std::min(at_once, end - i);
      source.read(i * row_, count * row_);
      for (std::size_t k = 0; k < reductions_.size(); ++k) {
        const std::byte* const rows = source.elements(k);
        for (std::int64_t r = 0; r < count; ++r)
          reductions_[k].kernels.row(rows + r * row_ * reductions_[k].compute_size, row_,
                                     partial(k, i + r));
      }
    }
  }

  // Indices [at, at + n) to partial result `to`.
  void reduce_row(Source& source, std::int64_t at, std::int64_t n, std::int64_t to) {
    if (n <= source.most()) {
      source.read(at, n);
      for (std::size_t k = 0; k < reductions_.size(); ++k)
        reductions_[k].kernels.row(source.elements(k), n, partial(k, to));
      return;
    }
    std::byte* const gathered =
        gathered_space.at_least(reductions_.size() * row_chunk * sizeof(double));
    const auto row_of = [&](std::size_t k) { return gathered + k * row_chunk * sizeof(double); };
    for (std::int64_t done = 0; done < n; done += source.most()) {
      const std::int64_t count = std::min(source.most(), n - done);
      source.read(at + done, count);
      for (std::size_t k = 0; k < reductions_.size(); ++k) {
        const std::int64_t size = reductions_[k].compute_size;
        std::memcpy(row_of(k) + done * size, source.elements(k),
                    static_cast<std::size_t>(count * size));
      }
    }
    for (std::size_t k = 0; k < reductions_.size(); ++k)
      reductions_[k].kernels.row(row_of(k), n, partial(k, to));
  }

  // Each output's `count` partial results, side by side, to one for each row_chunk of them.
  void fold_chunks(const Reduction& reduction, std::int64_t count) const {
    const std::int64_t size = reduction.compute_size;
    const std::int64_t folds = (count + row_chunk - 1) / row_chunk;
    for (std::int64_t i = 0; i < outputs_ * folds; ++i) {
      const std::int64_t first = i % folds * row_chunk;
      std::uint64_t folded;
      reduction.kernels.row(reduction.partial + (i / folds * count + first) * size,
                            std::min(row_chunk, count - first), &folded);
      std::memcpy(reduction.partial + i * size, &folded, static_cast<std::size_t>(size));
    }
  }

  // --- The last group is kept: rows of `width_` elements are added up. ---

  template <typename MakeSource>
  void add_up_rows(MakeSource&& make_source, Outputs results) {
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
    take_partials(outputs_ * chunks * width, chunks == 1 && together == 1, results);
    parallel_for(outputs_ * chunks * blocks,
                 grain(std::min(width, column_block) * std::min(chunk_rows, wide_rows)),
                 [&](std::int64_t begin, std::int64_t end) {
                   const auto source = make_source();
                   for (std::int64_t i = begin; i < end; ++i) {
                     const std::int64_t column = i % blocks * column_block;
                     const std::int64_t chunk = i / blocks % chunks;
                     const std::int64_t output = i / blocks / chunks;
                     const std::int64_t first = chunk * chunk_rows;
                     add_up_block(*source, offset_at(groups_.kept, output) + column, first,
                                  std::min(first + chunk_rows, wide_rows), together,
                                  std::min(column_block, width - column),
                                  (output * chunks + chunk) * width + column);
                   }
                 });
    if (reductions_[0].partial == results[0]) return;
    parallel_for(outputs_, grain(chunks * width), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        for (std::size_t k = 0; k < reductions_.size(); ++k)
          fold_rows(k, i * chunks * width, chunks, width, together);
    });
    add_up_rest(make_source, together, chunks * width);
    // Each output's sums are at the front of its partial results.
    for (std::size_t k = 0; k < reductions_.size(); ++k)
      for (std::int64_t i = 0; i < outputs_; ++i)
        reductions_[k].finish(partial(k, i * chunks * width),
                              results[k] + i * width_ * reductions_[k].size, width_);
  }

  // Rows [first, last) of `together` steps each, `columns` elements of them, to the partial results
  // from `to` on.
  void add_up_block(Source& source, std::int64_t x, std::int64_t first, std::int64_t last,
                    std::int64_t together, std::int64_t columns, std::int64_t to) {
    const Group inner = groups_.reduced.empty() ? Group{1, 0} : groups_.reduced.back();
    const std::int64_t stride = inner.stride * together;
    for (std::int64_t row = first; row < last;) {
      // As many rows as are a constant stride apart.
      std::int64_t count = last - row;
      if (together == 1) count = std::min(count, inner.extent - row % inner.extent);
      const std::int64_t at = x + offset_at(groups_.reduced, row * together);
      if (const std::byte* array = source.array()) {
        reductions_[0].kernels.rows(array + at * reductions_[0].size, stride, count, columns,
                                    partial(0, to), row != first);
        row += count;
        continue;
      }
      if (stride == columns)
        count = std::min(count, std::max<std::int64_t>(1, source.best(at) / columns));
      else
        count = 1;
      source.read(at, count * columns);
      for (std::size_t k = 0; k < reductions_.size(); ++k)
        reductions_[k].kernels.rows(source.elements(k), columns, count, columns, partial(k, to),
                                    row != first);
      row += count;
    }
  }

  // The partial rows of one output, from `at` on, to its first `width_` elements.
  void fold_rows(std::size_t k, std::int64_t at, std::int64_t count, std::int64_t width,
                 std::int64_t together) const {
    const Reduction& reduction = reductions_[k];
    std::byte* const rows = partial(k, at);
    const std::int64_t row_bytes = width * reduction.compute_size;
    for (; count > 1; count = (count + fan_in - 1) / fan_in)
      for (std::int64_t i = 0; i * fan_in < count; ++i) {
        const std::byte* from = rows + i * fan_in * row_bytes;
        const std::int64_t n = std::min(fan_in, count - i * fan_in);
        std::byte* to = rows + i * row_bytes;
        if (i > 0) std::memmove(to, from, static_cast<std::size_t>(row_bytes));
        if (n > 1) reduction.kernels.rows(from + row_bytes, width, n - 1, width, to, true);
      }
    if (together > 1)
      reduction.kernels.rows(rows + width_ * reduction.compute_size, width_, together - 1, width_,
                             rows, true);
  }

  // The steps that are too few for a row of `together`.
  template <typename MakeSource>
  void add_up_rest(MakeSource&& make_source, std::int64_t together, std::int64_t partials) {
    const std::int64_t done = steps_ / together * together;
    if (done == steps_) return;
    const auto source = make_source();
    for (std::int64_t i = 0; i < outputs_; ++i)
      for (std::int64_t step = done; step < steps_; ++step) {
        source->read(offset_at(groups_.kept, i) + step * width_, width_);
        for (std::size_t k = 0; k < reductions_.size(); ++k)
          reductions_[k].kernels.rows(source->elements(k), width_, 1, width_,
                                      partial(k, i * partials), true);
      }
  }

  // --- Both ---

  std::int64_t grain(std::int64_t elements) const {
    return std::max<std::int64_t>(1, parallel_grain / (elements * cost_));
  }

  // Room for `elements` partial results of each reduction. Where they are final at once they go
  // straight to the results, unless they have to be narrowed.
  void take_partials(std::int64_t elements, bool final, Outputs results) {
    const bool straight = final && std::none_of(reductions_.begin(), reductions_.end(),
                                                [](const Reduction& r) { return r.widens; });
    const std::size_t bytes = static_cast<std::size_t>(elements) * sizeof(double);
    std::byte* space = straight ? nullptr : partial_space.at_least(bytes * reductions_.size());
    for (std::size_t k = 0; k < reductions_.size(); ++k)
      reductions_[k].partial = straight ? results[k] : space + k * bytes;
  }
  std::byte* partial(std::size_t k, std::int64_t element) const {
    return reductions_[k].partial + element * reductions_[k].compute_size;
  }

  std::vector<Reduction> reductions_;
  Groups groups_;  // without the last
  const std::int64_t cost_;
  std::int64_t row_ = 1;    // extent of the last group when it is reduced
  std::int64_t width_ = 1;  // extent of the last group when it is kept
  std::int64_t outputs_ = 1;
  std::int64_t steps_ = 1;
};

class ArrayReduce final : public HostExecutable {
 public:
  ArrayReduce(const Reduction& reduction, Groups groups)
      : reduction_(reduction), reducer_({reduction}, std::move(groups), 1) {}

  Status run(const compiler::Kernel&, Inputs inputs, Outputs outputs) override {
    reducer_.run([&] { return std::make_unique<ArraySource>(reduction_, inputs[0]); }, outputs);
    return {};
  }

 private:
  const Reduction reduction_;
  Reducer reducer_;
};

class ProgramReducer final : public LoopReducer {
 public:
  ProgramReducer(std::vector<Reduction> reductions, Groups groups, std::int64_t cost)
      : reducer_(std::move(reductions), std::move(groups), cost) {}

  void run(const MakeSource& make_source, Outputs results) override {
    reducer_.run(make_source, results);
  }

 private:
  Reducer reducer_;
};

class LoopReduce final : public HostLoop {
 public:
  LoopReduce(Schedule schedule, std::unique_ptr<LoopReducer> reducer)
      : schedule_(std::move(schedule)), reducer_(std::move(reducer)) {}

  Status run_loop(const Loop& loop, Inputs inputs, Outputs outputs) override {
    const std::vector<char> direct = direct_outputs(schedule_, loop, inputs, outputs);
    reducer_->run(
        [&] { return std::make_unique<ProgramSource>(schedule_, loop, inputs, outputs, direct); },
        outputs.subspan(loop.plain_outputs()));
    return {};
  }

 private:
  const Schedule schedule_;
  const std::unique_ptr<LoopReducer> reducer_;
};

}  // namespace

MadeLibrary make_reduce(const Library& library) {
  const auto& attributes = library.operation.get<ir::Reduce>();
  const ir::Shape& shape = library.operand_shapes[0];
  if (shape.elements() == 0) return nullptr;
  const Reduction reduction(library.operation.dtype, attributes.op);
  if (reduction.kernels.row == nullptr) return nullptr;
  return std::make_unique<ArrayReduce>(reduction, groups_of(shape, attributes.axes));
}

Result<std::unique_ptr<LoopReducer>> make_reducer(const Loop& loop, std::int64_t element_cost) {
  std::vector<Reduction> reductions;
  for (std::size_t k = 0; k < loop.reductions.size(); ++k) {
    const ir::DType dtype = loop.outputs[loop.plain_outputs() + k].dtype;
    reductions.emplace_back(dtype, loop.reductions[k]);
    if (reductions[k].kernels.row == nullptr)
      return unimplemented(fmt::format("no host kernel for a reduction of {}", name_of(dtype)));
  }
  ir::Dims axes;
  for (std::size_t axis = 0; axis < loop.extents.size(); ++axis)
    if (loop.outputs.back().strides[axis] == 0) axes.push_back(static_cast<std::int64_t>(axis));
  return std::unique_ptr<LoopReducer>(std::make_unique<ProgramReducer>(
      std::move(reductions), groups_of(ir::Shape(loop.extents), axes), element_cost));
}

Result<std::unique_ptr<HostLoop>> make_reduce(const Loop& loop, Schedule schedule) {
  auto reducer = make_reducer(loop, schedule.element_cost);
  if (!reducer.ok()) return reducer.status();
  return std::unique_ptr<HostLoop>(
      std::make_unique<LoopReduce>(std::move(schedule), std::move(*reducer)));
}

}  // namespace evergpu::adapters::host
