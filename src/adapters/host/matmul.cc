// Matrix multiplication: oneDNN where it is fast, else loops of our own.
#include <cstring>

#include "adapters/host/contraction.h"

namespace evergpu::adapters::host {
namespace {

MadeLibrary make_dense_matmul(const compiler::Library& library) {
  if (MadeLibrary made = make_onednn_matmul(library)) return made;
  if (MadeLibrary made = make_through_float(library, make_onednn_matmul)) return made;
  return make_loop_matmul(library);
}

}  // namespace

MadeLibrary make_matmul(const compiler::Library& library) {
  for (const ir::Shape& shape : library.operand_shapes)
    if (shape.elements() == 0)
      return make_function([](const compiler::Library& self, Inputs, std::byte* result) {
        std::memset(result, 0, self.operation.bytes());
      });
  if (library.operand_layouts.empty()) return make_dense_matmul(library);
  return make_strided_matmul(library, make_dense_matmul);
}

}  // namespace evergpu::adapters::host
