// Times the Vulkan device: matrix products, ResNet-50's convolutions with their gradients, an
// element-wise sum, softmax, and what a launch costs. A row is what is timed, in words:
//
//   matmul M N K [f16]                of f32, or of f16
//   convolution BATCH SIZE IN OUT TAPS STRIDE [by_input|by_filter]
//   bottleneck SIZE CHANNELS INNER    1x1 to INNER, 3x3, 1x1 back to CHANNELS, of one image
//   add ELEMENTS
//   softmax ROWS COLUMNS
//   launch                            one of many
//   submit                            a launch that is waited for
//
//   vulkan_gemm [ROW...]    times these rows, or a list of its own
//   vulkan_gemm --serve     reads rows from standard input and answers each with seconds of the
//                           clock and of all processor cores: for vulkan_peers.py
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "adapters/vulkan/vulkan.h"
#include "compiler/plan.h"
#include "ir/build.h"
#include "ir/graph.h"
#include "ops/loss.h"

namespace {

using namespace evergpu;
using adapters::Device;
using adapters::Memory;
using adapters::Region;
using ir::DType;
using ir::Shape;
using ir::Value;

constexpr double seconds_a_row = 0.5;

template <typename T>
T checked(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{}\n", result.status().message());
    std::exit(1);
  }
  return std::move(*result);
}
void check(const Status& status) {
  if (status.ok()) return;
  fmt::print(stderr, "{}\n", status.message());
  std::exit(1);
}

Value leaf(const Shape& shape, DType dtype = DType::f32) {
  return ir::Node::stored(dtype, shape, nullptr);
}

// Of the wall clock, and of all cores: those that a software driver computes with too.
struct Seconds {
  double wall = 1e9;
  double processor = 1e9;
};

struct Row {
  Value value;
  double operations = 0;  // of floats; 0: not worth counting
  int launches = 1;       // before it is waited for
};

Row contraction(const Value& value, std::int64_t terms, std::int64_t sums) {
  return {value, 2.0 * static_cast<double>(terms * sums)};
}

Row row_of(const std::string& text) {
  std::istringstream words(text);
  std::string kind;
  words >> kind;
  const auto next = [&] {
    std::int64_t number = 0;
    if (!(words >> number) || number <= 0)
      check(invalid_argument(fmt::format("'{}' is no row", text)));
    return number;
  };
  if (kind == "matmul") {
    const std::int64_t m = next();
    const std::int64_t n = next();
    const std::int64_t k = next();
    std::string of;
    words >> of;
    const DType dtype = of == "f16" ? DType::f16 : DType::f32;
    return contraction(
        ir::matmul(leaf(Shape({m, k}), dtype), leaf(Shape({k, n}), dtype), false, false), k, m * n);
  }
  if (kind == "convolution") {
    const std::int64_t batch = next();
    const std::int64_t size = next();
    const std::int64_t in = next();
    const std::int64_t out = next();
    const std::int64_t taps = next();
    const ir::Dims strides(2, next());
    const ir::Dims pad(2, taps / 2);
    const ir::Convolution attributes{strides, ir::Dims(2, 1), pad, pad, 1, {}};
    const Shape input({batch, size, size, in});
    const Shape filter({taps, taps, in, out});
    const Value forward = ir::convolution(leaf(input), leaf(filter), attributes);
    const Shape& output = forward.shape();
    std::string which;
    words >> which;
    const Value value = which == "by_input"
                            ? ir::convolution_input(input, leaf(filter), leaf(output), attributes)
                        : which == "by_filter"
                            ? ir::convolution_filter(leaf(input), filter, leaf(output), attributes)
                            : forward;
    return contraction(value, taps * taps * in, output.elements());
  }
  if (kind == "bottleneck") {
    const std::int64_t size = next();
    const std::int64_t channels = next();
    const std::int64_t inner = next();
    const Shape outside({1, size, size, channels});
    Value value = leaf(outside);
    const std::array<std::int64_t, 3> layers[] = {
        {1, channels, inner}, {3, inner, inner}, {1, inner, channels}};
    for (const auto& [taps, in, out] : layers) {
      const ir::Dims pad(2, taps / 2);
      value = ir::convolution(value, leaf(Shape({taps, taps, in, out})),
                              {ir::Dims(2, 1), ir::Dims(2, 1), pad, pad, 1, {}});
    }
    return contraction(value, 2 * channels * inner + 9 * inner * inner, size * size);
  }
  if (kind == "add") {
    const Shape shape({next()});
    return {leaf(shape) + leaf(shape), static_cast<double>(shape.elements())};
  }
  if (kind == "softmax") {
    const std::int64_t rows = next();
    return {ops::softmax(leaf(Shape({rows, next()})))};
  }
  const Shape one({1});
  if (kind == "launch") return {leaf(one) + leaf(one), 0, 1000};
  if (kind == "submit") return {leaf(one) + leaf(one)};
  check(invalid_argument(fmt::format("'{}' is no row", text)));
  return {};
}

