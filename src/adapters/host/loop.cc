// Runs Loops: tile after tile, each instruction over the tile's elements, so that what a fused
// program passes along stays in the L1 cache.
#include <algorithm>
#include <cstring>

#include "adapters/host/executable.h"
#include "adapters/host/schedule.h"
#include "adapters/host/threads.h"
#include "adapters/host/work_space.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Loop;
using Op = compiler::Instruction::Op;

// Work for one thread at a time, in instructions times elements.
constexpr std::int64_t parallel_grain = 64 << 10;
constexpr std::size_t cell_bytes = 8;

thread_local WorkSpace work_space;

// The part of the iteration space that a tile covers.
struct Tile {
  std::int64_t start[max_walk_axes];
  std::int64_t extents[max_walk_axes];
  std::int64_t elements;
};

Tile tile_at(const Schedule& schedule, std::int64_t number) {
  Tile tile;
  tile.elements = 1;
  for (std::size_t axis = schedule.extents.size(); axis-- > 0;) {
    const std::int64_t position = number % schedule.grid[axis];
    number /= schedule.grid[axis];
    tile.start[axis] = position * schedule.chunk[axis];
    tile.extents[axis] = std::min(schedule.chunk[axis], schedule.extents[axis] - tile.start[axis]);
    tile.elements *= tile.extents[axis];
  }
  return tile;
}

// The operand's element at the start of a tile.
std::int64_t offset_of(const compiler::LoopOperand& operand, const Tile& tile) {
  std::int64_t offset = operand.offset;
  for (std::size_t axis = 0; axis < operand.strides.size(); ++axis)
    offset += tile.start[axis] * operand.strides[axis];
  return offset;
}

// The walk within `tile` as a box, with the strides in place for the memory side; the other side is
// contiguous, or one element if `uniform`.
StridedBox box_of(const Walk& walk, const Tile& tile, bool memory_is_source, bool uniform) {
  StridedBox box;
  box.rank = static_cast<int>(walk.axes.size());
  std::int64_t contiguous = uniform ? 0 : 1;
  for (int i = box.rank - 1; i >= 0; --i) {
    const Walk::Axis& axis = walk.axes[static_cast<std::size_t>(i)];
    box.extents[i] = tile.extents[static_cast<std::size_t>(axis.axis)] * axis.factor;
    box.source_strides[i] = memory_is_source ? axis.stride : contiguous;
    box.target_strides[i] = memory_is_source ? contiguous : axis.stride;
    contiguous *= box.extents[i];
  }
  return box;
}

template <typename T>
void fill_index(T* target, const Tile& tile, std::size_t rank, std::size_t axis, bool uniform) {
  if (uniform) {
    *target = static_cast<T>(tile.start[axis]);
    return;
  }
  std::int64_t inner = 1;
  for (std::size_t i = axis + 1; i < rank; ++i) inner *= tile.extents[i];
  for (std::int64_t done = 0; done < tile.elements;)
    for (std::int64_t i = 0; i < tile.extents[axis]; ++i)
      for (std::int64_t k = 0; k < inner; ++k)
        target[done++] = static_cast<T>(tile.start[axis] + i);
}

// Runs some tiles of a loop on one thread.
class TileRunner {
 public:
  TileRunner(const Schedule& schedule, const Loop& loop, Inputs inputs, Outputs outputs,
             const std::vector<char>& direct_outputs)
      : schedule_(schedule),
        loop_(loop),
        inputs_(inputs),
        outputs_(outputs),
        direct_outputs_(direct_outputs),
        registers_(schedule.steps.size()),
        calls_(schedule.steps.size()) {
    const std::size_t cells = (schedule.steps.size() * cell_bytes + 63) / 64 * 64;
    const auto slots = static_cast<std::size_t>(schedule.slots);
    std::byte* const cell = work_space.at_least(cells + (slots + 1) * schedule.slot_bytes);
    std::byte* const slot = cell + cells;
    staging_ = slot + slots * schedule.slot_bytes;
    for (std::size_t i = 0; i < schedule.steps.size(); ++i) {
      const Step& step = schedule.steps[i];
      std::byte* const result =
          step.uniform ? cell + i * cell_bytes
                       : slot + static_cast<std::size_t>(step.slot) * schedule.slot_bytes;
      registers_[i] = result;
      calls_[i] = {.result = result,
                   .n = 1,
                   .a_uniform = schedule.steps[step.a].uniform,
                   .b_uniform = schedule.steps[step.b].uniform,
                   .c_uniform = schedule.steps[step.c].uniform};
    }
  }

  void run(std::int64_t begin, std::int64_t end) {
    for (std::int64_t number = begin; number < end; ++number) {
      const Tile tile = tile_at(schedule_, number);
      if (number == begin) {
        const Tile largest = largest_tile(tile);
        for (std::uint16_t i : schedule_.once) compute(i, largest);
      }
      for (std::uint16_t i : schedule_.each_tile) compute(i, tile);
      for (std::size_t i = 0; i < schedule_.stores.size(); ++i) store(i, tile);
    }
  }

 private:
  // Invariant registers serve every tile, the largest too.
  Tile largest_tile(const Tile& tile) const {
    Tile largest = tile;
    std::copy(schedule_.chunk.begin(), schedule_.chunk.end(), largest.extents);
    largest.elements = schedule_.tile_elements;
    return largest;
  }

