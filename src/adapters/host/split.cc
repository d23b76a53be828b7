// Operations that treat each position of the first axis by itself, run by the reference
// interpreter on several parts of that axis at once.
#include <algorithm>
#include <vector>

#include "adapters/host/library.h"
#include "adapters/host/threads.h"
#include "ir/evaluate.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Library;
using ir::Kind;

constexpr std::int64_t grain_elements = 8 << 10;

bool is_convolution(Kind kind) {
  return kind == Kind::convolution || kind == Kind::convolution_input;
}

// The operand whose first axis is the result's; the others are needed whole.
std::size_t split_operand(Kind kind) { return kind == Kind::convolution_input ? 1 : 0; }

void interpret_parts(const Library& library, Inputs inputs, std::byte* result) {
  const ir::Operation& operation = library.operation;
  const std::size_t split = split_operand(operation.kind);
  const std::int64_t rows = library.operand_shapes[split][0];
  const std::int64_t cost =
      std::max(library.operand_shapes[split].elements(), operation.shape.elements()) / rows;
  const std::int64_t grain = is_convolution(operation.kind) ? 1 : grain_elements / cost;
  parallel_for(rows, std::max<std::int64_t>(1, grain), [&](std::int64_t begin, std::int64_t end) {
    // The bytes of row `begin`.
    const auto at = [&](const ir::Shape& shape, ir::DType dtype) {
      return begin * (shape.elements() / rows) * static_cast<std::int64_t>(ir::size_of(dtype));
    };
    std::vector<ir::TensorView> operands;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const ir::Shape& shape = library.operand_shapes[i];
      const ir::DType dtype = library.operand_dtypes[i];
      if (i == split)
        operands.push_back({dtype, with_rows(shape, end - begin), inputs[i] + at(shape, dtype)});
      else
        operands.push_back({dtype, shape, inputs[i]});
    }
    ir::Operation part = operation;
    part.shape = with_rows(operation.shape, end - begin);
    ir::evaluate(part, operands,
                 {part.dtype, part.shape, result + at(operation.shape, operation.dtype)});
  });
}

bool first_axis_is_free(const ir::Operation& operation) {
  switch (operation.kind) {
    case Kind::arg_reduce:
      return operation.get<ir::ArgReduce>().axis > 0;
    case Kind::scan:
      return operation.get<ir::Scan>().axis > 0;
    default:
      return is_convolution(operation.kind);
  }
}

}  // namespace

MadeLibrary make_split(const Library& library) {
  const ir::Shape& operand = library.operand_shapes[split_operand(library.operation.kind)];
  if (operand.elements() == 0 || !first_axis_is_free(library.operation)) return nullptr;
  return make_function(interpret_parts);
}

}  // namespace evergpu::adapters::host
