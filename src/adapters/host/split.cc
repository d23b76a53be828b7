// Operations that treat each position of the first axis by itself, run by the reference
// interpreter on several parts of that axis at once.
#include <algorithm>

#include "adapters/host/library.h"
#include "adapters/host/threads.h"
#include "ir/evaluate.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Library;
using ir::Kind;

constexpr std::int64_t grain_elements = 8 << 10;

ir::Shape with_rows(const ir::Shape& shape, std::int64_t rows) {
  ir::Dims extents = shape.extents();
  extents[0] = rows;
  return ir::Shape(extents);
}

void interpret_parts(const Library& library, Inputs inputs, std::byte* result) {
  const ir::Operation& operation = library.operation;
  const ir::Shape& shape = library.operand_shapes[0];
  const std::int64_t row = shape.elements() / shape[0];
  const std::int64_t result_row = operation.shape.elements() / shape[0];
  parallel_for(shape[0], std::max<std::int64_t>(1, grain_elements / row),
               [&](std::int64_t begin, std::int64_t end) {
                 ir::Operation part = operation;
                 part.shape = with_rows(operation.shape, end - begin);
                 const auto at = [&](std::int64_t elements, ir::DType dtype) {
                   return begin * elements * static_cast<std::int64_t>(ir::size_of(dtype));
                 };
                 const ir::DType dtype = library.operand_dtypes[0];
                 const ir::TensorView operand{dtype, with_rows(shape, end - begin),
                                              inputs[0] + at(row, dtype)};
                 ir::evaluate(part, {&operand, 1},
                              {part.dtype, part.shape, result + at(result_row, operation.dtype)});
               });
}

bool first_axis_is_free(const ir::Operation& operation, const ir::Shape& operand) {
  switch (operation.kind) {
    case Kind::arg_reduce:
      return operation.get<ir::ArgReduce>().axis > 0;
    case Kind::scan:
      return operation.get<ir::Scan>().axis > 0;
    case Kind::argsort:
      return operand.rank() > 1;
    default:
      return false;
  }
}

}  // namespace

MadeLibrary make_split(const Library& library) {
  const ir::Shape& operand = library.operand_shapes[0];
  if (operand.elements() == 0 || !first_axis_is_free(library.operation, operand)) return nullptr;
  return make_function(interpret_parts);
}

}  // namespace evergpu::adapters::host
