// What a device computes in fused launches has the bits of one launch for each operation.
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <random>
#include <vector>

#include "ir/build.h"
#include "runtime/make_device.h"
#include "support/random_graph.h"

namespace evergpu::runtime {
namespace {

using ir::DType;
using ir::ReduceOp;
using ir::Shape;
using ir::Tensor;
using ir::Value;

Value leaf_on(Device& device, const Tensor& tensor) {
  return device.capture(tensor.dtype(), tensor.shape(), tensor.bytes().data());
}

using Bytes = std::vector<std::vector<std::byte>>;
using Make = std::function<std::vector<Value>(Device&)>;
using MakeDevice = std::unique_ptr<Device> (*)(const Options&);

std::unique_ptr<Device> make_host(const Options& options) { return make_device(options); }

class Written {
 public:
  Written(Device& device, const Value& value)
      : device_(device), bytes_(value->operation().bytes()), buffer_(device, bytes_) {
    EXPECT_TRUE(value.status().ok()) << value.status().message();
    EXPECT_TRUE(device.write(buffer_.address(), value).ok());
  }
  std::vector<std::byte> bytes() const {
    std::vector<std::byte> result(bytes_);
    EXPECT_TRUE(device_.download(result.data(), buffer_.address(), bytes_).ok());
    return result;
  }

