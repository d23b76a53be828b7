#include "adapters/host/schedule.h"

#include <fmt/format.h>

#include <algorithm>

namespace evergpu::adapters::host {
namespace {

using compiler::Instruction;
using compiler::Loop;
using compiler::LoopOperand;
using ir::DType;
using Op = Instruction::Op;

// What the registers and streams of a tile may take of the L1 cache, in bytes.
constexpr std::int64_t cache_bytes = 32 << 10;
constexpr std::int64_t least_tile = 512;
constexpr std::int64_t greatest_tile = 2048;
// More are seldom alive at once.
constexpr std::int64_t most_registers = 12;
// Edges of the square tiles in which transposed operands are read: several cache lines. The longer
// one for copies, which hold one register.
constexpr std::int64_t transpose_edge = 32;
constexpr std::int64_t transpose_copy_edge = 64;

// What a random word costs beyond an instruction.
constexpr std::int64_t cost_of_random = 12;

bool is_predicate(ir::UnaryOp op) {
  return op == ir::UnaryOp::is_nan || op == ir::UnaryOp::is_infinite ||
         op == ir::UnaryOp::is_finite;
}

// Operations that take values of a 16-bit float dtype to values of it without rounding.
bool is_exact(const Instruction& instruction) {
  using ir::BinaryOp;
  using ir::UnaryOp;
  switch (instruction.op) {
    case Op::unary:
      return instruction.unary_op <= UnaryOp::truncate || is_predicate(instruction.unary_op);
    case Op::binary:
      return instruction.binary_op == BinaryOp::maximum ||
             instruction.binary_op == BinaryOp::minimum || instruction.binary_op >= BinaryOp::equal;
    default:
      return true;
  }
}

int operand_count(const Instruction& instruction) {
  switch (instruction.op) {
    case Op::load:
    case Op::constant:
    case Op::index:
      return 0;
    case Op::binary:
      return 2;
    case Op::select:
    case Op::philox:
      return 3;
    default:
      return 1;
  }
}

// A program that only moves elements may take them as integers, so that no bit changes.
bool only_moves(const Loop& loop) {
  return std::all_of(loop.program.begin(), loop.program.end(), [](const Instruction& instruction) {
    return instruction.op == Op::load || instruction.op == Op::constant ||
           instruction.op == Op::select || instruction.op == Op::bitcast;
  });
}

DType unsigned_of(DType dtype) {
  constexpr DType by_size[] = {DType::u8, DType::u16, DType::u32, DType::u64};
  return dtype == DType::boolean ? dtype : by_size[std::countr_zero(ir::size_of(dtype))];
}

Walk walk_of(const LoopOperand& operand, const ir::Dims& extents, const ir::Dims& chunk) {
  Walk walk;
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    if (chunk[axis] == 1) continue;
    const std::int64_t stride = operand.strides[axis];
    if (!walk.axes.empty() && chunk[axis] == extents[axis]) {
      Walk::Axis& outer = walk.axes.back();
      if (outer.stride == stride * extents[axis]) {
        outer.factor *= extents[axis];
        outer.stride = stride;
        continue;
      }
    }
    walk.axes.push_back({static_cast<int>(axis), 1, stride});
  }
  return walk;
}

// The last axis that is longer than 1, or the first.
std::size_t innermost_axis(const ir::Dims& extents) {
  std::size_t axis = extents.size() - 1;
  while (axis > 0 && extents[axis] == 1) --axis;
  return axis;
}

// The axis along which a transposed input is read best, or -1 when the row-major order suits all.
int transposed_axis(const Loop& loop, const ir::Dims& extents, const ir::Dims& chunk) {
  if (extents.empty()) return -1;
  const std::size_t last = innermost_axis(extents);
  if (extents[last] < 8) return -1;
  for (const LoopOperand& input : loop.inputs) {
    if (std::abs(input.strides[last]) <= 1) continue;
    for (std::size_t axis = 0; axis < last; ++axis)
      if (std::abs(input.strides[axis]) == 1 && extents[axis] >= 8 && chunk[axis] < 8)
        return static_cast<int>(axis);
  }
  return -1;
}

class Scheduler {
 public:
  Scheduler(const Loop& loop, Order order, std::int64_t least)
      : loop_(loop), raw_(order == Order::tiles && only_moves(loop)), least_(least) {
    schedule_.order = order;
  }

