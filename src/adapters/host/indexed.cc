// Gather and scatter by whole rows.
#include <algorithm>
#include <cstring>
#include <utility>

#include "adapters/host/library.h"
#include "adapters/host/point.h"
#include "adapters/host/reduce_kernels.h"
#include "adapters/host/threads.h"
#include "adapters/host/work_space.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Library;

constexpr std::int64_t grain_bytes = 64 << 10;

thread_local WorkSpace index_space;
thread_local WorkSpace total_space;
thread_local WorkSpace update_space;

// The indices as i64; those that are out of range are -1.
const std::int64_t* read_indices(ir::DType dtype, const std::byte* bytes, std::int64_t count,
                                 std::int64_t limit) {
  auto* indices = index_space.at_least_elements<std::int64_t>(count);
  ir::visit(dtype, [&]<typename Tag>(Tag) {
    using T = typename Tag::type;
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      const T* from = reinterpret_cast<const T*>(bytes);
      for (std::int64_t i = 0; i < count; ++i) {
        const T index = from[i];
        const bool inside = std::cmp_greater_equal(index, 0) && std::cmp_less(index, limit);
        indices[i] = inside ? static_cast<std::int64_t>(+index) : -1;
      }
    }
  });
  return indices;
}

void gather(const Library& library, Inputs inputs, std::byte* result) {
  const auto& attributes = library.operation.get<ir::Gather>();
  const ir::Shape& params = library.operand_shapes[0];
  const ir::Shape& index_shape = library.operand_shapes[1];
  const auto extents_between = [&](int begin, int end) {
    std::int64_t product = 1;
    for (int axis = begin; axis < end; ++axis) product *= params[axis];
    return product;
  };
  const std::int64_t batches = extents_between(0, attributes.batch_dims);
  const std::int64_t repeats = extents_between(attributes.batch_dims, attributes.axis);
  const std::int64_t inner = extents_between(attributes.axis + 1, params.rank());
  const std::int64_t extent = params[attributes.axis];
  const std::int64_t row = inner * static_cast<std::int64_t>(ir::size_of(library.operation.dtype));
  const std::int64_t count = index_shape.elements();
  const std::int64_t per_batch = count / batches;
  const std::int64_t* indices = read_indices(library.operand_dtypes[1], inputs[1], count, extent);
  parallel_for(batches * repeats * per_batch, std::max<std::int64_t>(1, grain_bytes / (row + 16)),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   const std::int64_t outer = i / per_batch;
                   const std::int64_t index = indices[outer / repeats * per_batch + i % per_batch];
                   std::byte* to = result + i * row;
                   if (index >= 0)
                     std::memcpy(to, inputs[0] + (outer * extent + index) * row,
                                 static_cast<std::size_t>(row));
                   else
                     std::memset(to, 0, static_cast<std::size_t>(row));
                 }
               });
}

// The reduction that applies one update; nothing for `set`, which replaces.
ir::ReduceOp reduction_of(ir::ScatterOp op) {
  switch (op) {
    case ir::ScatterOp::multiply:
      return ir::ReduceOp::product;
    case ir::ScatterOp::maximum:
      return ir::ReduceOp::maximum;
    case ir::ScatterOp::minimum:
      return ir::ReduceOp::minimum;
    default:
      return ir::ReduceOp::sum;
  }
}

// Each thread owns some rows of the result and looks for their updates, so that these are applied
// in order. 16-bit floats are collected in f32 and rounded once.
class ScatterExecutable final : public HostExecutable {
 public:
  ScatterExecutable(const Library& library, ReduceKernels kernels)
      : kernels_(kernels),
        dtype_(library.operation.dtype),
        sets_(library.operation.get<ir::Scatter>().op == ir::ScatterOp::set),
        widens_(!sets_ && is_small_float(dtype_)),
        rows_(library.operation.shape[0]),
        width_(library.operation.shape.elements() / rows_),
        updates_(library.operand_shapes[1].elements()),
        size_(static_cast<std::int64_t>(ir::size_of(dtype_))) {}

  Status run(const compiler::Kernel& kernel, Inputs inputs, Outputs outputs) override {
    const auto& library = std::get<Library>(kernel);
    const std::int64_t* indices =
        read_indices(library.operand_dtypes[1], inputs[1], updates_, rows_);
    const std::int64_t row_bytes = width_ * size_;
    parallel_for(rows_, std::max<std::int64_t>(1, grain_bytes / row_bytes),
                 [&](std::int64_t begin, std::int64_t end) {
                   const std::byte* base = inputs[0] + begin * row_bytes;
                   std::byte* to = outputs[0] + begin * row_bytes;
                   const std::int64_t elements = (end - begin) * width_;
                   std::byte* totals = to;
                   if (widens_) {
                     totals = total_space.at_least(static_cast<std::size_t>(elements) * 4);
                     widen_kernel(dtype_)({.a = base, .result = totals, .n = elements});
                   } else {
                     std::memcpy(to, base, static_cast<std::size_t>(elements * size_));
                   }
                   update_rows(indices, begin, end, inputs[2], totals);
                   if (widens_) store_rounded(dtype_, totals, elements, to);
                 });
    return {};
  }

 private:
  // Applies the updates of rows [begin, end), which lie at `totals`.
  void update_rows(const std::int64_t* indices, std::int64_t begin, std::int64_t end,
                   const std::byte* updates, std::byte* totals) const {
    const std::int64_t total_bytes = width_ * (widens_ ? 4 : size_);
    std::byte* wide =
        widens_ ? update_space.at_least(static_cast<std::size_t>(total_bytes)) : nullptr;
    for (std::int64_t i = 0; i < updates_; ++i) {
      if (indices[i] < begin || indices[i] >= end) continue;
      const std::byte* update = updates + i * width_ * size_;
      std::byte* total = totals + (indices[i] - begin) * total_bytes;
      if (widens_) widen_kernel(dtype_)({.a = update, .result = wide, .n = width_});
      if (sets_)
        std::memcpy(total, update, static_cast<std::size_t>(total_bytes));
      else
        kernels_.rows(widens_ ? wide : update, width_, 1, width_, total, true);
    }
  }

  const ReduceKernels kernels_;
  const ir::DType dtype_;
  const bool sets_;
  const bool widens_;
  const std::int64_t rows_;
  const std::int64_t width_;
  const std::int64_t updates_;
  const std::int64_t size_;
};

}  // namespace

MadeLibrary make_gather(const Library&) { return make_function(gather); }

MadeLibrary make_scatter(const Library& library) {
  const ir::ScatterOp op = library.operation.get<ir::Scatter>().op;
  const ir::DType dtype = library.operation.dtype;
  const bool small = is_small_float(dtype);
  if (op == ir::ScatterOp::subtract) return nullptr;
  const ReduceKernels kernels = reduce_kernels(reduction_of(op), small ? ir::DType::f32 : dtype);
  if (kernels.rows == nullptr && op != ir::ScatterOp::set) return nullptr;
  return std::make_unique<ScatterExecutable>(library, kernels);
}

}  // namespace evergpu::adapters::host
