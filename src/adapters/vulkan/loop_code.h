// A Loop's program as code: what one invocation does at one index. Structure is in the code;
// offsets and constants are launch arguments.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "adapters/vulkan/element.h"
#include "adapters/vulkan/encoder.h"
#include "compiler/kernel.h"

namespace evergpu::adapters::vulkan {

/// unimplemented or resource_exhausted, in words, when there is no code for the loop on the device.
Status check_loop(const compiler::Loop& loop, const Capabilities& capabilities);

/// A module for the code of one loop, or of several, one after the other: each has its buffers and
/// its arguments after those of the loops, or of another kernel, before.
class LoopModule {
 public:
  explicit LoopModule(SpirvModule module = {})
      : spirv(std::move(module)), arguments(spirv.storage_buffer(0, Type::u32, false)) {}

  /// Array `number` that the workgroup shares: the same for all loops.
  Array shared_array(std::size_t number, Type element, std::uint32_t count);

  SpirvModule spirv;
  const Array arguments;
  std::uint32_t operands = 0;  // of the loops so far
  std::uint32_t words = 0;     // of their arguments

 private:
  std::map<std::pair<std::size_t, Type>, Array> shared_;
};

class LoopCode {
 public:
  /// Declares the loop's buffers: its inputs, then its outputs. In a module of its own.
  LoopCode(const compiler::Loop& loop, const Capabilities& capabilities, Binding binding);
  /// The next loop of a module, by descriptors. It may read what earlier ones stored, after a
  /// barrier.
  LoopCode(const compiler::Loop& loop, const Capabilities& capabilities, LoopModule& shared);
  /// For `count` loops of this one's program (compiler::same_program), by addresses: the code of
  /// loop number `which`. In a module whose arguments are the words of each loop in turn.
  LoopCode(const compiler::Loop& loop, const Capabilities& capabilities, LoopModule& shared,
           std::uint32_t count, const Value& which);
  /// An input that is no array: its element at the index where the program runs.
  struct Made {
    std::size_t input = 0;
    Element element;
  };
  /// The end of another kernel, which the module is of and which makes an input.
  LoopCode(const compiler::Loop& loop, const Capabilities& capabilities, LoopModule& shared,
           Binding binding, const Made& made);

  SpirvModule& module() { return module_; }
  LoopModule& shared() { return shared_; }
  /// A word of the arguments after the loop's own.
  Value argument(std::uint32_t index);
  /// The number of this workgroup.
  Value group();
  /// The number of this invocation in its workgroup.
  Value lane();
  /// Its number in its subgroup, which is the workgroup.
  Value subgroup_lane();
  /// Splits the number of a point of an iteration space, row-major, into indices.
  std::vector<Value> split(const Value& number, std::span<const std::int64_t> extents);

  /// Loads the inputs that do not move along `axes` here and now, instead of in each run; `index`
  /// says where along the other axes. At least one run follows, or reading does no harm.
  void load_fixed(std::span<const std::size_t> axes, const std::vector<Value>& index);
  /// Makes the random words of four points, numbers 4 * block … 4 * block + 3 in row-major order,
  /// here and now, instead of in each run: the runs that follow are at one of them.
  void draw(const Value& block);
  /// Runs the program at an index of the loop; the registers.
  std::vector<Element> run(const std::vector<Value>& index);
  void store(std::size_t output, const std::vector<Value>& index, const Element& element);
  /// Stores to element `position` of an output whose offset is 0, whatever its strides.
  void store_at(std::size_t output, const Value& position, const Element& element);

 private:
  std::uint32_t operand_count() const;
  Value read_word(std::uint32_t word, const std::optional<Value>& beyond);
  Value read_argument(std::uint32_t word);
  Element read_constant(std::uint32_t word, ir::DType dtype);
  std::array<Value, 4> block_of(const compiler::Instruction& philox, const Value& number);
  Value row_major(const std::vector<Value>& index) const;
  void preserve_values(const Capabilities& capabilities);
  void bind_descriptors(const Capabilities& capabilities, bool coherent);
  void bind_addresses(const Capabilities& capabilities);
  Value position(std::size_t operand, const compiler::LoopOperand& of,
                 const std::vector<Value>& index);

  const std::unique_ptr<LoopModule> own_;  // null: a module of several
  LoopModule& shared_;
  SpirvModule& module_;
  const compiler::Loop& loop_;
  const Binding binding_;
  const std::optional<std::size_t> made_;  // an input that is no array
  const std::uint32_t first_array_;        // how many the module had before
  const std::uint32_t first_word_;         // of its arguments
  // Which of many loops this is counts: how far beyond the first's are its addresses and arguments.
  const std::optional<Value> addresses_beyond_;
  const std::optional<Value> arguments_beyond_;
  std::vector<Array> inputs_;
  std::vector<Array> outputs_;
  std::vector<std::optional<Element>> fixed_;            // by input: what load_fixed() loaded
  std::map<std::uint16_t, std::array<Value, 4>> drawn_;  // by register: what draw() made
};

/// Whether a loop makes random words.
bool makes_random(const compiler::Loop& loop);

/// How many words of arguments a launch of the loop has, addresses not counted.
std::uint32_t argument_words(const compiler::Loop& loop);

/// The number of this workgroup.
Value group_number(SpirvModule& module);

/// The loop's buffers and arguments for a launch. Each buffer is bound from where the loop begins
/// to use it, as far as alignment allows.
struct LoopLaunch {
  std::vector<BufferUse> buffers;
  std::vector<std::uint32_t> arguments;
};
Result<LoopLaunch> launch_of(const compiler::Loop& loop, std::span<const Region> inputs,
                             std::span<const Region> outputs, const Capabilities& capabilities);

}  // namespace evergpu::adapters::vulkan
