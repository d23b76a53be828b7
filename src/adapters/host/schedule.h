// How a Loop is run: its iteration space cut into tiles whose registers stay in the L1 cache, and
// its program as steps over a tile's elements. Made once from the loop's structure.
#pragma once

#include <cstdint>
#include <vector>

#include "adapters/host/point.h"
#include "adapters/host/strided.h"
#include "base/status.h"
#include "compiler/kernel.h"

namespace evergpu::adapters::host {

/// How the elements of one operand lie within a tile, outermost axis first. Axes that are 1 in
/// every tile are left out, neighbours that move together are one.
struct Walk {
  struct Axis {
    int axis = 0;             // the loop axis whose extent in the tile counts …
    std::int64_t factor = 1;  // … times this, for inner axes that were merged into it
    std::int64_t stride = 0;  // in elements
  };
  std::vector<Axis> axes;

  /// One element for the whole tile.
  bool uniform() const;
  /// The tile's elements lie side by side.
  bool dense() const { return axes.empty() || (axes.size() == 1 && axes[0].stride == 1); }
};

/// One instruction, prepared. Its result is a register: `n` elements, or one if uniform.
struct Step {
  compiler::Instruction::Op op = compiler::Instruction::Op::load;
  ir::DType dtype = ir::DType::f32;  // of the register's elements in memory, when it is loaded
  ir::DType held = ir::DType::f32;   // as the register holds it: f32 for 16-bit floats
  PointKernel kernel = nullptr;      // of point instructions; for `load`: from dtype to held
  PointKernel then = nullptr;        // applied to the result in place: rounding
  std::uint16_t a = 0;               // registers it reads; those it has no use for are the first
  std::uint16_t b = 0;
  std::uint16_t c = 0;
  std::uint16_t source = 0;  // of `load`: the operand; of `index`: the axis
  bool uniform = false;      // one element stands for the whole tile
  bool invariant = false;    // the same in every tile
  bool direct = false;       // a load that is the operand's own bytes
  int slot = 0;              // where the result lies; uniform ones have a cell each instead
  std::int64_t period = 0;   // a linear load that repeats after so many elements; else 0
  int direct_output = -1;    // written straight to this output, unless that overwrites an input
};

/// How one output is written.
struct Store {
  Walk walk;
  ir::DType dtype = ir::DType::f32;  // in memory
  std::uint16_t result = 0;          // the register
  PointKernel narrow = nullptr;      // from the register's form to memory's
  bool safe_in_place = false;        // direct writing may overwrite any input
};

/// How a loop's indices are gone through: in boxes, or in runs of the row-major order.
enum class Order : std::uint8_t { tiles, linear };

struct Schedule {
  Order order = Order::tiles;
  ir::Dims extents;
  ir::Dims chunk;                        // extents of a full tile; linear: of everything
  ir::Dims grid;                         // tiles along each axis
  std::int64_t tiles = 0;                // in all
  std::int64_t tile_elements = 0;        // of a full tile; linear: at most at a time
  std::int64_t element_cost = 0;         // instructions and operands per element, roughly
  std::vector<Step> steps;               // one per instruction
  std::vector<std::uint16_t> once;       // steps that are the same for every tile, in order
  std::vector<std::uint16_t> each_tile;  // the others, in order
  std::vector<Walk> inputs;              // one per input
  std::vector<Store> stores;             // one per output that is not reduced
  int slots = 0;
  std::size_t slot_bytes = 0;
};

/// A reduction takes rows of so many elements whole.
inline constexpr std::int64_t least_linear_tile = 1024;

/// Makes the schedule; unimplemented when an instruction has no kernel. `least`: of a linear one's
/// tile_elements.
Result<Schedule> make_schedule(const compiler::Loop& loop, Order order,
                               std::int64_t least = least_linear_tile);

}  // namespace evergpu::adapters::host
