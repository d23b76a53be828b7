// The element-wise part of a recurrent layer's steps in f32, for some rows of the batch, compiled
// for each instruction set.
#pragma once

#include <cstdint>

#include "ir/operation.h"

namespace evergpu::adapters::host {

/// One row of one step of `recurrent`. Arrays have `units` elements for each gate or state.
struct RecurrentRow {
  std::int64_t units = 0;
  const float* from_input = nullptr;    // the gates, without biases
  const float* from_state = nullptr;    // the gates, without biases
  const float* input_biases = nullptr;  // of the gates
  const float* state_biases = nullptr;
  const float* h_before = nullptr;
  const float* c_before = nullptr;  // LSTM only
  float* saved[4] = {};
  float* h = nullptr;
  float* c = nullptr;  // LSTM only
};

/// One row of one step of `recurrent_gradient`.
struct RecurrentGradientRow {
  std::int64_t units = 0;
  const float* saved[4] = {};
  const float* h_before = nullptr;      // GRU only
  const float* c = nullptr;             // LSTM only
  const float* c_before = nullptr;      // LSTM only
  const float* to_h = nullptr;          // the gradient of h that comes from above
  const float* from_product = nullptr;  // and from the next step, through its product
  float* from_state = nullptr;  // and beside it (GRU); of c (LSTM). Becomes that of the step before
  float* gates = nullptr;       // the result's row: four arrays
  float* products = nullptr;    // GRU only: the gradient of the state's products, three arrays
};

struct RecurrentKernels {
  void (*row)(const RecurrentRow& row);
  void (*gradient_row)(const RecurrentGradientRow& row);
};
RecurrentKernels recurrent_kernels(ir::GatedCell cell);

}  // namespace evergpu::adapters::host