 private:
  Device& device_;
  std::size_t bytes_;
  Buffer buffer_;
};

/// The bytes of all values, asked for together.
Bytes fused(const Make& make, MakeDevice on = make_host) {
  const auto device = on({});
  std::vector<std::unique_ptr<Written>> written;
  for (const Value& value : make(*device))
    written.push_back(std::make_unique<Written>(*device, value));
  EXPECT_TRUE(device->synchronize().ok());
  Bytes results;
  for (const auto& value : written) results.push_back(value->bytes());
  return results;
}

/// The same with a launch for each operation that they need.
Bytes one_by_one(const Make& make, MakeDevice on = make_host) {
  Options options;
  options.eager = true;
  const auto device = on(options);
  const std::vector<Value> wanted = make(*device);
  const ir::Graph graph = ir::graph_of(wanted);
  std::vector<Value> values;
  std::vector<std::unique_ptr<Written>> written;
  for (const ir::GraphNode& node : graph.nodes) {
    ir::Operands operands;
    for (std::uint32_t operand : node.operands) operands.push_back(values[operand]);
    values.push_back(node.leaf
                         ? node.value
                         : ir::Node::make(ir::Operation(node.operation), std::move(operands)));
    written.push_back(std::make_unique<Written>(*device, values.back()));
  }
  Bytes results;
  for (const Value& value : wanted)
    for (std::size_t i = 0; i < values.size(); ++i)
      if (graph.nodes[i].value == value) results.push_back(written[i]->bytes());
  return results;
}

TEST(Fusion, RandomGraphsHaveTheBitsOfSingleOperations) {
  for (std::uint64_t seed = 0; seed < 150 && !HasFailure(); ++seed) {
    const auto make = [&](Device& device) {
      std::mt19937_64 random(seed);
      testing::RandomGraphOptions options;
      options.nodes = 40;
      options.max_elements = seed % 3 == 0 ? 20000 : 2000;
      options.libraries = seed % 2 == 0;
      options.make_leaf = [&](const Tensor& tensor) { return leaf_on(device, tensor); };
      return testing::make_random_graph(random, options).wanted;
    };
    EXPECT_EQ(one_by_one(make), fused(make)) << "seed " << seed;
  }
}

/// Graphs such as losses and normalisations are: arrays of one shape, their rows, columns and
/// sums, broadcast back. Everything has neighbours to share a launch with.
std::vector<Value> random_normalisation(Device& device, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t limit) {
    return static_cast<std::int64_t>(random() % limit);
  };
  constexpr std::int64_t extents[] = {1, 2, 3, 7, 16, 32, 100, 1500};
  const Shape full{extents[below(8)], extents[below(7)]};
  const Shape shapes[] = {full, full, full, Shape{1, full[1]}, Shape{full[0], 1}, Shape{1, 1}};
  std::vector<Value> values;
  for (int i = 0; i < 5; ++i) {
    Tensor numbers(DType::f32, shapes[i]);
    for (float& x : numbers.as<float>()) x = static_cast<float>(below(2000)) / 999.0f - 1.0f;
    values.push_back(leaf_on(device, numbers));
  }
  const auto pick = [&]() -> const Value& {
    const auto size = static_cast<std::uint64_t>(values.size());
    return values[static_cast<std::size_t>(
        below(2) == 0 ? below(size) : static_cast<std::int64_t>(size) - 1 - below(4))];
  };
  while (values.size() < 40) {
    const Value& x = pick();
    switch (below(6)) {
      case 0:
        values.push_back(unary(ir::UnaryOp::tanh, x));
        break;
      case 1: {
        const std::vector<std::int64_t> axes =
            std::vector<std::vector<std::int64_t>>{{0}, {1}, {0, 1}}[below(3)];
        const Value sum = reduce(below(3) == 0 ? ReduceOp::maximum : ReduceOp::sum, x, axes, true);
        values.push_back(sum * 0.25);
        break;
      }
      case 2:
        values.push_back(select(binary(ir::BinaryOp::less, x, pick()), pick(), x));
        break;
      default: {
        constexpr ir::BinaryOp ops[] = {ir::BinaryOp::add, ir::BinaryOp::subtract,
                                        ir::BinaryOp::multiply};
        values.push_back(binary(ops[below(3)], x, pick()));
      }
    }
  }
  std::vector<Value> wanted{values.back()};
  for (const Value& value : values)
    if (below(5) == 0) wanted.push_back(value);
  return wanted;
}

TEST(Fusion, OnVulkanToo) {
  if (make_vulkan_device() == nullptr) GTEST_SKIP() << "this machine has no Vulkan device";
  for (std::uint64_t seed = 0; seed < 12 && !HasFailure(); ++seed) {
    const Make random_values = [&](Device& device) { return random_normalisation(device, seed); };
    EXPECT_EQ(one_by_one(random_values, make_vulkan_device),
              fused(random_values, make_vulkan_device))
        << "seed " << seed;
  }
}

TEST(Fusion, RandomNormalisationsHaveTheBitsOfSingleOperations) {
  for (std::uint64_t seed = 0; seed < 300 && !HasFailure(); ++seed) {
    const Make make = [&](Device& device) { return random_normalisation(device, seed); };
    EXPECT_EQ(one_by_one(make), fused(make)) << "seed " << seed;
  }
}

/// Pooling and its gradient with what stands around them in convolutional networks: bias,
/// activation, its gradient, sums over rows.
std::vector<Value> random_pooling(Device& device, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::int64_t limit) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(limit));
  };
  const Shape shapes[] = {{3, 8, 8, 16}, {2, 11, 7, 64}, {2, 9, 6, 5},     {1, 26, 26, 32},
                          {4, 30, 3},    {2, 50, 70},    {2, 4, 6, 4, 3},  {1, 4, 300, 40},
                          {5, 3, 6, 10}, {2, 6, 6, 33},  {2, 2, 40, 1100}, {7, 4, 4, 2}};
  constexpr DType dtypes[] = {DType::f32, DType::bf16, DType::f16, DType::f64};
  const DType dtype = dtypes[below(4)];
  const Shape& shape = shapes[below(std::ssize(shapes))];
  const auto numbers = [&](const Shape& of) {
    Tensor tensor(DType::f32, of);
    for (float& x : tensor.as<float>())  // many are equal
      x = below(500) == 0 ? std::numeric_limits<float>::quiet_NaN()
                          : static_cast<float>(below(9) - 4) / 4.0f;
    return cast(leaf_on(device, tensor), dtype);
  };
  const Value zero = ir::constant(dtype, 0);

  // Channels last, or, by the same shapes, first.
  const int first = below(3) == 0 ? 2 : 1;
  ir::Window window{below(4) == 0 ? ReduceOp::sum : ReduceOp::maximum, {}, {}, {}, {}};
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const bool pooled = axis >= first && axis - first < shape.rank() - 2 && axis < shape.rank();
    window.extents.push_back(pooled ? 1 + below(std::min<std::int64_t>(shape[axis], 3)) : 1);
    const std::int64_t stride = below(8) == 0 ? 1 : window.extents.back() + below(8) / 7;
    window.strides.push_back(pooled ? stride : 1);
    window.pad_low.push_back(0);
    window.pad_high.push_back(0);
  }

  const Value x = numbers(shape);
  const Value biased = x + broadcast(numbers(Shape{shape[shape.rank() - 1]}), shape);
  Value y = binary(ir::BinaryOp::maximum, biased, zero);
  if (below(4) == 0) y = unary(ir::UnaryOp::tanh, biased);
  if (below(8) == 0) y = x;
  const Value pooled = window_reduce(y, window);
  Value gradient = numbers(pooled.shape());
  if (below(2) == 0) gradient = gradient * 0.5;
  Value moved = window_gradient(y, gradient, window);
  switch (below(4)) {
    case 0:
      moved = moved + x;
      break;
    case 1:
      break;
    default:
      moved = select(binary(ir::BinaryOp::greater, y, zero), moved, zero);
  }
  std::vector<std::int64_t> axes;
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (axis + 1 < shape.rank() ? below(8) != 0 : below(5) == 0) axes.push_back(axis);
  std::vector<Value> wanted;
  if (below(4) != 0) wanted.push_back(pooled);
  if (below(4) != 0) wanted.push_back(moved);
  if (!axes.empty() && below(4) != 0) wanted.push_back(reduce(ReduceOp::sum, moved, axes));
  if (below(8) == 0) wanted.push_back(y);
  if (wanted.empty()) wanted.push_back(moved);
  return wanted;
}

