// Recurrent layers over whole sequences, as cuDNN's RNN functions define them: several layers, one
// or both directions, all weights in one array. A layer is recorded as one node of the IR, or step
// by step from matrix products and point operations, of which the compiler fuses each step's gates
// into one loop. 16-bit arrays are computed in f32.
#pragma once

#include "ops/recurrent_cell.h"

namespace evergpu::ops {

struct RecurrentInputs {
  ir::Value x;        // [steps, batch, size]
  ir::Value h;        // [layers * directions, batch, units]: the state before the first step
  ir::Value c;        // like h; LSTM only
  ir::Value weights;  // [n]: for each layer and direction the matrices of the input's gates
                      // [gates, units, size] and the state's [gates, units, units]; then, for each,
                      // two biases [gates, units]
  ir::Value lengths;  // i32 [batch]: the steps of each sequence; empty: all of them. Past its end a
                      // sequence's state stays and its result is 0
};

struct RecurrentResults {
  ir::Value y;        // [steps, batch, directions * units]: the last layer's states
  ir::Value h;        // like RecurrentInputs::h: the states after the last step
  ir::Value c;        // LSTM only
  ir::Value reserve;  // [m]: what the gradients read
};
/// `nodes_for_layers`: the device computes ir::Kind::recurrent. LSTM and GRU of f32 and less, over
/// sequences of equal length, then are one node for each layer and direction.
RecurrentResults recurrent(RecurrentCell cell, bool bidirectional, const RecurrentInputs& inputs,
                           bool nodes_for_layers = false);

/// The gradients of recurrent with respect to x, h, c and weights; `lengths` stays empty. `reserve`
/// is recurrent's result, `gradients` are those of its y, h and c.
RecurrentInputs recurrent_gradients(RecurrentCell cell, bool bidirectional,
                                    const RecurrentInputs& inputs, const ir::Value& reserve,
                                    const RecurrentResults& gradients,
                                    bool nodes_for_layers = false);

}  // namespace evergpu::ops
