// From a pending graph to an ordered list of launches with a memory assignment. Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/kernel.h"
#include "ir/graph.h"

namespace evergpu::compiler {

/// One array that a plan touches: `bytes` of it, dense, row-major. Kernels may read it with any
/// dtype, so it begins at a multiple of 8 bytes.
struct Buffer {
  enum class Place : std::uint8_t {
    leaf,       // the bytes of graph node `node`, which exist before the plan runs
    wanted,     // a block that outlives the plan: the bytes of wanted graph node `node`
    temporary,  // bytes [offset, offset + bytes) of the plan's arena
  };
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  Place place = Place::temporary;
  std::uint32_t node = 0;  // temporary: the node it was made for
  std::size_t bytes = 0;
  std::size_t offset = 0;  // temporary
  /// wanted: the leaf, a position in Plan::buffers, whose bytes it may take over where nobody else
  /// can see them; none: a new block it must be.
  std::uint32_t takes_over = none;
};

/// A launch argument that the graph decides: the bits of a constant, or the offset that starts of
/// slices, of slices too, add up to.
struct Argument {
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  std::uint32_t node = 0;     // the constant, or the slice
  std::uint32_t base = none;  // slice: the argument, in Plan::arguments, of what is sliced
  ir::Dims strides;           // slice: bytes from element to element of its operand, by axis
  std::int64_t begin = 0;     // slice without a base: bytes before what is sliced in its array
};

/// Where an argument stands in a kernel. Of a Sequence or a Pipeline, in its Loop number `loop`.
struct Binding {
  enum class Place : std::uint8_t {
    constant,  // program[index].bits
    input,     // inputs[index].offset, of a Loop
    operand,   // operand_layouts[index].offset, of a Library
  };
  Place place = Place::constant;
  std::uint8_t element_bytes = 1;  // offsets are in elements of that size
  std::uint16_t index = 0;
  std::uint32_t argument = 0;  // position in Plan::arguments
  std::uint16_t loop = 0;
};

/// One launch. Operand buffers are in the order of the kernel's inputs, results of its outputs. A
/// Pipeline's are those of the first operand, of the library's others, and of the last Loop.
struct Step {
  Kernel kernel;
  std::vector<std::uint32_t> inputs;   // positions in Plan::buffers
  std::vector<std::uint32_t> outputs;  // positions in Plan::buffers
  std::vector<Binding> bindings;  // of its launch arguments that are not the same in all graphs
  std::uint32_t node = 0;         // the graph node that it was made for, which names it in messages
  std::vector<std::uint32_t> nodes = {};  // all graph nodes that it computes, ascending
};

/// A wanted node and the buffer, a position in Plan::buffers, with its bytes. Reshapes and bitcasts
/// of a leaf or of each other share one.
struct Wanted {
  std::uint32_t node = 0;
  std::uint32_t buffer = 0;
};

struct Plan {
  std::vector<Buffer> buffers;
  std::vector<Step> steps;
  std::size_t arena_bytes = 0;   // temporaries, with their blocks reused
  std::size_t wanted_bytes = 0;  // all blocks that outlive the plan
  std::vector<Wanted> wanted;
  std::vector<Argument> arguments;  // a slice comes after what it slices
};

/// What a device takes.
struct PlanOptions {
  std::size_t alignment = 64;    // of temporaries, in bytes: a multiple of 8
  bool strided_matmul = false;   // operands of matrix products may have layouts (Library)
  PipelineKinds pipelines = {};  // which kernels may be Pipelines
  SequenceLimits sequences = {};
};

/// Plans a verified graph without failed nodes. Nodes that no wanted node needs are not computed,
/// and values that several nodes compute alike are computed once (see common.h).
///
/// Point nodes become Loops, chains and diamonds of them one (see partition.h). Constants, iotas
/// and movement nodes are read in place, by strides, and become arrays only when they are wanted or
/// a library kernel reads them. A concat whose parts Loops make is an array that these write parts
/// of (see assemble.h). Everything else is a Library step with dense operands. A matrix product
/// reads views in place where the device takes them; elsewhere swapped last axes become its
/// transpose flags. Row-wise windows, and contractions with the Loop that reads them, become
/// Pipelines where the device takes those, and Loops over few elements or of one program share
/// launches where its limits allow (see sequence.h, apart.h). The choice depends on structure
/// alone, never on launch arguments. Linear time but for memory (see memory.h).
Plan make_plan(const ir::Graph& graph, const PlanOptions& options = {});

/// Makes a plan the plan of another graph of equal structure (see structure.h), whose node
/// `positions[n]` is node n of the graph that the plan was for.
void rebind(Plan& plan, const ir::Graph& graph, std::span<const std::uint32_t> positions);

/// One line per step, and the totals:
/// "launch 1: loop [128,512] r0 = f32 x0; r1 = f32 x1; r2 = add(r0,r1) <- %4(t+0), %2[0,1] ->
/// %6(wanted)  # dense/Add (AddV2)". Dense operands are shown without strides; the last part names
/// operations_of the step. The Loops of a Sequence after the first have a line each, "  then loop",
/// or "  with loop" where they are apart.
std::string print(const Plan& plan, const ir::Graph& graph);

/// A kernel in short: "f32[64,512] matmul transpose_b", or "loop [65536] multiply, add, rsqrt" with
/// each function once; of a Sequence, "2 loops: [128] cast; [] add, divide".
std::string summary(const Kernel& kernel);

/// The origins of all that a step computes, each once.
std::vector<std::string_view> operations_of(const Step& step, const ir::Graph& graph);

}  // namespace evergpu::compiler
