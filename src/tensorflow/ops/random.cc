// Random numbers: the same as TensorFlow's CPU and CUDA kernels draw for the same seeds.
//
// Keys, counters and seeds stay on the device, so that drawing numbers never waits for it. (But for
// the old StatelessRandomGetKeyCounterAlg: TensorFlow runs an eager op with an int32 operand on the
// device and a result in host memory wrongly.)
#include "ops/random.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <random>

#include "tensorflow/op_table.h"
#include "tensorflow/ops/captured.h"
#include "tensorflow/variables.h"

namespace evergpu::tensorflow {
namespace {

using ir::DType;
using ir::Shape;
using ir::Value;
using ops::PhiloxState;

// TensorFlow's numbers for random-number algorithms.
enum Algorithm : int { philox = 1, automatic = 3 };

// What a family of ops draws: floats of some distribution, or integers of all values alike.
using Draw = Value (*)(DType, const Shape&, const PhiloxState&);

// The state that the inputs `first` (key), `first` + 1 (counter), `first` + 2 (algorithm) give.
Result<PhiloxState> state_at(Call& call, int first) {
  const std::int64_t algorithm = call.integer(first + 2);
  if (algorithm != philox && algorithm != automatic)
    return invalid_argument(fmt::format("Unsupported algorithm id: {}", algorithm));
  return ops::checked_philox_state(call.input(first), call.input(first + 1));
}

// (shape, key, counter, alg)
template <Draw draw>
Result<Lowering> with_key(const Attributes& attributes) {
  return Lowering([dtype = attributes.dtype("dtype")](Call& call) -> Status {
    const Result<PhiloxState> state = state_at(call, 1);
    if (!state.ok()) return state.status();
    return call.output(0, draw(dtype, call.extents(0), *state));
  });
}

// (shape, seed)
template <Draw draw>
Result<Lowering> with_seed(const Attributes& attributes) {
  return Lowering([dtype = attributes.dtype("dtype")](Call& call) {
    return call.output(0, draw(dtype, call.extents(0), ops::philox_state_of_seed(call.input(1))));
  });
}

Status integers(Call& call, DType dtype, const PhiloxState& state, int low, int high) {
  return call.output(0,
                     ops::random_integers(dtype, call.extents(0), state, call.scalar(low, "minval"),
                                          call.scalar(high, "maxval")));
}

// (shape, key, counter, alg, minval, maxval)
Result<Lowering> integers_with_key(const Attributes& attributes) {
  return Lowering([dtype = attributes.dtype("dtype")](Call& call) -> Status {
    const Result<PhiloxState> state = state_at(call, 1);
    if (!state.ok()) return state.status();
    return integers(call, dtype, *state, 4, 5);
  });
}

// (shape, seed, minval, maxval)
Result<Lowering> integers_with_seed(const Attributes& attributes) {
  return Lowering([dtype = attributes.dtype("dtype")](Call& call) {
    return integers(call, dtype, ops::philox_state_of_seed(call.input(1)), 2, 3);
  });
}

Result<Lowering> key_and_counter(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    const PhiloxState state = ops::philox_state_of_seed(call.input(0));
    EVERGPU_RETURN_IF_ERROR(call.output(0, state.key));
    return call.output(1, state.counter);
  });
}

Result<Lowering> key_counter_and_algorithm(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    const PhiloxState state = ops::philox_state_of_seed(call.input(0));
    EVERGPU_RETURN_IF_ERROR(call.output(0, state.key));
    EVERGPU_RETURN_IF_ERROR(call.output(1, state.counter));
    return call.output(2, ir::constant_integer(DType::i32, philox));
  });
}

Result<Lowering> algorithm(const Attributes&) {
  return Lowering(
      [](Call& call) { return call.output(0, ir::constant_integer(DType::i32, philox)); });
}

// The stream of one stateful kernel: every call takes its own part of it when it is recorded.
class Stream {
 public:
  Stream(std::int64_t seed, std::int64_t seed2)
      : key_(static_cast<std::uint64_t>(seed)), counter_high_(static_cast<std::uint64_t>(seed2)) {
    if (seed != 0 || seed2 != 0) return;
    std::random_device device;
    std::uniform_int_distribution<std::uint64_t> any;
    key_ = any(device);
    counter_high_ = any(device);
  }

  /// TensorFlow reserves 256 blocks for each output, whatever is drawn.
  PhiloxState next(std::int64_t outputs) {
    const ir::PhiloxStream start = take(256 * static_cast<std::uint64_t>(outputs));
    return ops::philox_state(start.key, start.low, start.high);
  }

  /// The next `blocks` blocks, to be drawn in host memory.
  ir::PhiloxStream take(std::uint64_t blocks) {
    return {.key = key_, .low = used_.fetch_add(blocks), .high = counter_high_};
  }

 private:
  std::uint64_t key_;
  std::uint64_t counter_high_;
  std::atomic<std::uint64_t> used_{0};
};

