// How fast the host device's kernels are: floating-point operations and bytes per second. Compare
// with the machine's own limits: BM_copy is its memory bandwidth, BM_matmul what its cores can do.
#include <benchmark/benchmark.h>

#include <stdexcept>

#include "adapters/host/host.h"
#include "ir/build.h"
#include "ir/infer/infer.h"

namespace evergpu::adapters {
namespace {

using compiler::Instruction;
using compiler::Kernel;
using compiler::Loop;
using ir::DType;
using ir::Shape;
using ir::Value;
using Op = Instruction::Op;

template <typename T>
T checked(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.status().message());
  return std::move(*result);
}

// A kernel with its operands in device memory.
class Bench {
 public:
  Bench(Kernel kernel, const std::vector<std::size_t>& inputs, std::size_t output)
      : kernel_(std::move(kernel)), device_(checked(make_host_adapter(1)->open(0))) {
    for (std::size_t bytes : inputs) inputs_.push_back(place(bytes));
    outputs_.push_back(place(output));
    executable_ = checked(device_->compile(kernel_));
  }

  /// `flops` and `bytes` of one launch.
  void run(benchmark::State& state, double flops, double bytes) {
    for (auto _ : state)
      if (!device_->launch(*executable_, kernel_, inputs_, outputs_).ok()) std::abort();
    const auto rate = [](double amount) {
      return benchmark::Counter(amount, benchmark::Counter::kIsIterationInvariantRate);
    };
    if (flops > 0) state.counters["FLOP/s"] = rate(flops);
    if (bytes > 0) state.counters["B/s"] = rate(bytes);
  }

 private:
  Region place(std::size_t bytes) {
    memories_.push_back(checked(device_->allocate(bytes)));
    // Small numbers: no denormals, no infinities.
    std::vector<float> ones(bytes / sizeof(float) + 1, 0.5f);
    const auto* data = reinterpret_cast<const std::byte*>(ones.data());
    if (!device_->upload({memories_.back().get(), 0}, {data, bytes}).ok()) std::abort();
    return {memories_.back().get(), 0};
  }