TEST(Fusion, RandomPoolingHasTheBitsOfSingleOperations) {
  for (std::uint64_t seed = 0; seed < 150 && !HasFailure(); ++seed) {
    const Make make = [&](Device& device) { return random_pooling(device, seed); };
    EXPECT_EQ(one_by_one(make), fused(make)) << "seed " << seed;
  }
}

/// What a convolutional layer needs of its output: it pooled, and the gradients of product and
/// bias.
std::vector<Value> pooling_both_ways(Device& device) {
  const auto numbers = [&](const Shape& shape) {
    Tensor tensor(DType::f32, shape);
    float next = 0;
    for (float& x : tensor.as<float>()) x = next++;
    return leaf_on(device, tensor);
  };
  const Shape shape{4, 8, 8, 16};
  const Value zero = ir::constant(DType::f32, 0);
  const Value y =
      binary(ir::BinaryOp::maximum, numbers(shape) + broadcast(numbers({16}), shape), zero);
  const ir::Window window{
      ReduceOp::maximum, {1, 2, 2, 1}, {1, 2, 2, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}};
  const Value moved = select(binary(ir::BinaryOp::greater, y, zero),
                             window_gradient(y, numbers({4, 4, 4, 16}), window), zero);
  const std::vector<std::int64_t> rows{0, 1, 2};
  return {window_reduce(y, window), moved, reduce(ReduceOp::sum, moved, rows)};
}

TEST(Fusion, PoolingWithItsActivationIsOneLaunchEachWay) {
  const auto device = make_device();
  std::vector<std::unique_ptr<Written>> written;
  for (const Value& value : pooling_both_ways(*device))
    written.push_back(std::make_unique<Written>(*device, value));
  ASSERT_TRUE(device->synchronize().ok());
  EXPECT_EQ(device->statistics().kernels, 2u);
}

struct Case {
  Shape shape;
  std::vector<std::int64_t> axes;
};

class FusedReductions : public ::testing::TestWithParam<Case> {};