std::shared_ptr<Stream> stream_of(const Attributes& attributes) {
  return std::make_shared<Stream>(attributes.integer("seed"), attributes.integer("seed2"));
}

// (shape)
template <Draw draw>
Result<Lowering> stateful(const Attributes& attributes) {
  return Lowering([dtype = attributes.dtype("dtype"), stream = stream_of(attributes)](Call& call) {
    const Shape shape = call.extents(0);
    return call.output(0, draw(dtype, shape, stream->next(shape.elements())));
  });
}

// (shape, minval, maxval)
Result<Lowering> stateful_integers(const Attributes& attributes) {
  return Lowering([dtype = attributes.dtype("Tout"), stream = stream_of(attributes)](Call& call) {
    const Shape shape = call.extents(0);
    return integers(call, dtype, stream->next(shape.elements()), 1, 2);
  });
}

// (logits, num_samples)
Result<Lowering> stateful_categories(const Attributes& attributes) {
  return Lowering([dtype = attributes.dtype("output_dtype"),
                   stream = stream_of(attributes)](Call& call) {
    const std::int64_t samples = call.integer(1);
    const PhiloxState state = stream->next(std::max<std::int64_t>(samples, 0));
    return call.output(0, ir::cast(ops::random_categories(call.input(0), samples, state), dtype));
  });
}

// (logits, num_samples, seed)
Result<Lowering> categories_with_seed(const Attributes& attributes) {
  return Lowering([dtype = attributes.dtype("output_dtype")](Call& call) {
    const PhiloxState state = ops::philox_state_of_seed(call.input(2));
    return call.output(
        0, ir::cast(ops::random_categories(call.input(0), call.integer(1), state), dtype));
  });
}

// The rows of the operand in another order, which is drawn in host memory: every place depends on
// those before.
Result<Lowering> shuffle(const Attributes& attributes) {
  return Lowering([stream = stream_of(attributes)](Call& call) -> Status {
    const Shape& shape = call.shape(0);
    if (shape.rank() == 0 || shape.elements() <= 1 || shape[0] <= 1)
      return call.output(0, call.input(0));
    if (shape[0] > std::numeric_limits<std::int32_t>::max())
      return unimplemented("more than 2^31 - 1 rows cannot be shuffled");
    const auto rows = static_cast<std::int32_t>(shape[0]);
    const auto blocks = (static_cast<std::uint64_t>(rows) + 2) / 4;  // a word a row but one
    const Value order = captured(call, ops::random_permutation(rows, stream->take(blocks)));
    return call.output(0, ir::gather(call.input(0), order, 0));
  });
}

// A generator's state in a variable: counter and key as i64[3]. Skipping counts in numbers drawn,
// of which each takes 256 blocks.
template <typename Number>
Result<std::uint64_t> blocks_to_skip(Call& call, int delta) {
  const ir::TensorView view = call.host(delta);
  if (view.data == nullptr || view.shape.elements() != 1)
    return invalid_argument("delta must be a scalar");
  return 256 * static_cast<std::uint64_t>(*view.as<Number>());
}

// (resource, alg, delta); the old state is result 0 if there is a result.
template <typename Number, bool read>
Result<Lowering> skip(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    const std::int64_t algorithm = call.integer(1);
    if (algorithm != philox)
      return invalid_argument(fmt::format("Unsupported algorithm id: {}", algorithm));
    const Result<std::uint64_t> blocks = blocks_to_skip<Number>(call, 2);
    if (!blocks.ok()) return blocks.status();
    Value before;
    EVERGPU_RETURN_IF_ERROR(update_variable(call, [&](const Value& state) {
      before = state;
      return ops::skip_blocks(state, *blocks);
    }));
    return read ? call.output(0, before) : Status();
  });
}

// (resource, algorithm, shape): draws, and moves the state on.
template <typename Make>
Status draw_and_skip(Call& call, Make make) {
  const std::int64_t algorithm = call.integer(1);
  if (algorithm != philox)
    return invalid_argument(fmt::format("Unsupported algorithm id: {}", algorithm));
  const Shape shape(call.integers(2));
  Value drawn;
  EVERGPU_RETURN_IF_ERROR(update_variable(call, [&](const Value& state) {
    const Value words = ir::bitcast(state, DType::u64);
    drawn = make(shape, PhiloxState{.key = ir::slice(words, ir::Dims{2}, ir::Dims{1}),
                                    .counter = ir::slice(words, ir::Dims{0}, ir::Dims{2})});
    return ops::skip_blocks(state, 256 * static_cast<std::uint64_t>(shape.elements()));
  }));
  return call.output(0, drawn);
}

template <Draw draw>
Result<Lowering> from_variable(const Attributes& attributes) {
  return Lowering([dtype = attributes.dtype("dtype")](Call& call) {
    return draw_and_skip(call, [&](const Shape& shape, const PhiloxState& state) {
      return draw(dtype, shape, state);
    });
  });
}