  Kernel kernel_;
  std::unique_ptr<Device> device_;
  std::vector<std::unique_ptr<Memory>> memories_;
  std::vector<Region> inputs_;
  std::vector<Region> outputs_;
  std::unique_ptr<Executable> executable_;
};

Value leaf(DType dtype, const Shape& shape) { return ir::Node::stored(dtype, shape, nullptr); }

void run_library(benchmark::State& state, const Value& value, const std::vector<Value>& operands,
                 double flops, bool count_bytes = false) {
  compiler::Library library{value->operation(), {}, {}};
  std::vector<std::size_t> inputs;
  double bytes = static_cast<double>(value->operation().bytes());
  for (const Value& operand : operands) {
    library.operand_dtypes.push_back(operand.dtype());
    library.operand_shapes.push_back(operand.shape());
    inputs.push_back(operand->operation().bytes());
    bytes += static_cast<double>(inputs.back());
  }
  const std::size_t output = value->operation().bytes();
  Bench(std::move(library), inputs, output).run(state, flops, count_bytes ? bytes : 0);
}

// A loop over `extents`: loads of all inputs, then `program`, whose last register is the result.
Loop make_loop(const ir::Dims& extents, const std::vector<ir::Dims>& input_strides,
               std::vector<Instruction> program, DType dtype = DType::f32) {
  Loop loop;
  loop.extents = extents;
  for (const ir::Dims& strides : input_strides) {
    loop.program.push_back(
        {.op = Op::load, .dtype = dtype, .a = static_cast<std::uint16_t>(loop.inputs.size())});
    loop.inputs.push_back({dtype, strides, 0});
  }
  loop.program.insert(loop.program.end(), program.begin(), program.end());
  loop.outputs.push_back({dtype, Shape(extents).strides(), 0});
  loop.results.push_back(static_cast<std::uint16_t>(loop.program.size() - 1));
  return loop;
}

Instruction binary(ir::BinaryOp op, std::uint16_t a, std::uint16_t b) {
  return {.op = Op::binary, .dtype = DType::f32, .binary_op = op, .a = a, .b = b};
}
Instruction unary(ir::UnaryOp op, std::uint16_t a) {
  return {.op = Op::unary, .dtype = DType::f32, .unary_op = op, .a = a};
}

void run_flat(benchmark::State& state, std::size_t inputs, std::vector<Instruction> program) {
  const std::int64_t n = state.range(0);
  const auto bytes = static_cast<std::size_t>(n) * sizeof(float);
  Bench(make_loop({n}, std::vector<ir::Dims>(inputs, {1}), std::move(program)),
        std::vector<std::size_t>(inputs, bytes), bytes)
      .run(state, 0, static_cast<double>(bytes) * static_cast<double>(inputs + 1));
}

void BM_copy(benchmark::State& state) { run_flat(state, 1, {}); }
void BM_add(benchmark::State& state) { run_flat(state, 2, {binary(ir::BinaryOp::add, 0, 1)}); }
void BM_exp(benchmark::State& state) { run_flat(state, 1, {unary(ir::UnaryOp::exp, 0)}); }
void BM_tanh(benchmark::State& state) { run_flat(state, 1, {unary(ir::UnaryOp::tanh, 0)}); }
void BM_erf(benchmark::State& state) { run_flat(state, 1, {unary(ir::UnaryOp::erf, 0)}); }
// Twelve instructions that pass over memory once.
void BM_chain(benchmark::State& state) {
  std::vector<Instruction> program;
  for (std::uint16_t i = 0; i < 12; ++i)
    program.push_back(binary(i % 2 == 0 ? ir::BinaryOp::multiply : ir::BinaryOp::add,
                             static_cast<std::uint16_t>(i + 1), 0));
  run_flat(state, 2, std::move(program));
}
BENCHMARK(BM_copy)->Arg(1 << 24)->UseRealTime();
BENCHMARK(BM_add)->Arg(100)->Arg(10000)->Arg(1 << 17)->Arg(1 << 24)->UseRealTime();
BENCHMARK(BM_exp)->Arg(1 << 17)->Arg(1 << 24)->UseRealTime();
BENCHMARK(BM_tanh)->Arg(1 << 17)->UseRealTime();
BENCHMARK(BM_erf)->Arg(1 << 17)->UseRealTime();
BENCHMARK(BM_chain)->Arg(1 << 17)->Arg(1 << 24)->UseRealTime();

// exp(x - maximum of the row) / sum of the row: the last loop of a softmax.
void BM_softmax_scale(benchmark::State& state) {
  const std::int64_t rows = state.range(0);
  const std::int64_t columns = state.range(1);
  const auto row_bytes = static_cast<std::size_t>(rows) * 4;
  const auto bytes = static_cast<std::size_t>(rows * columns) * 4;
  Bench(make_loop({rows, columns}, {{columns, 1}, {1, 0}, {1, 0}},
                  {binary(ir::BinaryOp::subtract, 0, 1), unary(ir::UnaryOp::exp, 3),
                   binary(ir::BinaryOp::divide, 4, 2)}),
        {bytes, row_bytes, row_bytes}, bytes)
      .run(state, 0, static_cast<double>(2 * bytes));
}
BENCHMARK(BM_softmax_scale)->Args({128, 10})->Args({8192, 128})->UseRealTime();

void BM_add_bias(benchmark::State& state) {
  const std::int64_t rows = state.range(0);
  const std::int64_t columns = state.range(1);
  const auto bytes = static_cast<std::size_t>(rows * columns) * 4;
  Bench(make_loop({rows, columns}, {{columns, 1}, {0, 1}}, {binary(ir::BinaryOp::add, 0, 1)}),
        {bytes, static_cast<std::size_t>(columns) * 4}, bytes)
      .run(state, 0, static_cast<double>(2 * bytes));
}
BENCHMARK(BM_add_bias)->Args({100000, 10})->Args({8192, 512})->UseRealTime();

void BM_transpose(benchmark::State& state) {
  const std::int64_t rows = state.range(0);
  const std::int64_t columns = state.range(1);
  const auto bytes = static_cast<std::size_t>(rows * columns) * 4;
  Bench(make_loop({columns, rows}, {{1, columns}}, {}), {bytes}, bytes)
      .run(state, 0, static_cast<double>(2 * bytes));
}
BENCHMARK(BM_transpose)->Args({2048, 2048})->Args({50000, 30})->UseRealTime();

void BM_reduce(benchmark::State& state, ir::ReduceOp op, const Shape& shape,
               const std::vector<std::int64_t>& axes) {
  const Value x = leaf(DType::f32, shape);
  run_library(state, ir::reduce(op, x, axes), {x}, 0, true);
}
BENCHMARK_CAPTURE(BM_reduce, sum_of_all, ir::ReduceOp::sum, Shape{1 << 24}, {0})->UseRealTime();
BENCHMARK_CAPTURE(BM_reduce, sum_of_rows, ir::ReduceOp::sum, Shape{8192, 512}, {1})->UseRealTime();
BENCHMARK_CAPTURE(BM_reduce, max_of_rows_of_10, ir::ReduceOp::maximum, Shape{100000, 10}, {1})
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_reduce, sum_of_columns, ir::ReduceOp::sum, Shape{8192, 512}, {0})
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_reduce, sum_of_10_columns, ir::ReduceOp::sum, Shape{100000, 10}, {0})
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_reduce, batch_norm, ir::ReduceOp::sum, Shape{64, 32, 32, 64}, {0, 1, 2})
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_reduce, batch_norm_nchw, ir::ReduceOp::sum, Shape{64, 64, 32, 32}, {0, 2, 3})
    ->UseRealTime();

