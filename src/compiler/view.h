// How a node's elements are found without computing them: in an array, by strides; or nowhere in
// memory at all, when they are one constant or count up. Movement nodes map views to views.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "ir/graph.h"

namespace evergpu::compiler {

/// `extent` indices in a row, each `stride` elements after the one before.
struct Run {
  std::int64_t extent = 1;
  std::int64_t stride = 0;
  friend bool operator==(const Run&, const Run&) = default;
};

/// Element i of the node, in row-major order, is element `offset + sum(index[r] * runs[r].stride)`
/// of the source, where `index` are the digits of i in the mixed radix of the runs' extents. Since
/// only the row-major number of an element counts, a reshaped node has the same view.
struct View {
  enum class Source : std::uint8_t {
    none,      // the node is computed inside a Loop and has no array
    memory,    // an array
    index,     // element e of the source is the number e
    constant,  // every element of the source is `bits`; no runs
  };
  static constexpr std::uint32_t no_argument = ~std::uint32_t{0};
  Source source = Source::none;
  ir::DType dtype = ir::DType::f32;
  std::uint32_t buffer = 0;  // memory: position in Plan::buffers
  std::int64_t elements = 0;
  std::int64_t offset = 0;
  std::uint64_t bits = 0;
  /// The offset comes from slice starts. They are launch arguments, so no decision may look at the
  /// offset; without slices it is 0.
  bool sliced = false;
  /// Where the bits or the offset come from, for whoever makes views of a graph: a number of his.
  std::uint32_t argument = no_argument;
  /// Outermost first; no extent is 1, and no two neighbours can be written as one run.
  InlineVector<Run, 4> runs;

  /// All elements of an array, one after the other.
  static View dense(std::uint32_t buffer, ir::DType dtype, std::int64_t elements);
  static View constant(std::uint64_t bits, ir::DType dtype);
  /// shape[axis] counted up from 0 along `axis`.
  static View iota(ir::DType dtype, const ir::Shape& shape, int axis);

  /// True when the elements are those of an array, all of them, one after the other.
  bool is_dense() const;
  /// Appends an innermost axis.
  void append(std::int64_t extent, std::int64_t stride);
  /// The stride along each axis when the node's elements are laid out as `extents`; nothing when an
  /// axis would need two. Axes of extent 1 get stride 0.
  std::optional<ir::Dims> strides_over(std::span<const std::int64_t> extents) const;

  friend bool operator==(const View&, const View&) = default;
};

/// Whether a node can be a view at all: broadcast, reshape, permute, slice and bitcast.
bool is_movement(ir::Kind kind);

/// Whether element i of the result is element i of the operand, in row-major order, with an equally
/// large dtype.
bool keeps_order(const ir::Operation& movement, const ir::Operation& operand);

/// The view of a movement node, from the view of its operand; nothing when no strides can say it.
/// A dense operand always has an answer.
std::optional<View> move(const View& view, const ir::Operation& movement,
                         const ir::Operation& operand);

/// Where in its result a reduction of `from` puts each element of its operand.
View reduced_places(const ir::Operation& reduction, const ir::Shape& from);

/// The loop axes that several views of equally many elements can share: the coarsest ones in which
/// each view has one stride per axis.
class IterationSpace {
 public:
  explicit IterationSpace(std::int64_t elements);
  /// Splits axes as the view needs. False, and nothing changes, when the axes so far do not allow
  /// that (6 elements as [2,3] and as [3,2]).
  bool admit(const View& view);
  /// Outermost first; no extent is 1.
  ir::Dims extents() const;

 private:
  // The row-major strides of the axes' outer neighbours, ascending; each divides the next, and the
  // last is the number of elements.
  InlineVector<std::int64_t, 8> cuts_;
};

}  // namespace evergpu::compiler
