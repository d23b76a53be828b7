// Runs a Loop's program over parts of its index space, on one thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "adapters/host/executable.h"
#include "adapters/host/point.h"
#include "adapters/host/schedule.h"
#include "adapters/host/work_space.h"

namespace evergpu::adapters::host {

/// Which outputs may be written straight from the program, instead of from its registers once it
/// has run: those that share no bytes with an input that is still to be read.
std::vector<char> direct_outputs(const Schedule& schedule, const compiler::Loop& loop,
                                 Inputs inputs, Outputs outputs);

/// An input that is no array, but made for each range: `elements` are the range's, as registers
/// hold them.
struct MadeInput {
  int input = -1;
  const std::byte* elements = nullptr;
};

class TileRunner {
 public:
  /// `direct` comes from direct_outputs. All arguments outlive the runner, which is the only user
  /// of `space` while it lives.
  TileRunner(const Schedule& schedule, const compiler::Loop& loop, Inputs inputs, Outputs outputs,
             const std::vector<char>& direct, WorkSpace& space);

  /// Tiles [begin, end) of a schedule in tiles.
  void run_tiles(std::int64_t begin, std::int64_t end);

  /// Indices [begin, begin + n), row-major, of a linear schedule; n is at most its tile_elements.
  /// The first result that is not stored is written to `target`, unless that is null.
  void run_range(std::int64_t begin, std::int64_t n, std::span<const MadeInput> made = {},
                 std::byte* target = nullptr);
  /// What the last range gave for the k-th of the results that are not stored: n elements, as
  /// registers hold them.
  const std::byte* given(std::size_t k) const { return given_[k]; }

 private:
  // The part of the index space that the program runs over at once.
  struct Tile {
    std::int64_t begin = 0;                  // linear: the first index
    std::int64_t start[max_walk_axes] = {};  // tiles: along each axis
    std::int64_t extents[max_walk_axes] = {};
    std::int64_t elements = 0;
  };

  Tile tile_at(std::int64_t number) const;
  Tile largest_tile(const Tile& tile) const;
  void run(const Tile& tile, bool first);
  const std::byte* result_of(std::size_t k, const Tile& tile);
  void compute(std::size_t i, const Tile& tile);
  void load(std::size_t i, const Tile& tile, std::byte* result);
  void fill_index(std::size_t i, const Tile& tile, std::byte* result) const;
  void fill_random(std::size_t i, const Tile& tile, std::byte* result) const;
  void set_constant(std::size_t i, void* result) const;
  std::byte* output_address(std::size_t i, const Tile& tile) const;
  void store(std::size_t i, const Tile& tile);

  const Schedule& schedule_;
  const compiler::Loop& loop_;
  Inputs inputs_;
  Outputs outputs_;
  const std::vector<char>& direct_;
  std::vector<const std::byte*> registers_;  // where each step's result is
  std::vector<PointCall> calls_;             // one per step, but for what changes with the tile
  std::byte* staging_ = nullptr;
  bool started_ = false;
  std::span<const MadeInput> made_;
  std::byte* target_ = nullptr;
  std::size_t direct_given_ = ~std::size_t{0};  // the step that can write to it
  std::byte* given_slot_ = nullptr;             // where its result is else

  // Where a periodic input's register begins in its period, and how much of it there is.
  struct Phase {
    std::int64_t at = 0;
    std::int64_t elements = 0;
  };
  std::vector<Phase> phases_;            // by input
  std::vector<std::byte*> copies_;       // room for each result that is not stored
  std::vector<const std::byte*> given_;  // those results in the last range
};

}  // namespace evergpu::adapters::host