void BM_matmul(benchmark::State& state, DType dtype, bool transpose_a, bool transpose_b) {
  const std::int64_t n = state.range(0);
  const Value a = leaf(dtype, {n, n});
  const Value b = leaf(dtype, {n, n});
  run_library(state, ir::matmul(a, b, transpose_a, transpose_b), {a, b},
              2.0 * static_cast<double>(n * n * n));
}
BENCHMARK_CAPTURE(BM_matmul, f32, DType::f32, false, false)->Arg(128)->Arg(1024)->UseRealTime();
BENCHMARK_CAPTURE(BM_matmul, f32_ta, DType::f32, true, false)->Arg(1024)->UseRealTime();
BENCHMARK_CAPTURE(BM_matmul, f32_tb, DType::f32, false, true)->Arg(1024)->UseRealTime();
BENCHMARK_CAPTURE(BM_matmul, bf16, DType::bf16, false, false)->Arg(1024)->UseRealTime();
BENCHMARK_CAPTURE(BM_matmul, f16, DType::f16, false, false)->Arg(1024)->UseRealTime();
BENCHMARK_CAPTURE(BM_matmul, f64, DType::f64, false, false)->Arg(512)->UseRealTime();

// Arguments: matrices, rows, columns and depth of each product.
void BM_model_matmul(benchmark::State& state, bool transpose_a, bool transpose_b) {
  const std::int64_t count = state.range(0), rows = state.range(1), columns = state.range(2);
  const std::int64_t depth = state.range(3);
  const auto matrices = [&](std::int64_t height, std::int64_t width) {
    return leaf(DType::f32, count == 1 ? Shape{height, width} : Shape{count, height, width});
  };
  const Value a = transpose_a ? matrices(depth, rows) : matrices(rows, depth);
  const Value b = transpose_b ? matrices(columns, depth) : matrices(depth, columns);
  run_library(state, ir::matmul(a, b, transpose_a, transpose_b), {a, b},
              2.0 * static_cast<double>(count * rows * columns * depth));
}
void dense_shapes(benchmark::internal::Benchmark* benchmark) {
  benchmark->UseRealTime()
      ->Args({1, 128, 512, 784})
      ->Args({1, 2048, 128, 128})
      ->Args({1, 2048, 512, 128})
      ->Args({1, 2048, 128, 512})
      ->Args({64, 128, 128, 32})
      ->Args({64, 128, 32, 128});
}
// What the gradient with respect to a dense layer's weights is: the depth is the batch.
void weight_shapes(benchmark::internal::Benchmark* benchmark) {
  benchmark->UseRealTime()
      ->Args({1, 784, 512, 128})
      ->Args({1, 128, 128, 2048})
      ->Args({1, 128, 512, 2048})
      ->Args({1, 512, 128, 2048})
      ->Args({16, 128, 128, 128})
      ->Args({64, 128, 32, 128});
}
BENCHMARK_CAPTURE(BM_model_matmul, plain, false, false)->Apply(dense_shapes);
BENCHMARK_CAPTURE(BM_model_matmul, transpose_b, false, true)->Apply(dense_shapes);
BENCHMARK_CAPTURE(BM_model_matmul, transpose_a, true, false)->Apply(weight_shapes);

