// Recurrent layers over whole sequences. The ops are cuDNN's by name, and Keras takes them for LSTM
// and GRU wherever it finds a GPU; nothing of cuDNN is needed for what they mean.
#include "ops/recurrent.h"

#include <fmt/core.h>

#include <algorithm>

#include "tensorflow/op_table.h"

namespace evergpu::tensorflow {
namespace {

using ir::DType;
using ir::Value;
using ops::RecurrentCell;

enum class Version : std::uint8_t { first, second, third };

struct Parameters {
  RecurrentCell cell = RecurrentCell::lstm;
  bool bidirectional = false;
  bool time_major = true;
};

Result<RecurrentCell> cell_named(const std::string& name) {
  if (name == "lstm") return RecurrentCell::lstm;
  if (name == "gru") return RecurrentCell::gru;
  if (name == "rnn_relu") return RecurrentCell::relu;
  if (name == "rnn_tanh") return RecurrentCell::tanh;
  return invalid_argument(fmt::format("unknown rnn_mode: {}", name));
}

Result<Parameters> read_parameters(const Attributes& attributes, Version version) {
  Parameters parameters;
  const Result<RecurrentCell> cell = cell_named(attributes.string("rnn_mode"));
  if (!cell.ok()) return cell.status();
  parameters.cell = *cell;
  parameters.bidirectional = attributes.string("direction") == "bidirectional";
  if (attributes.string("input_mode") != "linear_input")
    return unimplemented(
        "evergpu's recurrent layers multiply their input by weights; set input_mode to "
        "linear_input");
  if (attributes.number("dropout") != 0)
    return unimplemented(
        "evergpu's recurrent layers have no dropout in between; use one op for each layer and "
        "tf.nn.dropout between them");
  if (version == Version::third) {
    parameters.time_major = attributes.boolean("time_major");
    if (attributes.integer("num_proj") != 0)
      return unimplemented("evergpu's recurrent layers have no projection; set num_proj to 0");
  }
  return parameters;
}

// [batch, n, …] as [n, batch, …], and back.
Value swap_major(const Value& x, const Parameters& parameters) {
  if (parameters.time_major || x.shape().rank() != 3) return x;
  const std::int64_t axes[] = {1, 0, 2};
  return ir::permute(x, axes);
}

// The first inputs of all these ops: input, input_h, input_c, params and, in the third version,
// sequence_lengths.
ops::RecurrentInputs read_inputs(Call& call, const Parameters& parameters, Version version) {
  ops::RecurrentInputs inputs;
  inputs.x = swap_major(call.input(0), parameters);
  inputs.h = swap_major(call.input(1), parameters);
  if (parameters.cell == RecurrentCell::lstm) inputs.c = swap_major(call.input(2), parameters);
  inputs.weights = call.input(3);
  if (version != Version::third || inputs.x.shape().rank() != 3) return inputs;
  const ir::Dims lengths = call.integers(4);
  const std::int64_t steps = inputs.x.shape()[0];
  const auto is_whole = [=](std::int64_t length) { return length >= steps; };
  if (!std::all_of(lengths.begin(), lengths.end(), is_whole)) inputs.lengths = call.input(4);
  return inputs;
}

// The first outputs of all these ops: of the sequence and of the states. TensorFlow has one for the
// cell's state in every mode; without LSTM it is a scalar.
Status output_arrays(Call& call, const Parameters& parameters, const Value& sequence,
                     const Value& h, const Value& c) {
  EVERGPU_RETURN_IF_ERROR(call.output(0, swap_major(sequence, parameters)));
  EVERGPU_RETURN_IF_ERROR(call.output(1, swap_major(h, parameters)));
  return call.output(2, c ? swap_major(c, parameters) : ir::constant(call.dtype(0), 0));
}

template <Version version>
Result<Lowering> forward(const Attributes& attributes) {
  const Result<Parameters> read = read_parameters(attributes, version);
  if (!read.ok()) return read.status();
  return Lowering([parameters = *read](Call& call) -> Status {
    const ops::RecurrentInputs inputs = read_inputs(call, parameters, version);
    const ops::RecurrentResults results = ops::recurrent(
        parameters.cell, parameters.bidirectional, inputs, call.device().info().recurrent_layers);
    EVERGPU_RETURN_IF_ERROR(output_arrays(call, parameters, results.y, results.h, results.c));
    EVERGPU_RETURN_IF_ERROR(call.output(3, results.reserve));
    // What cuDNN's choice of an algorithm would be.
    return version == Version::first ? Status() : call.output(4, ir::zeros(DType::i8, {0}));
  });
}

template <Version version>
Result<Lowering> backward(const Attributes& attributes) {
  const Result<Parameters> read = read_parameters(attributes, version);
  if (!read.ok()) return read.status();
  return Lowering([parameters = *read](Call& call) -> Status {
    const ops::RecurrentInputs inputs = read_inputs(call, parameters, version);
    // After those: output, output_h, output_c, their gradients, and reserve_space.
    const int first_gradient = version == Version::third ? 8 : 7;
    ops::RecurrentResults gradients;
    gradients.y = swap_major(call.input(first_gradient), parameters);
    gradients.h = swap_major(call.input(first_gradient + 1), parameters);
    if (inputs.c) gradients.c = swap_major(call.input(first_gradient + 2), parameters);
    const Value reserve = call.input(first_gradient + 3);
    const ops::RecurrentInputs results =
        ops::recurrent_gradients(parameters.cell, parameters.bidirectional, inputs, reserve,
                                 gradients, call.device().info().recurrent_layers);
    EVERGPU_RETURN_IF_ERROR(output_arrays(call, parameters, results.x, results.h, results.c));
    return call.output(3, results.weights);
  });
}

constexpr TypeConstraint type{"T", floats};

constexpr OpRow recurrent_table[] = {
    {.op = "CudnnRNN", .types = {type}, .make = forward<Version::first>},
    {.op = "CudnnRNNBackprop", .types = {type}, .make = backward<Version::first>},
    {.op = "CudnnRNNBackpropV2",
     .types = {type},
     .host_arguments = {"host_reserved"},
     .make = backward<Version::second>},
    {.op = "CudnnRNNBackpropV3",  // Keras: the gradient of LSTM and GRU
     .types = {type},
     .host_arguments = {"sequence_lengths", "host_reserved"},
     .make = backward<Version::third>},
    {.op = "CudnnRNNV2",
     .types = {type},
     .host_arguments = {"host_reserved"},
     .make = forward<Version::second>},
    {.op = "CudnnRNNV3",  // Keras: LSTM and GRU
     .types = {type},
     .host_arguments = {"sequence_lengths", "host_reserved"},
     .make = forward<Version::third>},
};

}  // namespace

std::span<const OpRow> recurrent_rows() { return recurrent_table; }

}  // namespace evergpu::tensorflow
