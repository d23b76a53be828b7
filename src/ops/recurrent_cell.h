// One step of a recurrent cell and its gradient, but for the two matrix products: LSTM (Hochreiter
// and Schmidhuber, 1997, with the forget gate of Gers et al., 2000), GRU (Cho et al., 2014, in the
// form that resets after the product) and the plain cells. Gates are in cuDNN's order.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/build.h"

namespace evergpu::ops {

enum class RecurrentCell : std::uint8_t {
  lstm,  // gates: input, forget, new cell, output
  gru,   // gates: reset, update, new state
  relu,
  tanh,
};

/// How many gates share a weight matrix.
std::int64_t gates_of(RecurrentCell cell);
/// How many arrays of a step its gradient reads, beside the states.
std::int64_t saved_of(RecurrentCell cell);

/// What a cell hands on to its next step; both are [batch, units].
struct CellState {
  ir::Value h;
  ir::Value c;  // empty but for LSTM
};

struct CellStep {
  CellState state;
  std::vector<ir::Value> saved;  // saved_of(cell) arrays [batch, units]
};

/// A matrix product [batch, gates * units] and the bias [gates * units], if any, that is still to
/// be added. (A loop that adds it to one gate's part has no need of the sum as an array.)
struct GateSums {
  ir::Value product;
  ir::Value bias;
};
CellStep cell_step(RecurrentCell cell, const GateSums& from_input, const GateSums& from_state,
                   const CellState& previous);

struct CellGradients {
  ir::Value from_input;  // [batch, gates * units]
  ir::Value from_state;  // [batch, gates * units]; the same value where the gradients are equal
  CellState previous;    // h: without what goes through the matrix product; may be empty
};

/// The gradients of cell_step, whose results were `step`, given those of its state.
CellGradients cell_step_gradients(RecurrentCell cell, const CellStep& step,
                                  const CellState& previous, const CellState& gradient);

}  // namespace evergpu::ops
