// Equality and hashes of kernels by structure: one walk over the parts of a kernel that are not
// launch arguments serves both.
#include "compiler/kernel.h"

#include <algorithm>
#include <type_traits>

namespace evergpu::compiler {

namespace {

/// Mixes words into a hash; the finaliser of splitmix64 (Steele et al., "Fast splittable
/// pseudorandom number generators", OOPSLA 2014) after each.
class Hasher {
 public:
  template <typename T>
  void add(T value) {
    std::uint64_t z = state_ + 0x9e3779b97f4a7c15u + static_cast<std::uint64_t>(value);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    state_ = z ^ (z >> 31);
  }
  void add(const ir::Dims& dims) {
    add(dims.size());
    for (std::int64_t dim : dims) add(dim);
  }
  void add(const ir::Shape& shape) { add(shape.extents()); }

  void add(const ir::Empty&) {}
  void add(const ir::Constant&) {}  // a launch argument
  void add(const ir::Axis& axis) { add(axis.axis); }
  void add(const ir::Axes& axes) { add(axes.axes); }
  void add(const ir::Slice& slice) { add(slice.strides); }  // starts are launch arguments
  void add(const ir::Pad& pad) {
    add(pad.low);
    add(pad.high);
    add(pad.interior);
  }
  void add(const ir::Reduce& reduce) {
    add(reduce.op);
    add(reduce.axes);
  }
  void add(const ir::ArgReduce& reduce) {
    add(reduce.op);
    add(reduce.axis);
  }
  void add(const ir::Window& window) {
    add(window.op);
    add(window.extents);
    add(window.strides);
    add(window.pad_low);
    add(window.pad_high);
  }
  void add(const ir::MatMul& matmul) {
    add(matmul.transpose_a);
    add(matmul.transpose_b);
  }
  void add(const ir::Convolution& convolution) {
    add(convolution.strides);
    add(convolution.dilations);
    add(convolution.pad_low);
    add(convolution.pad_high);
    add(convolution.groups);
    add(convolution.layout);
  }
  void add(const ir::Gather& gather) {
    add(gather.axis);
    add(gather.batch_dims);
  }
  void add(const ir::Scatter& scatter) { add(scatter.op); }
  void add(const ir::ArgSort& sort) { add(sort.descending); }
  void add(const ir::Scan& scan) {
    add(scan.op);
    add(scan.axis);
    add(scan.exclusive);
    add(scan.reverse);
  }

  void add(const LoopOperand& operand) {
    add(operand.dtype);
    add(operand.strides);
  }
  void add(const Instruction& instruction) {
    add(instruction.op);
    add(instruction.dtype);
    add(instruction.unary_op);
    add(instruction.binary_op);
    add(instruction.a);
    add(instruction.b);
    add(instruction.c);
  }
  template <typename T>
  void add(const std::vector<T>& list) {
    add(list.size());
    for (const T& item : list) add(item);
  }
  void add(const Loop& loop) {
    add(loop.extents);
    add(loop.inputs);
    add(loop.program);
    add(loop.outputs);
    add(loop.results);
    add(loop.reductions);
  }
  void add(const Library& library) {
    add(library.operation.kind);
    add(library.operation.dtype);
    add(library.operation.shape);
    add(library.operation.attributes.index());
    std::visit([this](const auto& attributes) { add(attributes); }, library.operation.attributes);
    add(library.operand_dtypes);
    add(library.operand_shapes);
  }

  std::uint64_t result() const { return state_; }

 private:
  std::uint64_t state_ = 0;
};

bool same_structure(const LoopOperand& a, const LoopOperand& b) {
  return a.dtype == b.dtype && a.strides == b.strides;
}

bool same_structure(const Instruction& a, const Instruction& b) {
  Instruction same_bits = a;
  same_bits.bits = b.bits;
  return same_bits == b;
}

template <typename T>
bool same_structure(const std::vector<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const T& x, const T& y) { return same_structure(x, y); });
}

bool same_structure(const Loop& a, const Loop& b) {
  return a.extents == b.extents && a.results == b.results && a.reductions == b.reductions &&
         same_structure(a.inputs, b.inputs) && same_structure(a.program, b.program) &&
         same_structure(a.outputs, b.outputs);
}

bool same_structure(const ir::Attributes& a, const ir::Attributes& b) {
  if (a.index() != b.index()) return false;
  if (std::holds_alternative<ir::Constant>(a)) return true;
  if (const auto* slice = std::get_if<ir::Slice>(&a))
    return slice->strides == std::get<ir::Slice>(b).strides;
  return a == b;
}

bool same_structure(const Library& a, const Library& b) {
  return a.operation.kind == b.operation.kind && a.operation.dtype == b.operation.dtype &&
         a.operation.shape == b.operation.shape &&
         same_structure(a.operation.attributes, b.operation.attributes) &&
         a.operand_dtypes == b.operand_dtypes && a.operand_shapes == b.operand_shapes;
}

}  // namespace

bool structurally_equal(const Kernel& a, const Kernel& b) {
  if (a.index() != b.index()) return false;
  if (const auto* loop = std::get_if<Loop>(&a)) return same_structure(*loop, std::get<Loop>(b));
  return same_structure(std::get<Library>(a), std::get<Library>(b));
}

std::uint64_t structure_hash(const Kernel& kernel) {
  Hasher hasher;
  hasher.add(kernel.index());
  std::visit([&](const auto& alternative) { hasher.add(alternative); }, kernel);
  return hasher.result();
}

}  // namespace evergpu::compiler