  Result<Schedule> make() {
    if (loop_.extents.size() > static_cast<std::size_t>(max_walk_axes))
      return unimplemented(fmt::format("a loop over {} axes", loop_.extents.size()));
    schedule_.extents = loop_.extents;
    cut_into_tiles();
    for (const LoopOperand& input : loop_.inputs)
      schedule_.inputs.push_back(walk_of(input, schedule_.extents, schedule_.chunk));
    for (const Instruction& instruction : loop_.program)
      EVERGPU_RETURN_IF_ERROR(add_step(instruction));
    for (std::size_t i = 0; i < loop_.plain_outputs(); ++i) add_store(i);
    assign_slots();
    return std::move(schedule_);
  }

 private:
  DType memory_dtype(DType dtype) const { return raw_ ? unsigned_of(dtype) : dtype; }
  DType held_dtype(DType dtype) const {
    dtype = memory_dtype(dtype);
    return is_small_float(dtype) ? DType::f32 : dtype;
  }

  void cut_into_tiles() {
    std::int64_t width = 1;
    for (const Instruction& instruction : loop_.program)
      width = std::max<std::int64_t>(width, ir::size_of(held_dtype(instruction.dtype)));
    // What streams through the cache, and the program's registers.
    auto registers = static_cast<std::int64_t>(loop_.outputs.size());
    for (const LoopOperand& input : loop_.inputs)
      if (std::any_of(input.strides.begin(), input.strides.end(), [](auto s) { return s != 0; }))
        ++registers;
    for (const Instruction& instruction : loop_.program)
      if (operand_count(instruction) > 0 && registers < most_registers) ++registers;
    registers = std::max<std::int64_t>(registers, 1);
    const std::int64_t room =
        std::clamp(cache_bytes / (registers * width) / 64 * 64, least_tile, greatest_tile);

    const ir::Dims& extents = schedule_.extents;
    ir::Dims& chunk = schedule_.chunk;
    if (linear()) {
      chunk = extents;
      schedule_.tile_elements = std::max(room, least_);
      set_slot_bytes(width);
      return;
    }
    chunk = ir::Dims(extents.size(), 1);
    std::int64_t inner = 1;
    for (std::size_t axis = extents.size(); axis-- > 0;) {
      chunk[axis] = std::min(extents[axis], room / inner);
      if (chunk[axis] > 64)
        chunk[axis] = chunk[axis] == extents[axis] ? chunk[axis] : chunk[axis] / 16 * 16;
      if (chunk[axis] < 1) chunk[axis] = 1;
      inner *= chunk[axis];
      if (chunk[axis] < extents[axis]) break;
    }
    if (const int axis = transposed_axis(loop_, extents, chunk); axis >= 0) {
      const std::int64_t edge = loop_.program.size() == 1 ? transpose_copy_edge : transpose_edge;
      square_ = true;
      chunk = ir::Dims(extents.size(), 1);
      for (const std::size_t side : {static_cast<std::size_t>(axis), innermost_axis(extents)})
        chunk[side] = std::min(extents[side], edge);
    }
    schedule_.tiles = 1;
    schedule_.tile_elements = 1;
    for (std::size_t axis = 0; axis < extents.size(); ++axis) {
      const std::int64_t count =
          extents[axis] == 0 ? 0 : (extents[axis] + chunk[axis] - 1) / chunk[axis];
      schedule_.grid.push_back(count);
      schedule_.tiles *= count;
      schedule_.tile_elements *= chunk[axis];
    }
    set_slot_bytes(width);
  }

