// Kernel descriptions: what one launch computes, in a form that every adapter can generate code
// from. A Loop is a small straight-line program run once per point of an iteration space; a
// Sequence is several of them; everything else is a library kernel, named by the IR operation it
// computes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "ir/operation.h"

namespace evergpu::compiler {

/// One array that a Loop reads or writes: element `offset + sum(index[d] * strides[d])`.
struct LoopOperand {
  ir::DType dtype = ir::DType::f32;
  ir::Dims strides;         // in elements, one per loop axis; 0 repeats, negative runs backwards
  std::int64_t offset = 0;  // in elements. A launch argument: not part of structure.
  friend bool operator==(const LoopOperand&, const LoopOperand&) = default;
};

/// One step of a Loop's program. Its result is register number (its position in the program); it is
/// rounded to `dtype` before anything reads it.
struct Instruction {
  enum class Op : std::uint8_t {
    load,      // inputs[a]
    constant,  // `bits` (a launch argument: not part of structure)
    index,     // the loop index along axis a
    unary,     // unary_op of register a
    binary,    // binary_op of registers a, b (of one dtype)
    select,    // register a ? b : c
    cast,      // register a, converted
    bitcast,   // register a, an equally large dtype
    philox,    // u32: the word of a random stream whose number is the index's, row-major. Its key
               // is a, the halves of its counter are b (low) and c: u64 registers, each a constant
               // or a load that does not move.
  };
  Op op = Op::load;
  ir::DType dtype = ir::DType::f32;
  ir::UnaryOp unary_op = ir::UnaryOp::negate;
  ir::BinaryOp binary_op = ir::BinaryOp::add;
  std::uint16_t a = 0;
  std::uint16_t b = 0;
  std::uint16_t c = 0;
  std::uint64_t bits = 0;
  friend bool operator==(const Instruction&, const Instruction&) = default;
};

/// No Loop reads or writes more arrays than this.
inline constexpr std::size_t max_loop_inputs = 16;
inline constexpr std::size_t max_loop_outputs = 8;

/// For every index in `extents`: run the program, then store registers to outputs.
/// Outputs never overlap inputs, except that an output that is not reduced may be exactly the bytes
/// of an input with the same strides and offset.
///
/// The last outputs, one for each of `reductions`, are reduced: their registers are combined along
/// the axes where their strides are 0, which are the same axes for all of them. Their dtypes are
/// floats, i32 or i64.
struct Loop {
  ir::Dims extents;  // row-major; neighbouring axes that move together are merged
  std::vector<LoopOperand> inputs;
  std::vector<Instruction> program;
  std::vector<LoopOperand> outputs;
  std::vector<std::uint16_t> results;    // register stored to outputs[i]
  std::vector<ir::ReduceOp> reductions;  // of the last outputs

  /// How many outputs are stored at every index.
  std::size_t plain_outputs() const { return outputs.size() - reductions.size(); }
  friend bool operator==(const Loop&, const Loop&) = default;
};

/// Where an operand of a Library lies in its array: element `offset + sum(index[d] * strides[d])`.
struct Layout {
  ir::Dims strides;         // in elements, one per axis of the operand's shape
  std::int64_t offset = 0;  // in elements. A launch argument: not part of structure.
  friend bool operator==(const Layout&, const Layout&) = default;
};

/// A kernel of the adapter's library: the operation, and its operands.
struct Library {
  ir::Operation operation;
  std::vector<ir::DType> operand_dtypes;
  std::vector<ir::Shape> operand_shapes;
  /// Empty when all operands are dense. Matrix products alone have others, and those on devices
  /// that take them: no stride is negative, the rows or the columns of each matrix are dense, and
  /// its elements lie apart; batch axes may repeat (stride 0).
  std::vector<Layout> operand_layouts = {};