// The best time of one launch of all that computes the row's value.
Seconds time(Device& device, const Row& row) {
  check(row.value.status());
  const ir::Graph graph = ir::graph_of(std::span(&row.value, 1));
  const compiler::Plan plan = compiler::make_plan(graph, {.alignment = device.info().alignment});
  const std::unique_ptr<Memory> arena = checked(device.allocate(plan.arena_bytes));
  std::vector<std::unique_ptr<Memory>> memories;
  std::vector<Region> regions;
  for (const compiler::Buffer& buffer : plan.buffers) {
    if (buffer.place == compiler::Buffer::Place::temporary) {
      regions.push_back({arena.get(), buffer.offset});
      continue;
    }
    const std::vector<float> ones(buffer.bytes / sizeof(float), 1.0f);
    memories.push_back(checked(device.allocate(buffer.bytes)));
    regions.push_back({memories.back().get(), 0});
    check(device.upload(regions.back(), std::as_bytes(std::span(ones))));
  }
  struct Launch {
    std::unique_ptr<adapters::Executable> executable;
    std::vector<Region> inputs;
    std::vector<Region> outputs;
  };
  std::vector<Launch> launches;
  for (const compiler::Step& step : plan.steps) {
    Launch launch{checked(device.compile(step.kernel)), {}, {}};
    for (const std::uint32_t i : step.inputs) launch.inputs.push_back(regions[i]);
    for (const std::uint32_t i : step.outputs) launch.outputs.push_back(regions[i]);
    launches.push_back(std::move(launch));
  }
  using Clock = std::chrono::steady_clock;
  Seconds best;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds_a_row);
  for (int run = 0; run < 3 || Clock::now() < end; ++run) {
    const std::clock_t processor = std::clock();
    const auto begin = Clock::now();
    for (int n = 0; n < row.launches; ++n)
      for (std::size_t i = 0; i < launches.size(); ++i)
        check(device.launch(*launches[i].executable, plan.steps[i].kernel, launches[i].inputs,
                            launches[i].outputs));
    check(device.wait());
    const std::chrono::duration<double> wall = Clock::now() - begin;
    best.wall = std::min(best.wall, wall.count() / row.launches);
    best.processor = std::min(best.processor, static_cast<double>(std::clock() - processor) /
                                                  CLOCKS_PER_SEC / row.launches);
  }
  return best;
}

void serve(Device& device) {
  for (std::string line; std::getline(std::cin, line);) {
    const Seconds seconds = time(device, row_of(line));
    fmt::print("{} {}\n", seconds.wall, seconds.processor);
    std::fflush(stdout);
  }
}

void report(Device& device, const std::string& text) {
  const Row row = row_of(text);
  const Seconds seconds = time(device, row);
  fmt::print("{:<44} {:10.1f} us", text, seconds.wall * 1e6);
  if (row.operations > 0)
    fmt::print("{:8.2f} GFLOP/s{:8.2f} GFLOP per processor second",
               row.operations / seconds.wall * 1e-9, row.operations / seconds.processor * 1e-9);
  fmt::print("\n");
  std::fflush(stdout);
}

std::vector<std::string> all_rows() {
  std::vector<std::string> rows{"matmul 256 256 256", "matmul 512 512 512", "matmul 1024 1024 1024",
                                "matmul 509 387 611", "matmul 128 10 4096"};
  for (const char* shape : {"4 56 64 64 1 1", "4 56 64 64 3 1", "4 28 128 128 3 1",
                            "4 56 256 128 1 2", "4 28 128 128 3 2", "4 14 256 256 3 1"})
    for (const char* which : {"", " by_input", " by_filter"})
      rows.push_back(fmt::format("convolution {}{}", shape, which));
  rows.insert(rows.end(), {"add 4194304", "softmax 4096 1000", "launch", "submit"});
  return rows;
}

}  // namespace

int main(int argc, char** argv) {
  const auto adapter = checked(adapters::make_vulkan_adapter());
  const auto device = checked(adapter->open(0));
  std::vector<std::string> rows(argv + 1, argv + argc);
  if (!rows.empty() && rows[0] == "--serve") {
    serve(*device);
    return 0;
  }
  fmt::print("{}\n", device->info().name);
  for (const std::string& row : rows.empty() ? all_rows() : rows) report(*device, row);
  return 0;
}
