#include "adapters/host/tile_runner.h"

#include <algorithm>
#include <cstring>

#include "adapters/host/random.h"
#include "adapters/host/strided.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Loop;
using compiler::LoopOperand;
using Op = compiler::Instruction::Op;

constexpr std::size_t cell_bytes = 8;

std::int64_t bytes_of(ir::DType dtype) { return static_cast<std::int64_t>(ir::size_of(dtype)); }

// The walk within a tile as a box, with the strides in place for the memory side; the other side is
// contiguous, or one element if `uniform`.
StridedBox box_of(const Walk& walk, const std::int64_t* tile_extents, bool memory_is_source,
                  bool uniform) {
  StridedBox box;
  box.rank = static_cast<int>(walk.axes.size());
  std::int64_t contiguous = uniform ? 0 : 1;
  for (int i = box.rank - 1; i >= 0; --i) {
    const Walk::Axis& axis = walk.axes[static_cast<std::size_t>(i)];
    box.extents[i] = tile_extents[axis.axis] * axis.factor;
    box.source_strides[i] = memory_is_source ? axis.stride : contiguous;
    box.target_strides[i] = memory_is_source ? contiguous : axis.stride;
    contiguous *= box.extents[i];
  }
  return box;
}

// Elements [begin, begin + n) of a walk over `extents`, row-major, to contiguous ones: as few boxes
// as there are, at most two for each axis.
void copy_range(const Walk& walk, const ir::Dims& extents, std::int64_t begin, std::int64_t n,
                std::size_t element_size, std::byte* target, const std::byte* source) {
  const StridedBox all = box_of(walk, extents.data(), true, false);
  const int rank = all.rank;
  std::int64_t block[max_walk_axes + 1];  // elements of the axes from i on
  block[rank] = 1;
  for (int i = rank - 1; i >= 0; --i) block[i] = block[i + 1] * all.extents[i];
  while (n > 0) {
    int axis = rank - 1;
    while (axis > 0 && begin % block[axis] == 0 && n >= block[axis]) --axis;
    const std::int64_t at = begin / block[axis + 1] % all.extents[axis];
    StridedBox box;
    box.rank = rank - axis;
    std::int64_t elements = 1;
    for (int i = axis; i < rank; ++i) {
      box.extents[i - axis] =
          i == axis ? std::min(all.extents[i] - at, n / block[i + 1]) : all.extents[i];
      box.source_strides[i - axis] = all.source_strides[i];
      box.target_strides[i - axis] = all.target_strides[i];
      elements *= box.extents[i - axis];
    }
    std::int64_t offset = 0;
    for (int i = 0; i <= axis; ++i)
      offset += begin / block[i + 1] % all.extents[i] * all.source_strides[i];
    const auto size = static_cast<std::int64_t>(element_size);
    copy_strided(box, element_size, target, source + offset * size);
    target += elements * size;
    begin += elements;
    n -= elements;
  }
}

}  // namespace

std::vector<char> direct_outputs(const Schedule& schedule, const Loop& loop, Inputs inputs,
                                 Outputs outputs) {
  const auto start = [](const LoopOperand& operand, const std::byte* data) {
    return data + operand.offset * bytes_of(operand.dtype);
  };
  // An output that shares bytes with an input is exactly that input.
  const auto overwrites = [&](std::size_t output) {
    const std::byte* target = start(loop.outputs[output], outputs[output]);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (start(loop.inputs[i], inputs[i]) == target) return true;
    return false;
  };
  std::vector<char> direct(outputs.size(), 0);
  for (const Step& step : schedule.steps) {
    if (step.direct_output < 0) continue;
    const auto i = static_cast<std::size_t>(step.direct_output);
    direct[i] = schedule.stores[i].safe_in_place || !overwrites(i);
  }
  return direct;
}

TileRunner::TileRunner(const Schedule& schedule, const Loop& loop, Inputs inputs, Outputs outputs,
                       const std::vector<char>& direct, WorkSpace& space)
    : schedule_(schedule),
      loop_(loop),
      inputs_(inputs),
      outputs_(outputs),
      direct_(direct),
      registers_(schedule.steps.size()),
      calls_(schedule.steps.size()),
      phases_(inputs.size()),
      given_(loop.results.size() - loop.plain_outputs()) {
  const std::size_t cells = (schedule.steps.size() * cell_bytes + 63) / 64 * 64;
  const auto slots = static_cast<std::size_t>(schedule.slots);
  const std::size_t extra = 1 + given_.size();
  std::byte* const cell = space.at_least(cells + (slots + extra) * schedule.slot_bytes);
  std::byte* const slot = cell + cells;
  staging_ = slot + slots * schedule.slot_bytes;
  for (std::size_t k = 0; k < given_.size(); ++k)
    copies_.push_back(staging_ + (k + 1) * schedule.slot_bytes);
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
  if (given_.empty()) return;
  const std::uint16_t result = loop.results[loop.plain_outputs()];
  const Step& step = schedule.steps[result];
  if (step.op == Op::load || step.uniform || step.invariant) return;
  direct_given_ = result;
  given_slot_ = static_cast<std::byte*>(calls_[result].result);
}

