// The makers of library kernels. Each returns null when it has nothing faster for the kernel than
// the reference interpreter.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "adapters/host/executable.h"

namespace evergpu::adapters::host {

using MadeLibrary = std::unique_ptr<HostExecutable>;

// One maker per family of node kinds.
MadeLibrary make_matmul(const compiler::Library& library);
MadeLibrary make_convolution(const compiler::Library& library);
MadeLibrary make_reduce(const compiler::Library& library);
MadeLibrary make_window(const compiler::Library& library);
MadeLibrary make_gather(const compiler::Library& library);
MadeLibrary make_scatter(const compiler::Library& library);
MadeLibrary make_random(const compiler::Library& library);
MadeLibrary make_pad(const compiler::Library& library);
MadeLibrary make_concat(const compiler::Library& library);
MadeLibrary make_argsort(const compiler::Library& library);
MadeLibrary make_recurrent(const compiler::Library& library);
/// arg_reduce, scan and convolutions (not by filter), in parallel over the first axis.
MadeLibrary make_split(const compiler::Library& library);

/// A shape with another extent of the first axis: that of some rows, or images, of an array.
inline ir::Shape with_rows(const ir::Shape& shape, std::int64_t rows) {
  ir::Dims extents = shape.extents();
  extents[0] = rows;
  return ir::Shape(std::move(extents));
}

/// A library kernel that is one function of operands and result, and keeps no work space.
class FunctionExecutable final : public HostExecutable {
 public:
  using Function =
      std::function<void(const compiler::Library& library, Inputs inputs, std::byte* result)>;
  explicit FunctionExecutable(Function function) : function_(std::move(function)) {}

  Status run(const compiler::Kernel& kernel, Inputs inputs, Outputs outputs) override {
    function_(std::get<compiler::Library>(kernel), inputs, outputs[0]);
    return {};
  }

 private:
  const Function function_;
};

inline MadeLibrary make_function(FunctionExecutable::Function function) {
  return std::make_unique<FunctionExecutable>(std::move(function));
}

}  // namespace evergpu::adapters::host