void BM_convolution(benchmark::State& state, ir::Kind kind, std::int64_t channels,
                    std::int64_t groups, ir::Layout layout) {
  ir::Convolution attributes{{1, 1}, {1, 1}, {1, 1}, {1, 1}, groups, layout};
  const bool last = layout == ir::Layout::channels_last;
  const Value image =
      leaf(DType::f32, last ? Shape{16, 32, 32, channels} : Shape{16, channels, 32, 32});
  const Value filter = leaf(DType::f32, {3, 3, channels / groups, channels});
  const double flops = 2.0 * 16 * 32 * 32 * 9 * static_cast<double>(channels * channels / groups);
  if (kind == ir::Kind::convolution)
    run_library(state, ir::convolution(image, filter, attributes), {image, filter}, flops);
  else if (kind == ir::Kind::convolution_input)
    run_library(state, ir::convolution_input(image.shape(), filter, image, attributes),
                {filter, image}, flops);
  else
    run_library(state, ir::convolution_filter(image, filter.shape(), image, attributes),
                {image, image}, flops);
}
constexpr auto last = ir::Layout::channels_last;
BENCHMARK_CAPTURE(BM_convolution, forward, ir::Kind::convolution, 64, 1, last)->UseRealTime();
BENCHMARK_CAPTURE(BM_convolution, input, ir::Kind::convolution_input, 64, 1, last)->UseRealTime();
BENCHMARK_CAPTURE(BM_convolution, filter, ir::Kind::convolution_filter, 64, 1, last)->UseRealTime();
BENCHMARK_CAPTURE(BM_convolution, depthwise, ir::Kind::convolution, 64, 64, last)->UseRealTime();
BENCHMARK_CAPTURE(BM_convolution, depthwise_input, ir::Kind::convolution_input, 64, 64, last)
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_convolution, depthwise_filter, ir::Kind::convolution_filter, 64, 64, last)
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_convolution, forward_nchw, ir::Kind::convolution, 64, 1,
                  ir::Layout::channels_first)
    ->UseRealTime();

