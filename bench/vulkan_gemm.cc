// Times the Vulkan device's contractions: GFLOP/s of matrix products and of ResNet-50's
// convolutions with their gradients.
//
//   vulkan_gemm [seconds a row]
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <vector>

#include "adapters/vulkan/vulkan.h"
#include "ir/build.h"
#include "ir/graph.h"

namespace {

using namespace evergpu;
using adapters::Device;
using adapters::Memory;
using adapters::Region;
using ir::DType;
using ir::Shape;
using ir::Value;

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

Value leaf(const Shape& shape) { return ir::Node::stored(DType::f32, shape, nullptr); }

class Bench {
 public:
  Bench(Device& device, double seconds) : device_(device), seconds_(seconds) {}

  // The best time of one launch of `value`, whose operands have `shapes`, in seconds.
  double time(const Value& value, const std::vector<Shape>& shapes) {
    compiler::Library library{value->operation(), {}, {}};
    std::vector<std::unique_ptr<Memory>> memories;
    std::vector<Region> regions;
    const auto add = [&](const Shape& shape) {
      const std::vector<float> ones(static_cast<std::size_t>(shape.elements()), 1.0f);
      memories.push_back(checked(device_.allocate(ones.size() * 4)));
      check(device_.upload({memories.back().get(), 0}, std::as_bytes(std::span(ones))));
      return Region{memories.back().get(), 0};
    };
    for (const Shape& shape : shapes) {
      library.operand_dtypes.push_back(DType::f32);
      library.operand_shapes.push_back(shape);
      regions.push_back(add(shape));
    }
    const Region result = add(value.shape());
    const compiler::Kernel kernel = library;
    const auto executable = checked(device_.compile(kernel));
    using Clock = std::chrono::steady_clock;
    double best = 1e9;
    const auto end = Clock::now() + std::chrono::duration<double>(seconds_);
    for (int run = 0; run < 3 || Clock::now() < end; ++run) {
      const auto begin = Clock::now();
      check(device_.launch(*executable, kernel, regions, std::span(&result, 1)));
      check(device_.wait());
      best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
    }
    return best;
  }

  void matmul(std::int64_t m, std::int64_t n, std::int64_t k) {
    const std::vector<Shape> shapes{{m, k}, {k, n}};
    const double seconds = time(ir::matmul(leaf(shapes[0]), leaf(shapes[1]), false, false), shapes);
    report(fmt::format("matmul {}x{}x{}", m, n, k), 2.0 * static_cast<double>(m * n * k), seconds);
  }

  void convolution(std::int64_t size, std::int64_t in, std::int64_t out, std::int64_t taps,
                   std::int64_t stride) {
    const Shape input{4, size, size, in};
    const Shape filter{taps, taps, in, out};
    const ir::Dims pad(2, taps / 2);
    const ir::Convolution attributes{ir::Dims(2, stride), ir::Dims(2, 1), pad, pad, 1, {}};
    const Value forward = ir::convolution(leaf(input), leaf(filter), attributes);
    const Shape& output = forward.shape();
    const double flops = 2.0 * static_cast<double>(output.elements() * taps * taps * in);
    const std::string name =
        fmt::format("{0}x{0}x{1}, {2}x{2} to {3}, stride {4}", size, in, taps, out, stride);
    report("convolution " + name, flops, time(forward, {input, filter}));
    report("  by input", flops,
           time(ir::convolution_input(input, leaf(filter), leaf(output), attributes),
                {filter, output}));
    report("  by filter", flops,
           time(ir::convolution_filter(leaf(input), filter, leaf(output), attributes),
                {input, output}));
  }

 private:
  static void report(const std::string& name, double flops, double seconds) {
    fmt::print("{:<44} {:8.2f} GFLOP/s {:9.3f} ms\n", name, flops / seconds * 1e-9, seconds * 1e3);
  }

  Device& device_;
  const double seconds_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto adapter = checked(adapters::make_vulkan_adapter());
  const auto device = checked(adapter->open(0));
  fmt::print("{}\n", device->info().name);
  Bench bench(*device, argc > 1 ? std::atof(argv[1]) : 1.0);
  for (std::int64_t size : {256, 512, 1024}) bench.matmul(size, size, size);
  bench.matmul(509, 387, 611);
  bench.matmul(128, 10, 4096);
  bench.convolution(56, 64, 64, 1, 1);
  bench.convolution(56, 64, 64, 3, 1);
  bench.convolution(28, 128, 128, 3, 1);
  bench.convolution(56, 256, 128, 1, 2);
  bench.convolution(14, 256, 256, 3, 1);
  return 0;
}