  void compute(std::size_t i, const Tile& tile) {
    const Step& step = schedule_.steps[i];
    PointCall& call = calls_[i];
    if (!step.uniform) call.n = tile.elements;
    if (step.direct_output >= 0 &&
        direct_outputs_[static_cast<std::size_t>(step.direct_output)] != 0) {
      std::byte* const output = output_address(static_cast<std::size_t>(step.direct_output), tile);
      registers_[i] = output;
      call.result = output;
    }
    switch (step.op) {
      case Op::load:
        load(i, tile, static_cast<std::byte*>(call.result));
        break;
      case Op::constant:
        set_constant(i, call.result);
        break;
      case Op::index:
        ir::visit(step.held, [&]<typename Tag>(Tag) {
          using T = typename Tag::type;
          if constexpr (std::is_arithmetic_v<T>)
            fill_index(static_cast<T*>(call.result), tile, loop_.extents.size(), step.a,
                       step.uniform);
        });
        break;
      default:
        call.a = registers_[step.a];
        call.b = registers_[step.b];
        call.c = registers_[step.c];
        step.kernel(call);
    }
    if (step.then != nullptr) step.then({.a = call.result, .result = call.result, .n = call.n});
  }

  void load(std::size_t i, const Tile& tile, std::byte* result) {
    const Step& step = schedule_.steps[i];
    const Walk& walk = schedule_.inputs[step.a];
    const std::size_t size = ir::size_of(step.dtype);
    const std::byte* source =
        inputs_[step.a] + offset_of(loop_.inputs[step.a], tile) * static_cast<std::int64_t>(size);
    if (step.direct) {
      registers_[i] = source;
      return;
    }
    const bool in_place = walk.dense() || step.uniform;
    if (!in_place) {
      std::byte* target = step.kernel != nullptr ? staging_ : result;
      copy_strided(box_of(walk, tile, true, false), size, target, source);
      source = target;
    }
    if (step.kernel != nullptr)
      step.kernel({.a = source, .result = result, .n = step.uniform ? 1 : tile.elements});
  }

  void set_constant(std::size_t i, void* result) const {
    const Step& step = schedule_.steps[i];
    const std::uint64_t bits = loop_.program[i].bits;
    if (step.dtype != step.held)
      widen_kernel(step.dtype)({.a = &bits, .result = result, .n = 1});
    else
      std::memcpy(result, &bits, sizeof(bits));
  }

  std::byte* output_address(std::size_t i, const Tile& tile) const {
    return outputs_[i] + offset_of(loop_.outputs[i], tile) *
                             static_cast<std::int64_t>(ir::size_of(schedule_.stores[i].dtype));
  }

  void store(std::size_t i, const Tile& tile) {
    const Store& store = schedule_.stores[i];
    const Step& step = schedule_.steps[store.result];
    std::byte* target = output_address(i, tile);
    const std::byte* source = registers_[store.result];
    if (source == target) return;
    if (store.narrow != nullptr) {
      const bool straight = store.walk.dense() && !step.uniform;
      store.narrow({.a = source,
                    .result = straight ? target : staging_,
                    .n = step.uniform ? 1 : tile.elements});
      if (straight) return;
      source = staging_;
    }
    copy_strided(box_of(store.walk, tile, false, step.uniform), ir::size_of(store.dtype), target,
                 source);
  }

  const Schedule& schedule_;
  const Loop& loop_;
  Inputs inputs_;
  Outputs outputs_;
  const std::vector<char>& direct_outputs_;
  std::vector<const std::byte*> registers_;  // where each step's result is
  std::vector<PointCall> calls_;             // one per step, but for what changes with the tile
  std::byte* staging_ = nullptr;
};

class LoopExecutable final : public HostExecutable {
 public:
  explicit LoopExecutable(Schedule schedule) : schedule_(std::move(schedule)) {}

  Status run(const compiler::Kernel& kernel, Inputs inputs, Outputs outputs) override {
    const Loop& loop = std::get<Loop>(kernel);
    std::vector<char> direct_outputs(outputs.size(), 0);
    for (const Step& step : schedule_.steps)
      if (step.direct_output >= 0) {
        const auto i = static_cast<std::size_t>(step.direct_output);
        direct_outputs[i] =
            schedule_.stores[i].safe_in_place || !overwrites(loop, i, inputs, outputs);
      }
    const std::int64_t tile_cost = schedule_.tile_elements * schedule_.element_cost;
    parallel_for(schedule_.tiles, std::max<std::int64_t>(1, parallel_grain / tile_cost),
                 [&](std::int64_t begin, std::int64_t end) {
                   TileRunner(schedule_, loop, inputs, outputs, direct_outputs).run(begin, end);
                 });
    return {};
  }

 private:
  // An output that shares bytes with an input is exactly that input.
  static bool overwrites(const Loop& loop, std::size_t output, Inputs inputs, Outputs outputs) {
    const auto start = [](const compiler::LoopOperand& operand, const std::byte* data) {
      return data + operand.offset * static_cast<std::int64_t>(ir::size_of(operand.dtype));
    };
    const std::byte* target = start(loop.outputs[output], outputs[output]);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (start(loop.inputs[i], inputs[i]) == target) return true;
    return false;
  }

  const Schedule schedule_;
};

}  // namespace

Result<std::unique_ptr<HostExecutable>> make_loop(const Loop& loop) {
  Result<Schedule> schedule = make_schedule(loop);
  if (!schedule.ok()) return schedule.status();
  return std::unique_ptr<HostExecutable>(std::make_unique<LoopExecutable>(std::move(*schedule)));
}

}  // namespace evergpu::adapters::host
