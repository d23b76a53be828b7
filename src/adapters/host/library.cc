// Picks the executable of a library kernel: a fast one where there is one, else the reference
// interpreter.
#include "adapters/host/library.h"

#include "ir/evaluate.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Library;
using ir::Kind;

void interpret(const Library& library, Inputs inputs, std::byte* result) {
  std::vector<ir::TensorView> operands;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    operands.push_back({library.operand_dtypes[i], library.operand_shapes[i], inputs[i]});
  const ir::Operation& operation = library.operation;
  ir::evaluate(operation, operands, {operation.dtype, operation.shape, result});
}

MadeLibrary make_fast(const Library& library) {
  switch (library.operation.kind) {
    case Kind::matmul:
      return make_matmul(library);
    case Kind::convolution:
    case Kind::convolution_input:
    case Kind::convolution_filter:
      return make_convolution(library);
    case Kind::reduce:
      return make_reduce(library);
    case Kind::window_reduce:
    case Kind::window_gradient:
      return make_window(library);
    case Kind::gather:
      return make_gather(library);
    case Kind::scatter:
      return make_scatter(library);
    case Kind::arg_reduce:
    case Kind::scan:
      return make_split(library);
    case Kind::argsort:
      return make_argsort(library);
    case Kind::philox:
      return make_random(library);
    case Kind::pad:
      return make_pad(library);
    case Kind::concat:
      return make_concat(library);
    case Kind::recurrent:
    case Kind::recurrent_gradient:
      return make_recurrent(library);
    default:
      return nullptr;
  }
}

}  // namespace

Result<std::unique_ptr<HostExecutable>> make_library(const Library& library) {
  if (library.operation.shape.elements() == 0)
    return make_function([](const Library&, Inputs, std::byte*) {});
  if (MadeLibrary fast = make_fast(library)) return fast;
  return make_function(interpret);
}

}  // namespace evergpu::adapters::host
