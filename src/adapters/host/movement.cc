// Concatenation as copies of long rows, padding as copies of boxes.
#include <algorithm>
#include <cstring>

#include "adapters/host/library.h"
#include "adapters/host/strided.h"
#include "adapters/host/threads.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Library;

constexpr std::int64_t grain_bytes = 256 << 10;

void concat(const Library& library, Inputs inputs, std::byte* result) {
  const ir::Operation& operation = library.operation;
  const int axis = operation.get<ir::Axis>().axis;
  std::int64_t outer = 1;
  for (int i = 0; i < axis; ++i) outer *= operation.shape[i];
  const auto row_bytes = [&](const ir::Shape& shape) {
    return shape.elements() / outer * static_cast<std::int64_t>(ir::size_of(operation.dtype));
  };
  const std::int64_t result_row = row_bytes(operation.shape);
  std::int64_t at = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::int64_t row = row_bytes(library.operand_shapes[i]);
    if (row == 0) continue;
    // One long row is cut, many short ones are shared out.
    const std::int64_t pieces = outer == 1 ? (row + grain_bytes - 1) / grain_bytes : 1;
    parallel_for(
        outer * pieces, std::max<std::int64_t>(1, grain_bytes / row),
        [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t part = begin; part < end; ++part) {
            const std::int64_t from = part % pieces * grain_bytes;
            const std::int64_t bytes = pieces == 1 ? row : std::min(grain_bytes, row - from);
            std::memcpy(result + part / pieces * result_row + at + from,
                        inputs[i] + part / pieces * row + from, static_cast<std::size_t>(bytes));
          }
        });
    at += row;
  }
}

// One index of the result's first axis at a time: filled, then written over where the operand is.
void pad(const Library& library, Inputs inputs, std::byte* result) {
  const ir::Operation& operation = library.operation;
  const ir::Shape& from = library.operand_shapes[0];
  const auto& attributes = operation.get<ir::Pad>();
  const ir::Dims& low = attributes.low;
  const ir::Dims& interior = attributes.interior;
  const std::size_t size = ir::size_of(operation.dtype);
  const ir::Dims from_strides = from.strides();
  const ir::Dims to_strides = operation.shape.strides();

  StridedBox fill;
  fill.rank = 1;
  fill.extents[0] = to_strides[0];
  fill.target_strides[0] = 1;
  fill.source_strides[0] = 0;
  StridedBox copy;
  copy.rank = from.rank() - 1;
  std::int64_t offset = 0;
  for (std::size_t axis = 1; axis < from_strides.size(); ++axis) {
    copy.extents[axis - 1] = from.extents()[axis];
    copy.source_strides[axis - 1] = from_strides[axis];
    copy.target_strides[axis - 1] = to_strides[axis] * (interior[axis] + 1);
    offset += low[axis] * to_strides[axis];
  }
  const auto bytes = [size](std::int64_t elements) {
    return elements * static_cast<std::int64_t>(size);
  };
  parallel_for(operation.shape[0], std::max<std::int64_t>(1, grain_bytes / bytes(to_strides[0])),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   std::byte* const target = result + bytes(i * to_strides[0]);
                   copy_strided(fill, size, target, inputs[1]);
                   const std::int64_t at = i - low[0];
                   const std::int64_t row = at / (interior[0] + 1);
                   if (at < 0 || at % (interior[0] + 1) != 0 || row >= from[0]) continue;
                   copy_strided(copy, size, target + bytes(offset),
                                inputs[0] + bytes(row * from_strides[0]));
                 }
               });
}

}  // namespace

MadeLibrary make_pad(const Library& library) {
  const int rank = library.operation.shape.rank();
  if (rank == 0 || rank > max_walk_axes || library.operand_shapes[0].elements() == 0)
    return nullptr;
  return make_function(pad);
}

MadeLibrary make_concat(const Library&) { return make_function(concat); }

}  // namespace evergpu::adapters::host