  bool linear() const { return schedule_.order == Order::linear; }

  void set_slot_bytes(std::int64_t width) {
    schedule_.slot_bytes =
        static_cast<std::size_t>((schedule_.tile_elements * width + 127) / 64 * 64);
  }

  // True when an array that depends on exactly the axes where `depends` says so is equal in all
  // tiles. (Square tiles at an edge have another row length, so nothing carries over.)
  template <typename Depends>
  bool is_invariant(bool uniform, Depends depends) const {
    if ((square_ || linear()) && !uniform) return false;
    for (std::size_t axis = 0; axis < schedule_.extents.size(); ++axis)
      if (schedule_.chunk[axis] < schedule_.extents[axis] && depends(axis)) return false;
    return true;
  }

  // How many elements of a walk that begins with a repeating axis are read before they repeat.
  std::int64_t period_of(const Walk& walk) const {
    std::int64_t period = 1;
    for (std::size_t i = 1; i < walk.axes.size(); ++i)
      period *=
          schedule_.extents[static_cast<std::size_t>(walk.axes[i].axis)] * walk.axes[i].factor;
    return period;
  }

  Status add_step(const Instruction& instruction) {
    Step step;
    step.op = instruction.op;
    const int count = operand_count(instruction);
    if (count == 0) step.source = instruction.a;
    if (count > 0) step.a = instruction.a;
    if (count > 1) step.b = instruction.b;
    if (count > 2) step.c = instruction.c;
    step.dtype = memory_dtype(instruction.dtype);
    step.held = held_dtype(instruction.dtype);
    const bool widens = step.dtype != step.held;
    const auto operand = [&](std::uint16_t i) -> const Step& { return schedule_.steps[i]; };
    switch (instruction.op) {
      case Op::load: {
        const Walk& walk = schedule_.inputs[instruction.a];
        step.uniform = walk.uniform();
        step.invariant = is_invariant(step.uniform, [&](std::size_t axis) {
          return loop_.inputs[instruction.a].strides[axis] != 0;
        });
        step.kernel = widens ? widen_kernel(step.dtype) : nullptr;
        step.direct = (walk.dense() || step.uniform) && !widens;
        if (linear() && !step.uniform && walk.axes[0].stride == 0) step.period = period_of(walk);
        break;
      }
      case Op::constant:
        step.uniform = step.invariant = true;
        break;
      case Op::index:
        step.uniform = !linear() && schedule_.chunk[instruction.a] == 1;
        step.invariant =
            is_invariant(step.uniform, [&](std::size_t axis) { return axis == instruction.a; });
        break;
      case Op::unary:
        step.kernel = unary_kernel(instruction.unary_op, operand(step.a).held);
        break;
      case Op::binary:
        step.kernel = binary_kernel(instruction.binary_op, operand(step.a).held);
        break;
      case Op::select:
        step.kernel = select_kernel(step.held);
        break;
      case Op::cast:
        step.kernel = cast_kernel(operand(step.a).held, step.held);
        break;
      case Op::bitcast:
        step.kernel = bitcast_kernel(operand(step.a).dtype, step.dtype);
        break;
      case Op::philox:
        step.invariant = is_invariant(false, [](std::size_t) { return true; });
        schedule_.element_cost += cost_of_random;
        break;
    }
    if (count > 0 && step.op != Op::philox) {
      const std::uint16_t operands[] = {step.a, step.b, step.c};
      step.uniform = step.invariant = true;
      for (int i = 0; i < count; ++i) {
        step.uniform &= operand(operands[i]).uniform;
        step.invariant &= operand(operands[i]).invariant;
      }
      if (step.kernel == nullptr)
        return unimplemented(fmt::format("no host kernel for instruction {} of a loop, to {}",
                                         schedule_.steps.size(), name_of(instruction.dtype)));
    }
    const bool rounds =
        instruction.op == Op::cast || instruction.op == Op::index || !is_exact(instruction);
    if (widens && rounds) {
      const PointKernel both = instruction.op == Op::binary
                                   ? rounded_binary_kernel(instruction.binary_op, step.dtype)
                                   : nullptr;
      if (both != nullptr)
        step.kernel = both;
      else
        step.then = round_kernel(step.dtype);
    }
    schedule_.element_cost += instruction.op == Op::unary ? 4 : 1;
    (step.invariant ? schedule_.once : schedule_.each_tile)
        .push_back(static_cast<std::uint16_t>(schedule_.steps.size()));
    schedule_.steps.push_back(step);
    return {};
  }