void TileRunner::run_tiles(std::int64_t begin, std::int64_t end) {
  for (std::int64_t number = begin; number < end; ++number) run(tile_at(number), number == begin);
}

void TileRunner::run_range(std::int64_t begin, std::int64_t n, std::span<const MadeInput> made,
                           std::byte* target) {
  made_ = made;
  target_ = target;
  Tile tile;
  tile.begin = begin;
  tile.elements = n;
  run(tile, !std::exchange(started_, true));
  if (target == nullptr || given_[0] == target) return;
  const Step& step = schedule_.steps[loop_.results[loop_.plain_outputs()]];
  std::memcpy(target, given_[0], static_cast<std::size_t>(n) * ir::size_of(step.held));
  given_[0] = target;
}

// The k-th result of a tile that is not stored. Stores may overwrite an input's bytes: those are
// copied.
const std::byte* TileRunner::result_of(std::size_t k, const Tile& tile) {
  const std::uint16_t result = loop_.results[loop_.plain_outputs() + k];
  const Step& step = schedule_.steps[result];
  const bool safe = !step.direct || loop_.plain_outputs() == 0;
  if (!step.uniform && safe) return registers_[result];
  StridedBox box;
  box.rank = 1;
  box.extents[0] = tile.elements;
  box.source_strides[0] = step.uniform ? 0 : 1;
  box.target_strides[0] = 1;
  copy_strided(box, ir::size_of(step.held), copies_[k], registers_[result]);
  return copies_[k];
}

void TileRunner::run(const Tile& tile, bool first) {
  if (first) {
    const Tile largest = largest_tile(tile);
    for (std::uint16_t i : schedule_.once) compute(i, largest);
  }
  for (std::uint16_t i : schedule_.each_tile) compute(i, tile);
  for (std::size_t k = 0; k < given_.size(); ++k) given_[k] = result_of(k, tile);
  for (std::size_t i = 0; i < schedule_.stores.size(); ++i) store(i, tile);
}

TileRunner::Tile TileRunner::tile_at(std::int64_t number) const {
  Tile tile;
  tile.elements = 1;
  for (std::size_t axis = schedule_.extents.size(); axis-- > 0;) {
    const std::int64_t position = number % schedule_.grid[axis];
    number /= schedule_.grid[axis];
    tile.start[axis] = position * schedule_.chunk[axis];
    tile.extents[axis] =
        std::min(schedule_.chunk[axis], schedule_.extents[axis] - tile.start[axis]);
    tile.elements *= tile.extents[axis];
  }
  return tile;
}

// Invariant registers serve every tile, the largest too.
TileRunner::Tile TileRunner::largest_tile(const Tile& tile) const {
  Tile largest = tile;
  std::copy(schedule_.chunk.begin(), schedule_.chunk.end(), largest.extents);
  largest.elements = schedule_.tile_elements;
  return largest;
}

void TileRunner::compute(std::size_t i, const Tile& tile) {
  const Step& step = schedule_.steps[i];
  PointCall& call = calls_[i];
  if (!step.uniform) call.n = tile.elements;
  if (step.direct_output >= 0 && direct_[static_cast<std::size_t>(step.direct_output)] != 0) {
    std::byte* const output = output_address(static_cast<std::size_t>(step.direct_output), tile);
    registers_[i] = output;
    call.result = output;
  }
  if (i == direct_given_) {
    std::byte* const result = target_ != nullptr ? target_ : given_slot_;
    registers_[i] = result;
    call.result = result;
  }
  switch (step.op) {
    case Op::load:
      load(i, tile, static_cast<std::byte*>(call.result));
      break;
    case Op::constant:
      set_constant(i, call.result);
      break;
    case Op::index:
      fill_index(i, tile, static_cast<std::byte*>(call.result));
      break;
    case Op::philox:
      fill_random(i, tile, static_cast<std::byte*>(call.result));
      break;
    default:
      call.a = registers_[step.a];
      call.b = registers_[step.b];
      call.c = registers_[step.c];
      step.kernel(call);
  }
  if (step.then != nullptr) step.then({.a = call.result, .result = call.result, .n = call.n});
}

