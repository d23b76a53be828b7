// What a library kernel does when it is launched: a list of dispatches and copies, over its
// operands, its result and scratch memory. Everything in it follows from shapes, so it is written
// once, when the kernel is compiled.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "adapters/vulkan/executable.h"

namespace evergpu::adapters::vulkan {

/// Constants of a kernel beside the number of its invocations: constant_id 1, 2, …
using Constants = std::vector<std::uint32_t>;

class Recipe {
 public:
  /// Some memory of the kernel.
  struct Buffer {
    enum class Place : std::uint8_t { input, result, scratch };
    Place place = Place::input;
    std::size_t number = 0;
    std::size_t bytes = 0;
  };
  struct Use {
    Buffer buffer;
    BufferUse::Access access = BufferUse::Access::read;
  };

  Recipe(const compiler::Library& library, Context& context);
  /// Of a contraction and the Loop after it, which becomes a part of the dispatch that writes the
  /// result: the last of the dispatch's uses.
  Recipe(const compiler::Pipeline& pipeline, Context& context);

  const compiler::Library& library() const { return library_; }
  Context& context() const { return context_; }

  Buffer input(std::size_t number) const;
  Buffer result() const;
  Buffer scratch(std::size_t bytes);

  static Use read(Buffer buffer) { return {buffer, BufferUse::Access::read}; }
  static Use write(Buffer buffer) { return {buffer, BufferUse::Access::write}; }
  static Use update(Buffer buffer) { return {buffer, BufferUse::Access::read_write}; }

  /// Adds a dispatch of kernel `file`_`variant` with one invocation for each of `items`.
  Status each(std::string_view file, std::string_view variant, std::span<const Use> uses,
              std::vector<std::uint32_t> arguments, std::uint64_t items,
              const Constants& constants = {}, Binding binding = Binding::descriptors);
  Status each(std::string_view file, std::string_view variant, std::initializer_list<Use> uses,
              std::vector<std::uint32_t> arguments, std::uint64_t items,
              const Constants& constants = {}) {
    return each(file, variant, std::span(uses.begin(), uses.size()), std::move(arguments), items,
                constants);
  }
  /// Adds a dispatch of `groups` workgroups of `size` invocations.
  Status groups(std::string_view file, std::string_view variant, std::span<const Use> uses,
                std::vector<std::uint32_t> arguments, std::uint64_t groups, std::uint32_t size,
                const Constants& constants, Binding binding = Binding::descriptors);
  /// Each dispatch is taken to have one of so many equal parts of the kernel's work, not all of it.
  void divide_work(std::uint64_t parts) { work_parts_ = parts; }
  /// Adds a copy of the whole of `from`.
  void copy(Buffer to, Buffer from);

  std::unique_ptr<VulkanExecutable> finish() &&;

 private:
  friend class RecipeExecutable;
  struct Step {
    std::shared_ptr<Pipeline> pipeline;  // null: a copy of uses[0] to uses[1]
    std::vector<Use> uses;
    std::vector<std::uint32_t> arguments;
    Groups groups = {};
    bool has_epilogue = false;  // it ends in the Loop after the library kernel
  };

  Result<std::shared_ptr<Pipeline>> with_loop(std::span<const std::uint32_t> spirv,
                                              const Step& step, const Constants& constants,
                                              Binding binding);

  const compiler::Library& library_;
  const compiler::Pipeline* const whole_ = nullptr;  // null: there is no Loop after it
  Context& context_;
  std::vector<Step> steps_;
  std::vector<std::size_t> scratch_;
  std::uint64_t work_parts_ = 1;
};

/// The variant for arithmetic on a dtype, "f32". bool is computed like u8.
std::string_view variant_of(ir::DType dtype);
/// The same for arithmetic that does not depend on the sign.
std::string_view wrapping_variant_of(ir::DType dtype);
/// The variant that moves elements of 1, 2, 4 or 8 bytes.
std::string_view moving_variant_of(std::size_t bytes);
/// Bytes of one element of what a contraction of a dtype is summed in.
std::size_t sum_bytes_of(ir::DType dtype);

/// A number that a kernel takes as an argument: it fits, since sizes were checked.
inline std::uint32_t word(std::int64_t number) { return static_cast<std::uint32_t>(number); }

/// The extents before an axis, of it, and after it.
struct AxisSplit {
  std::int64_t outer = 1;
  std::int64_t extent = 1;
  std::int64_t inner = 1;
};
AxisSplit split_at(const ir::Shape& shape, int axis);

}  // namespace evergpu::adapters::vulkan