  /// The strides of operand i, dense or not.
  ir::Dims strides(std::size_t i) const {
    return operand_layouts.empty() ? operand_shapes[i].strides() : operand_layouts[i].strides;
  }
  friend bool operator==(const Library&, const Library&) = default;
};

/// A Library with Loops around it: what passes from one to the next is never an array. Of a
/// row-wise window, run a few rows at a time; or of a contraction of floats, whose result the Loop
/// after it reads element by element, and which has none before it.
struct Pipeline {
  /// Makes the library's first operand, over its elements in row-major order: `results` has one
  /// register, and `outputs` none. Nothing where that operand is an array.
  std::optional<Loop> before;
  Library library;
  /// Reads the library's result, a window's gradient or a contraction's, in row-major order as
  /// inputs[made], rounded to the library's dtype. After a window, plain outputs are dense; after a
  /// contraction, nothing is reduced, and an output may lie where an input of the Loop does, as
  /// Loops allow; `made` is 0. Nothing where that result is an array.
  std::optional<Loop> after;
  std::uint16_t made = 0;
  /// What `before` gives is inputs[given] of `after` too, unless that is `none`.
  static constexpr std::uint16_t none = 0xffff;
  std::uint16_t given = none;
  /// The numbers of its Loops.
  static constexpr std::uint16_t loop_before = 0;
  static constexpr std::uint16_t loop_after = 1;

  /// A launch reads the arrays of the first operand, the library's others, and those of `after` but
  /// for `made` and `given`.
  std::size_t first_arrays() const { return before ? before->inputs.size() : 1; }
  std::size_t other_arrays() const { return library.operand_shapes.size() - 1; }
  bool is_array(std::size_t input_of_after) const {
    return input_of_after != made && input_of_after != given;
  }
  friend bool operator==(const Pipeline&, const Pipeline&) = default;
};

/// Whether a window is one that a Pipeline can have: of floats, and the input of a row of windows
/// is elements in a row that no other row reads.
bool is_row_wise(const ir::Operation& operation);
/// Whether an operation is a contraction that a Pipeline can have: a matrix product, a convolution
/// or a gradient of one, of floats.
bool is_contraction(const ir::Operation& operation);

/// Which Library kernels a device takes in a Pipeline.
struct PipelineKinds {
  bool windows = false;       // those that are row-wise
  bool contractions = false;  // before a Loop
};

/// Loops that run in one launch. The launch's inputs are the first Loop's, then the second's, and
/// so on; so are its outputs.
///
/// They are over few elements, and run one after the other: each may read what those before it
/// wrote. What a Loop writes overlaps nothing that it or a later one reads, but for what Loop
/// allows, and for what the later one reads of it.
///
/// Or they are `apart`, and may run at once: they are of one program (same_program), and what a
/// Loop writes overlaps nothing of the others.
struct Sequence {
  std::vector<Loop> loops;
  bool apart = false;
  friend bool operator==(const Sequence&, const Sequence&) = default;
};

/// Which Loops a device takes in a Sequence.
struct SequenceLimits {
  std::int64_t elements = 0;  // of each Loop, at most
  std::size_t operands = 0;   // inputs and outputs of a launch, at most; 0: it takes no Sequences
  // The same of Sequences whose Loops are apart.
  std::int64_t elements_apart = 0;
  std::size_t operands_apart = 0;
};

using Kernel = std::variant<Loop, Library, Pipeline, Sequence>;

/// How many bytes of memory a launch stores: its results, not what it keeps in caches meanwhile.
std::size_t bytes_stored(const Kernel& kernel);

/// Roughly how many operations of the processor a launch takes, for those who cut work into pieces:
/// two for each multiplication of a contraction, one for each instruction of a Loop, and some for
/// each element that another library kernel touches.
std::uint64_t work_of(const Kernel& kernel);

/// Equal but for launch arguments (constants' bits, offsets, slice starts): what one executable can
/// run.
bool structurally_equal(const Kernel& a, const Kernel& b);
/// Whether two Loops have one axis each, and are structurally equal but for its extent: what is
/// true of an optimizer's updates of different variables.
bool same_program(const Loop& a, const Loop& b);
/// Equal for structurally equal kernels; the same in every process.
std::uint64_t structure_hash(const Kernel& kernel);

}  // namespace evergpu::compiler