/// Sums over a program with a repeated row, a repeated column, an index and a stored result, in all
/// dtypes that reductions are fused for.
TEST_P(FusedReductions, HaveTheBitsOfSingleOperations) {
  const auto& [shape, axes] = GetParam();
  for (DType dtype : {DType::f32, DType::f16, DType::bf16, DType::f64, DType::i32, DType::i64}) {
    const auto make = [&, &shape = shape, &axes = axes](Device& device) {
      std::mt19937_64 random(1);
      const auto leaf = [&](const Shape& of) {
        Tensor numbers(DType::f32, of);
        for (float& x : numbers.as<float>())
          x = static_cast<float>(static_cast<int>(random() % 4001) - 2000) / 257.0f;
        return cast(leaf_on(device, numbers), dtype);
      };
      ir::Dims row(shape.extents().size(), 1);
      ir::Dims column = row;
      row.back() = shape.extents().back();
      column.front() = shape.extents().front();
      const Value x = leaf(shape);
      const Value index = cast(ir::iota(DType::i32, shape, shape.rank() - 1), dtype);
      const Value moved = (x - leaf(Shape(row))) * leaf(Shape(column)) + index;
      const Value square = unary(ir::UnaryOp::square, moved);
      const Value three = broadcast(ir::constant(dtype, 3), shape);
      return std::vector<Value>{moved,
                                reduce(ReduceOp::sum, moved, axes),
                                reduce(ReduceOp::sum, square, axes),
                                reduce(ReduceOp::maximum, moved, axes),
                                reduce(ReduceOp::minimum, x, axes),
                                reduce(ReduceOp::product, three, axes)};
    };
    EXPECT_EQ(one_by_one(make), fused(make)) << name_of(dtype);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, FusedReductions,
                         ::testing::Values(Case{{3000, 16}, {0}}, Case{{3001, 7}, {0}},
                                           Case{{7, 1000}, {1}}, Case{{2, 20000}, {1}},
                                           Case{{5, 300, 17}, {0, 2}}, Case{{41, 30, 3}, {1}},
                                           Case{{33, 2000}, {0}}, Case{{4, 5, 6, 7}, {1, 3}},
                                           Case{{9, 1100, 2}, {0, 1, 2}}, Case{{2, 3}, {0}},
                                           Case{{1, 5000}, {0, 1}}, Case{{6, 1, 2049}, {1, 2}}));

TEST(Fusion, AnArrayIsReducedBeforeItsBytesAreTakenOver) {
  const Make make = [](Device& device) {
    Tensor numbers(DType::f32, Shape{40, 40});
    for (float& x : numbers.as<float>()) x = static_cast<float>(&x - numbers.as<float>().data());
    const Value a = leaf_on(device, numbers);
    const Value product = matmul(a, a);
    const Value sum = reduce(ReduceOp::sum, product, std::vector<std::int64_t>{0});
    return std::vector<Value>{sum, matmul(unary(ir::UnaryOp::tanh, product), a)};
  };
  EXPECT_EQ(one_by_one(make), fused(make));
}

TEST(Fusion, OneLaunchServesSeveralReductionsAndAResult) {
  const auto device = make_device();
  const Tensor ones(DType::f32, Shape{64, 32});
  const Value x = leaf_on(*device, ones) + 1.0;
  const std::vector<std::int64_t> rows{0};
  const Buffer sum(*device, 128);
  const Buffer squares(*device, 128);
  const Buffer whole(*device, 64 * 32 * 4);
  ASSERT_TRUE(device->write(sum.address(), reduce(ReduceOp::sum, x, rows)).ok());
  ASSERT_TRUE(device->write(squares.address(), reduce(ReduceOp::sum, x * x, rows)).ok());
  ASSERT_TRUE(device->write(whole.address(), x).ok());
  ASSERT_TRUE(device->synchronize().ok());
  EXPECT_EQ(device->statistics().kernels, 1u);
}

}  // namespace
}  // namespace evergpu::runtime
