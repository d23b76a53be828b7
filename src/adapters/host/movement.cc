// Concatenation as copies of long rows.
#include <cstring>

#include "adapters/host/library.h"
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

}  // namespace

MadeLibrary make_concat(const Library&) { return make_function(concat); }

}  // namespace evergpu::adapters::host
