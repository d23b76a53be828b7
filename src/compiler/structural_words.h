// What two things of equal structure have in common, as numbers: hashes of kernels and keys of
// plans are made of them. Launch arguments are not among them.
#pragma once

#include <cstdint>
#include <type_traits>
#include <variant>

#include "ir/operation.h"

namespace evergpu::compiler {

/// A hash and one more word; the finaliser of splitmix64 (Steele et al., "Fast splittable
/// pseudorandom number generators", OOPSLA 2014). The same in every process.
inline std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  std::uint64_t z = hash + 0x9e3779b97f4a7c15u + word;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/// Gives `word` the numbers of attributes one after the other. Attributes of one alternative give
/// the same numbers when their structure is equal, and only then.
template <typename Word>
class StructuralWords {
 public:
  explicit StructuralWords(Word& word) : word_(word) {}

  void operator()(const ir::Empty&) const {}
  void operator()(const ir::Constant&) const {}  // a launch argument
  void operator()(const ir::Axis& axis) const { add(axis.axis); }
  void operator()(const ir::Axes& axes) const { add(axes.axes); }
  void operator()(const ir::Slice& slice) const {
    add(slice.strides);  // starts are launch arguments
  }
  void operator()(const ir::Pad& pad) const {
    add(pad.low);
    add(pad.high);
    add(pad.interior);
  }
  void operator()(const ir::Reduce& reduce) const {
    add(reduce.op);
    add(reduce.axes);
  }
  void operator()(const ir::ArgReduce& reduce) const {
    add(reduce.op);
    add(reduce.axis);
  }
  void operator()(const ir::Window& window) const {
    add(window.op);
    add(window.extents);
    add(window.strides);
    add(window.pad_low);
    add(window.pad_high);
  }
  void operator()(const ir::MatMul& matmul) const {
    add(matmul.transpose_a);
    add(matmul.transpose_b);
  }
  void operator()(const ir::Convolution& convolution) const {
    add(convolution.strides);
    add(convolution.dilations);
    add(convolution.pad_low);
    add(convolution.pad_high);
    add(convolution.groups);
    add(convolution.layout);
  }
  void operator()(const ir::Gather& gather) const {
    add(gather.axis);
    add(gather.batch_dims);
  }
  void operator()(const ir::Scatter& scatter) const { add(scatter.op); }
  void operator()(const ir::ArgSort& sort) const { add(sort.descending); }
  void operator()(const ir::Scan& scan) const {
    add(scan.op);
    add(scan.axis);
    add(scan.exclusive);
    add(scan.reverse);
  }
  void operator()(const ir::Recurrent& recurrent) const {
    add(recurrent.cell);
    add(recurrent.reverse);
  }
  void operator()(ir::UnaryOp op) const { add(op); }
  void operator()(ir::BinaryOp op) const { add(op); }

 private:
  template <typename T>
  void add(T value) const {
    word_(static_cast<std::uint64_t>(value));
  }
  void add(const ir::Dims& dims) const {
    add(dims.size());
    for (std::int64_t dim : dims) add(dim);
  }

  Word& word_;
};

template <typename Word>
void for_each_structural_word(const ir::Attributes& attributes, Word&& word) {
  std::visit(StructuralWords<std::remove_reference_t<Word>>(word), attributes);
}

}  // namespace evergpu::compiler