  void add_store(std::size_t i) {
    Store store;
    store.walk = walk_of(loop_.outputs[i], schedule_.extents, schedule_.chunk);
    store.result = loop_.results[i];
    Step& step = schedule_.steps[store.result];
    store.dtype = memory_dtype(loop_.outputs[i].dtype);
    if (store.dtype != step.held) store.narrow = narrow_kernel(store.dtype);
    const bool computed = step.op != Op::load && !step.uniform && !step.invariant;
    if (computed && store.walk.dense() && store.narrow == nullptr && step.direct_output < 0) {
      step.direct_output = static_cast<int>(i);
      store.safe_in_place = true;
      for (std::size_t user = store.result + 1u; user < schedule_.steps.size(); ++user)
        if (reads_a_load(user)) store.safe_in_place = false;
      for (std::uint16_t result : loop_.results)
        if (schedule_.steps[result].op == Op::load) store.safe_in_place = false;
    }
    schedule_.element_cost += 1;
    schedule_.stores.push_back(std::move(store));
  }

  // Whether step `user` is a load, or reads one that comes straight from memory.
  bool reads_a_load(std::size_t user) const {
    const Step& step = schedule_.steps[user];
    if (step.op == Op::load) return true;
    const std::uint16_t operands[] = {step.a, step.b, step.c};
    const int count = operand_count(loop_.program[user]);
    return std::any_of(operands, operands + count,
                       [&](std::uint16_t a) { return schedule_.steps[a].direct; });
  }

  // Registers that vary share slots once nobody reads them any more; invariant and periodic ones
  // keep theirs.
  void assign_slots() {
    std::vector<Step>& steps = schedule_.steps;
    std::vector<std::size_t> last_use(steps.size(), 0);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const std::uint16_t operands[] = {steps[i].a, steps[i].b, steps[i].c};
      last_use[i] = std::max(last_use[i], i);
      for (int k = 0; k < operand_count(loop_.program[i]); ++k) last_use[operands[k]] = i;
    }
    for (std::uint16_t result : loop_.results) last_use[result] = steps.size();

    std::vector<std::vector<int>> freed_after(steps.size() + 1);
    std::vector<int> free;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      Step& step = steps[i];
      const bool stays = step.invariant || step.period > 0;
      if (!step.uniform) {
        if (free.empty() || stays) {
          step.slot = schedule_.slots++;
        } else {
          step.slot = free.back();
          free.pop_back();
        }
        if (!stays) freed_after[last_use[i]].push_back(step.slot);
      }
      free.insert(free.end(), freed_after[i].begin(), freed_after[i].end());
    }
  }

  const Loop& loop_;
  const bool raw_;  // elements are moved as integers
  const std::int64_t least_;
  bool square_ = false;
  Schedule schedule_;
};

}  // namespace

bool Walk::uniform() const {
  return std::all_of(axes.begin(), axes.end(), [](const Axis& axis) { return axis.stride == 0; });
}

Result<Schedule> make_schedule(const Loop& loop, Order order, std::int64_t least) {
  return Scheduler(loop, order, least).make();
}

}  // namespace evergpu::adapters::host
