// Makes one Loop, instruction by instruction.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/plan.h"
#include "compiler/view.h"

namespace evergpu::compiler {

class LoopBuilder {
 public:
  /// `extents` are axes that every view read must fit.
  explicit LoopBuilder(ir::Dims extents) { loop_.extents = std::move(extents); }

  /// The register that holds what the view finds.
  std::uint16_t read(const View& view);
  /// The register that holds a point operation, or a bitcast, of the registers `operands`.
  std::uint16_t compute(const ir::Operation& operation, const std::uint16_t (&operands)[3]);

  /// Whether `philox` can read a key or a counter where the view finds it. The halves of a slice
  /// would be launch arguments of two places.
  static bool can_draw(const View& view) {
    return view.source != View::Source::index && (!view.sliced || view.elements == 1);
  }
  /// The register that holds random words, one for each index in row-major order, of the stream
  /// with a key u64[1] and a counter u64[2].
  std::uint16_t philox(const View& key, const View& counter);

  /// A Loop, the buffers of its inputs, and where the arguments of the views read are in it.
  struct Built {
    Loop loop;
    std::vector<std::uint32_t> inputs;
    std::vector<Binding> bindings;
  };
  /// Stores a register to where the view finds its elements, the next output.
  void store(std::uint16_t result, const View& view);
  /// Combines a register, to the output whose elements are where `view` says for the register's
  /// place. All reductions come after all stores.
  void reduce(std::uint16_t result, ir::ReduceOp op, const View& view);
  /// A register is the result of a Loop that stores nothing.
  void give(std::uint16_t result) { loop_.results.push_back(result); }
  /// The Loop. The builder is spent.
  Built finish() &&;

 private:
  std::uint16_t append(const Instruction& instruction);
  std::uint16_t constant(std::uint64_t bits, ir::DType dtype);
  std::uint16_t index(std::size_t axis, ir::DType dtype);
  std::uint16_t load(const View& view);
  std::uint16_t read_everywhere(View view, std::int64_t element);
  std::uint16_t count(const View& view);
  void bind(const View& view, Binding::Place place, std::size_t index);

  /// An array that some register was loaded from.
  struct Loaded {
    std::uint16_t reg = 0;
    bool sliced = false;
  };

  Loop loop_;
  std::vector<std::uint32_t> buffers_;  // by input
  std::vector<Loaded> loaded_;          // by input
  std::vector<Binding> bindings_;
};

}  // namespace evergpu::compiler