constexpr DTypes drawn_integers{DType::i32, DType::i64, DType::u32, DType::u64};

constexpr OpRow random_table[] = {
    {.op = "Multinomial",
     .types = {{"T", floats}, {"output_dtype", index_types}},
     .host_arguments = {"num_samples"},
     .make = stateful_categories},
    {.op = "RandomShuffle", .types = {{"T", all_types}}, .make = shuffle},
    {.op = "RandomStandardNormal",
     .types = {{"dtype", floats}},
     .host_arguments = {"shape"},
     .make = stateful<ops::random_normal>},
    {.op = "RandomUniform",
     .types = {{"dtype", floats}},
     .host_arguments = {"shape"},
     .make = stateful<ops::random_uniform>},
    {.op = "RandomUniformInt",
     .types = {{"Tout", index_types}},
     .host_arguments = {"shape", "minval", "maxval"},
     .make = stateful_integers},
    {.op = "RngReadAndSkip",
     .host_arguments = {"resource", "alg", "delta"},
     .make = skip<std::uint64_t, true>},
    {.op = "RngSkip",
     .host_arguments = {"resource", "algorithm", "delta"},
     .make = skip<std::int64_t, false>},
    {.op = "StatefulStandardNormalV2",
     .types = {{"dtype", floats}},
     .host_arguments = {"resource", "algorithm", "shape"},
     .make = from_variable<ops::random_normal>},
    {.op = "StatefulTruncatedNormal",
     .types = {{"dtype", floats}},
     .host_arguments = {"resource", "algorithm", "shape"},
     .make = from_variable<ops::random_truncated_normal>},
    {.op = "StatefulUniform",
     .types = {{"dtype", floats}},
     .host_arguments = {"resource", "algorithm", "shape"},
     .make = from_variable<ops::random_uniform>},
    {.op = "StatefulUniformFullInt",
     .types = {{"dtype", drawn_integers}},
     .host_arguments = {"resource", "algorithm", "shape"},
     .make = from_variable<ops::random_bits>},
    {.op = "StatelessMultinomial",
     .types = {{"T", floats}, {"output_dtype", index_types}},
     .host_arguments = {"num_samples"},
     .make = categories_with_seed},
    {.op = "StatelessRandomGetAlg", .host_arguments = {"alg"}, .make = algorithm},
    {.op = "StatelessRandomGetKeyCounter",
     .types = {{"Tseed", index_types}},
     .make = key_and_counter},
    {.op = "StatelessRandomGetKeyCounterAlg",
     .types = {{"Tseed", index_types}},
     .host_arguments = {"seed", "key", "counter", "alg"},
     .make = key_counter_and_algorithm},
    {.op = "StatelessRandomNormal",
     .types = {{"dtype", floats}},
     .host_arguments = {"shape"},
     .make = with_seed<ops::random_normal>},
    {.op = "StatelessRandomNormalV2",
     .types = {{"dtype", floats}},
     .host_arguments = {"shape", "alg"},
     .make = with_key<ops::random_normal>},
    {.op = "StatelessRandomUniform",
     .types = {{"dtype", floats}},
     .host_arguments = {"shape"},
     .make = with_seed<ops::random_uniform>},
    {.op = "StatelessRandomUniformFullInt",
     .types = {{"dtype", drawn_integers}, {"Tseed", index_types}},
     .host_arguments = {"shape"},
     .make = with_seed<ops::random_bits>},
    {.op = "StatelessRandomUniformFullIntV2",
     .types = {{"dtype", drawn_integers}},
     .host_arguments = {"shape", "alg"},
     .make = with_key<ops::random_bits>},
    {.op = "StatelessRandomUniformInt",
     .types = {{"dtype", index_types}},
     .host_arguments = {"shape", "minval", "maxval"},
     .make = integers_with_seed},
    {.op = "StatelessRandomUniformIntV2",
     .types = {{"dtype", index_types}},
     .host_arguments = {"shape", "alg", "minval", "maxval"},
     .make = integers_with_key},
    {.op = "StatelessRandomUniformV2",
     .types = {{"dtype", floats}},
     .host_arguments = {"shape", "alg"},
     .make = with_key<ops::random_uniform>},
    {.op = "StatelessTruncatedNormal",
     .types = {{"dtype", floats}},
     .host_arguments = {"shape"},
     .make = with_seed<ops::random_truncated_normal>},
    {.op = "StatelessTruncatedNormalV2",
     .types = {{"dtype", floats}},
     .host_arguments = {"shape", "alg"},
     .make = with_key<ops::random_truncated_normal>},
    {.op = "TruncatedNormal",
     .types = {{"dtype", floats}},
     .host_arguments = {"shape"},
     .make = stateful<ops::random_truncated_normal>},
};

}  // namespace

std::span<const OpRow> random_rows() { return random_table; }

}  // namespace evergpu::tensorflow