void TileRunner::load(std::size_t i, const Tile& tile, std::byte* result) {
  const Step& step = schedule_.steps[i];
  for (const MadeInput& made : made_) {
    if (step.source != made.input) continue;
    registers_[i] = made.elements;
    return;
  }
  const Walk& walk = schedule_.inputs[step.source];
  const LoopOperand& operand = loop_.inputs[step.source];
  const bool linear = schedule_.order == Order::linear;
  std::int64_t offset = operand.offset;
  if (!linear) {
    for (std::size_t axis = 0; axis < operand.strides.size(); ++axis)
      offset += tile.start[axis] * operand.strides[axis];
  } else if (walk.dense() && !step.uniform) {
    offset += tile.begin;
  }
  const std::byte* source = inputs_[step.source] + offset * bytes_of(step.dtype);
  if (step.direct) {
    registers_[i] = source;
    return;
  }
  if (step.period > 0) {
    Phase& phase = phases_[step.source];
    const std::int64_t at = tile.begin % step.period;
    if (phase.at == at && phase.elements >= tile.elements) return;
    phase = {at, tile.elements};
  }
  if (!walk.dense() && !step.uniform) {
    std::byte* target = step.kernel != nullptr ? staging_ : result;
    const std::size_t size = ir::size_of(step.dtype);
    if (linear)
      copy_range(walk, schedule_.extents, tile.begin, tile.elements, size, target, source);
    else
      copy_strided(box_of(walk, tile.extents, true, false), size, target, source);
    source = target;
  }
  if (step.kernel != nullptr)
    step.kernel({.a = source, .result = result, .n = step.uniform ? 1 : tile.elements});
}

void TileRunner::fill_index(std::size_t i, const Tile& tile, std::byte* result) const {
  const Step& step = schedule_.steps[i];
  const std::size_t axis = step.source;
  const bool linear = schedule_.order == Order::linear;
  const std::int64_t* extents = linear ? schedule_.extents.data() : tile.extents;
  std::int64_t inner = 1;
  for (std::size_t k = axis + 1; k < schedule_.extents.size(); ++k) inner *= extents[k];
  ir::visit(step.held, [&]<typename Tag>(Tag) {
    using T = typename Tag::type;
    if constexpr (std::is_arithmetic_v<T>) {
      T* const target = reinterpret_cast<T*>(result);
      if (step.uniform) {
        *target = static_cast<T>(tile.start[axis]);
      } else if (linear) {
        for (std::int64_t k = 0; k < tile.elements; ++k)
          target[k] = static_cast<T>((tile.begin + k) / inner % extents[axis]);
      } else {
        for (std::int64_t done = 0; done < tile.elements;)
          for (std::int64_t k = 0; k < extents[axis]; ++k)
            for (std::int64_t repeat = 0; repeat < inner; ++repeat)
              target[done++] = static_cast<T>(tile.start[axis] + k);
      }
    }
  });
}

void TileRunner::fill_random(std::size_t i, const Tile& tile, std::byte* result) const {
  const Step& step = schedule_.steps[i];
  const ir::PhiloxStream stream =
      stream_at(registers_[step.a], registers_[step.b], registers_[step.c]);
  auto* target = reinterpret_cast<std::uint32_t*>(result);
  if (schedule_.order == Order::linear)
    return random_words(stream, tile.begin, tile.elements, target);
  // The last axes that the tile has whole, and one more, are a row of words.
  const ir::Dims& extents = schedule_.extents;
  const ir::Dims strides = ir::Shape(extents).strides();
  std::size_t inner = extents.size();
  std::int64_t row = 1;
  while (inner > 0 && (inner == extents.size() || tile.extents[inner] == extents[inner]))
    row *= tile.extents[--inner];
  for (std::int64_t done = 0; done < tile.elements; done += row) {
    std::int64_t number = done / row;
    std::int64_t begin = 0;
    for (std::size_t axis = extents.size(); axis-- > 0;) {
      const std::int64_t extent = axis < inner ? tile.extents[axis] : 1;
      begin += (tile.start[axis] + number % extent) * strides[axis];
      number /= extent;
    }
    random_words(stream, begin, row, target + done);
  }
}

void TileRunner::set_constant(std::size_t i, void* result) const {
  const Step& step = schedule_.steps[i];
  const std::uint64_t bits = loop_.program[i].bits;
  if (step.dtype != step.held)
    widen_kernel(step.dtype)({.a = &bits, .result = result, .n = 1});
  else
    std::memcpy(result, &bits, sizeof(bits));
}

std::byte* TileRunner::output_address(std::size_t i, const Tile& tile) const {
  const LoopOperand& operand = loop_.outputs[i];
  std::int64_t offset = operand.offset;
  if (schedule_.order == Order::linear) {
    offset += tile.begin;  // plain outputs are dense
  } else {
    for (std::size_t axis = 0; axis < operand.strides.size(); ++axis)
      offset += tile.start[axis] * operand.strides[axis];
  }
  return outputs_[i] + offset * bytes_of(schedule_.stores[i].dtype);
}

void TileRunner::store(std::size_t i, const Tile& tile) {
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
  StridedBox box;
  if (schedule_.order == Order::linear) {
    box.rank = 1;
    box.extents[0] = tile.elements;
    box.source_strides[0] = step.uniform ? 0 : 1;
    box.target_strides[0] = 1;
  } else {
    box = box_of(store.walk, tile.extents, false, step.uniform);
  }
  copy_strided(box, ir::size_of(store.dtype), target, source);
}

}  // namespace evergpu::adapters::host