// Arguments: images, rows (and columns) of the input, channels in and out, rows of the filter,
// stride. FLOP/s count the direct method's operations.
void BM_model_convolution(benchmark::State& state, ir::Kind kind) {
  const std::int64_t images = state.range(0), rows = state.range(1), in = state.range(2);
  const std::int64_t out = state.range(3), filter_rows = state.range(4), stride = state.range(5);
  const std::int64_t pad = filter_rows / 2;
  const ir::Convolution attributes{{stride, stride}, {1, 1}, {pad, pad}, {pad, pad}, 1, last};
  const Value input = leaf(DType::f32, {images, rows, rows, in});
  const Value filter = leaf(DType::f32, {filter_rows, filter_rows, in, out});
  const Value output =
      leaf(DType::f32, *ir::convolution_shape(attributes, input.shape(), filter.shape()));
  const double flops =
      2.0 * static_cast<double>(output.shape().elements() * filter.shape().elements() / out);
  if (kind == ir::Kind::convolution)
    run_library(state, ir::convolution(input, filter, attributes), {input, filter}, flops);
  else if (kind == ir::Kind::convolution_input)
    run_library(state, ir::convolution_input(input.shape(), filter, output, attributes),
                {filter, output}, flops);
  else
    run_library(state, ir::convolution_filter(input, filter.shape(), output, attributes),
                {input, output}, flops);
}
void model_shapes(benchmark::internal::Benchmark* benchmark) {
  benchmark->UseRealTime()
      ->Args({64, 32, 16, 16, 3, 1})
      ->Args({64, 16, 32, 32, 3, 1})
      ->Args({64, 8, 64, 64, 3, 1})
      ->Args({64, 32, 16, 32, 3, 2})
      ->Args({64, 32, 3, 16, 3, 1})
      ->Args({64, 32, 16, 32, 1, 2})
      ->Args({128, 28, 1, 32, 3, 1})
      ->Args({128, 13, 32, 64, 3, 1})
      ->Args({16, 24, 64, 64, 3, 1})
      ->Args({16, 12, 128, 128, 3, 1})
      ->Args({16, 6, 256, 256, 3, 1})
      ->Args({16, 3, 512, 512, 3, 1})
      ->Args({16, 24, 64, 64, 1, 1})
      ->Args({16, 24, 64, 256, 1, 1})
      ->Args({16, 24, 256, 64, 1, 1})
      ->Args({16, 24, 256, 512, 1, 2})
      ->Args({16, 12, 128, 512, 1, 1})
      ->Args({16, 12, 512, 128, 1, 1})
      ->Args({16, 12, 512, 1024, 1, 2})
      ->Args({16, 6, 256, 1024, 1, 1})
      ->Args({16, 6, 1024, 256, 1, 1})
      ->Args({16, 6, 1024, 2048, 1, 2})
      ->Args({16, 3, 512, 2048, 1, 1})
      ->Args({16, 3, 2048, 512, 1, 1});
}
BENCHMARK_CAPTURE(BM_model_convolution, forward, ir::Kind::convolution)->Apply(model_shapes);
BENCHMARK_CAPTURE(BM_model_convolution, input, ir::Kind::convolution_input)->Apply(model_shapes);
BENCHMARK_CAPTURE(BM_model_convolution, filter, ir::Kind::convolution_filter)->Apply(model_shapes);

void BM_max_pool(benchmark::State& state, bool gradient) {
  const Value x = leaf(DType::f32, {128, 28, 28, 32});
  const ir::Window window{
      ir::ReduceOp::maximum, {1, 2, 2, 1}, {1, 2, 2, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}};
  const Value pooled = ir::window_reduce(x, window);
  if (!gradient) return run_library(state, pooled, {x}, 0, true);
  const Value arriving = leaf(DType::f32, pooled.shape());
  run_library(state, ir::window_gradient(x, arriving, window), {x, arriving}, 0, true);
}
BENCHMARK_CAPTURE(BM_max_pool, forward, false)->UseRealTime();
BENCHMARK_CAPTURE(BM_max_pool, gradient, true)->UseRealTime();

void BM_philox(benchmark::State& state) {
  const Value key = leaf(DType::u64, {1});
  const Value counter = leaf(DType::u64, {2});
  run_library(state, ir::philox(key, counter, state.range(0)), {key, counter}, 0, true);
}
BENCHMARK(BM_philox)->Arg(1 << 16)->Arg(1 << 22)->UseRealTime();

void BM_embedding(benchmark::State& state, bool gradient) {
  const Value table = leaf(DType::f32, {5000, 64});
  const Value indices = leaf(DType::i32, {4096});
  if (!gradient)
    return run_library(state, ir::gather(table, indices, 0), {table, indices}, 0, true);
  const Value updates = leaf(DType::f32, {4096, 64});
  run_library(state, ir::scatter(ir::ScatterOp::add, table, indices, updates),
              {table, indices, updates}, 0, true);
}
BENCHMARK_CAPTURE(BM_embedding, lookup, false)->UseRealTime();
BENCHMARK_CAPTURE(BM_embedding, gradient, true)->UseRealTime();

}  // namespace
}  // namespace evergpu::adapters
