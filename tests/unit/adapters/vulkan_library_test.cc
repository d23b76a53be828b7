// The Vulkan device's library kernels but for contractions, against the reference interpreter.
#include <fmt/format.h>

#include <limits>

#include "adapters/cases.h"
#include "adapters/kernel_runner.h"
#include "adapters/vulkan_test.h"
#include "ir/build.h"
#include "ir/graph.h"

namespace evergpu::adapters {
namespace {

using ir::DType;
using ir::Shape;
using ir::Tensor;
using ir::Value;

class VulkanLibrary : public VulkanTest {
 protected:
  // Runs the operation of `value`, whose operands are the leaves made of `inputs`, both ways.
  void expect_equal(const Value& value, const std::vector<Tensor>& inputs, double units = 0,
                    double scale = 0) {
    ASSERT_TRUE(value.status().ok()) << value.status().message();
    const compiler::Library library = library_of(value->operation(), inputs);
    EXPECT_EQ(difference(run_on(*device_, library, inputs)[0], run_reference(library, inputs)[0],
                         units, scale),
              "")
        << ir::print(value->operation()) << " of " << name_of(inputs[0].dtype())
        << to_string(inputs[0].shape());
  }
};

TEST_F(VulkanLibrary, Pad) {
  struct Case {
    Shape shape;
    ir::Dims low;
    ir::Dims high;
    ir::Dims interior;
  };
  const Case cases[] = {
      {{1}, {0}, {3}, {2}},
      {{7, 13}, {1, 0}, {0, 2}, {0, 0}},
      {{5, 1, 6}, {2, 1, 0}, {0, 1, 3}, {1, 4, 2}},
      {{0, 3}, {2, 1}, {1, 0}, {0, 1}},
      {{2, 3, 1, 2, 3}, {1, 0, 2, 0, 1}, {0, 1, 0, 0, 1}, {0, 1, 0, 2, 0}},
  };
  std::mt19937 random(1);
  for (DType dtype : {DType::boolean, DType::bf16, DType::f32, DType::i64})
    for (const Case& c : cases) {
      const std::vector<Tensor> inputs{random_tensor(random, dtype, c.shape, true),
                                       random_tensor(random, dtype, {})};
      expect_equal(ir::pad(leaf(inputs[0]), leaf(inputs[1]), c.low, c.high, c.interior), inputs);
    }
}

TEST_F(VulkanLibrary, Concat) {
  std::mt19937 random(2);
  for (DType dtype : {DType::boolean, DType::f16, DType::f32, DType::f64})
    for (int axis = 0; axis < 3; ++axis) {
      std::vector<Tensor> inputs;
      std::vector<Value> values;
      for (std::int64_t extent : {3, 0, 20, 1}) {
        ir::Dims extents{7, 3, 5};
        extents[static_cast<std::size_t>(axis)] = extent;
        inputs.push_back(random_tensor(random, dtype, Shape(extents)));
        values.push_back(leaf(inputs.back()));
      }
      expect_equal(ir::concat(values, axis), inputs);
    }
}

TEST_F(VulkanLibrary, Gather) {
  struct Case {
    Shape params;
    Shape indices;
    int axis;
    int batch_dims;
  };
  const Case cases[] = {
      {{10, 4}, {7}, 0, 0},       {{10}, {2, 3}, 0, 0},          {{3, 10, 4}, {5}, 1, 0},
      {{3, 10, 4}, {3, 6}, 1, 1}, {{3, 2, 10, 4}, {3, 6}, 2, 1}, {{10, 4}, {}, 0, 0},
      {{500, 13}, {999}, 0, 0},   {{3, 10}, {0}, 1, 0},          {{0, 3}, {4}, 0, 0},
  };
  std::mt19937 random(3);
  for (DType dtype : ir::all_dtypes)
    for (const Case& c : cases) {
      // Some of -10 … 10 are out of range.
      const std::vector<Tensor> inputs{random_tensor(random, dtype, c.params),
                                       random_tensor(random, DType::i32, c.indices)};
      expect_equal(ir::gather(leaf(inputs[0]), leaf(inputs[1]), c.axis, c.batch_dims), inputs);
    }
  for (DType dtype : ir::all_dtypes) {
    if (!ir::is_integer(dtype)) continue;
    const std::vector<Tensor> inputs{random_tensor(random, DType::f32, {5, 3}),
                                     random_tensor(random, dtype, {101}, true)};
    expect_equal(ir::gather(leaf(inputs[0]), leaf(inputs[1]), 0, 0), inputs);
  }
}

TEST_F(VulkanLibrary, Scatter) {
  std::mt19937 random(4);
  for (DType dtype : ir::all_dtypes)
    for (const Shape& base : {Shape{10}, Shape{7, 2, 30}})
      for (auto op : {ir::ScatterOp::set, ir::ScatterOp::add, ir::ScatterOp::subtract,
                      ir::ScatterOp::multiply, ir::ScatterOp::maximum, ir::ScatterOp::minimum}) {
        if (dtype == DType::boolean && op != ir::ScatterOp::set) continue;
        if (base.rank() > 1 && op != ir::ScatterOp::add) continue;
        for (std::int64_t count : {0, 1, 40}) {
          ir::Dims updates = base.extents();
          updates[0] = count;
          const std::vector<Tensor> inputs{
              random_tensor(random, dtype, base),
              random_tensor(random, count == 40 ? DType::i64 : DType::i32, {count}),
              random_tensor(random, dtype, Shape(updates))};
          expect_equal(ir::scatter(op, leaf(inputs[0]), leaf(inputs[1]), leaf(inputs[2])), inputs);
        }
      }
}

TEST_F(VulkanLibrary, ManyUpdatesOfOneRowKeepTheirOrder) {
  std::mt19937 random(5);
  const std::vector<Tensor> inputs{random_tensor(random, DType::f32, {3, 5}),
                                   random_tensor(random, DType::i8, {2000}),
                                   random_tensor(random, DType::f32, {2000, 5})};
  for (auto op : {ir::ScatterOp::set, ir::ScatterOp::add})
    expect_equal(ir::scatter(op, leaf(inputs[0]), leaf(inputs[1]), leaf(inputs[2])), inputs);
}

TEST_F(VulkanLibrary, ScanAndArgReduce) {
  std::mt19937 random(6);
  for (DType dtype : ir::all_dtypes)
    for (const Shape& shape : {Shape{17}, Shape{1, 1}, Shape{4, 50, 3}, Shape{4, 0}})
      for (int axis = 0; axis < shape.rank(); ++axis) {
        const std::vector<Tensor> inputs{random_tensor(random, dtype, shape)};
        const std::vector<Tensor> special{random_tensor(random, dtype, shape, true)};
        for (auto op : {ir::ReduceOp::sum, ir::ReduceOp::product, ir::ReduceOp::maximum,
                        ir::ReduceOp::minimum}) {
          const bool extreme = op >= ir::ReduceOp::maximum;
          const bool flag = axis % 2 == 1;
          const std::vector<Tensor>& x = extreme ? special : inputs;
          if (dtype != DType::boolean)
            expect_equal(ir::scan(op, leaf(x[0]), axis, extreme != flag, flag), x);
          if (extreme && shape.elements() > 0)
            expect_equal(ir::arg_reduce(op, leaf(x[0]), axis, flag ? DType::i32 : DType::i64), x);
        }
      }
}

// Lines that are cut into slices. Sums of floats then have another order: they differ by a few
// units of the sum of magnitudes.
TEST_F(VulkanLibrary, LongScanAndArgReduce) {
  std::mt19937 random(8);
  for (DType dtype : {DType::f32, DType::bf16, DType::f64, DType::i8, DType::i64})
    for (const Shape& shape : {Shape{5001}, Shape{2, 1500, 3}})
      for (bool flag : {false, true}) {
        const int axis = shape.rank() / 2;
        const std::vector<Tensor> inputs{random_tensor(random, dtype, shape)};
        const std::vector<Tensor> special{random_tensor(random, dtype, shape, true)};
        const auto sum = library_of(
            ir::scan(ir::ReduceOp::sum, leaf(inputs[0]), axis, flag, !flag)->operation(), inputs);
        EXPECT_EQ(difference(run_on(*device_, sum, inputs)[0], run_reference(sum, inputs)[0], 4,
                             ir::is_float(dtype) ? 5001 : 0),
                  "");
        const auto op = flag ? ir::ReduceOp::maximum : ir::ReduceOp::minimum;
        expect_equal(ir::scan(op, leaf(special[0]), axis, flag, flag), special);
        expect_equal(ir::arg_reduce(op, leaf(special[0]), axis, DType::i64), special);
        expect_equal(ir::arg_reduce(op, leaf(special[0]), axis, DType::i32), special);
      }
}

TEST_F(VulkanLibrary, ArgSort) {
  std::mt19937 random(7);
  for (DType dtype : ir::all_dtypes)
    for (const Shape& shape : {Shape{1}, Shape{16}, Shape{4, 17}, Shape{3, 1, 500}, Shape{3, 0}})
      for (bool descending : {false, true}) {
        const std::vector<Tensor> inputs{random_tensor(random, dtype, shape, true)};
        expect_equal(ir::argsort(leaf(inputs[0]), descending), inputs);
      }
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const float values[] = {0.0f, -0.0f, nan, -infinity, infinity, -nan, -0.0f, 0.0f, -1.0f, 1e-42f};
  const std::vector<Tensor> inputs{Tensor::of<float>({10}, values)};
  for (bool descending : {false, true})
    expect_equal(ir::argsort(leaf(inputs[0]), descending), inputs);
}

TEST_F(VulkanLibrary, WindowsAndTheirGradients) {
  std::mt19937 random(8);
  for (DType dtype : ir::all_dtypes)
    for (const WindowCase& c : window_cases)
      for (auto op : {ir::ReduceOp::maximum, ir::ReduceOp::sum}) {
        if (dtype == DType::boolean) continue;
        const bool maximum = op == ir::ReduceOp::maximum;
        const ir::Window window{op, c.extents, c.strides, c.pad_low, c.pad_high};
        const Tensor x = random_tensor(random, dtype, c.input, maximum);
        const Value pooled = ir::window_reduce(leaf(x), window);
        expect_equal(pooled, {x});
        const Tensor gradient = random_tensor(random, dtype, pooled.shape());
        const std::vector<Tensor> operands =
            maximum ? std::vector<Tensor>{x, gradient} : std::vector<Tensor>{gradient};
        expect_equal(ir::window_gradient(leaf(x), leaf(gradient), window), operands);
      }
}

TEST_F(VulkanLibrary, SixWindowedAxesAreRefused) {
  const ir::Dims twos(6, 2);
  const ir::Dims none(6, 0);
  std::mt19937 random(9);
  const std::vector<Tensor> inputs{random_tensor(random, DType::f32, Shape(twos))};
  const Value value =
      ir::window_reduce(leaf(inputs[0]), {ir::ReduceOp::sum, twos, twos, none, none});
  EXPECT_EQ(device_->compile(library_of(value->operation(), inputs)).status().code(),
            Code::unimplemented);
}

TEST_F(VulkanLibrary, ArraysOfTooManyElementsAreRefused) {
  const Shape shape{1 << 16, 1 << 15};
  compiler::Library library{{ir::Kind::scan, DType::u8, shape, ir::Scan{}}, {DType::u8}, {shape}};
  EXPECT_EQ(device_->compile(library).status().code(), Code::resource_exhausted);
}

TEST_F(VulkanLibrary, Random) {
  const std::uint64_t key[] = {0x0123456789abcdefu};
  for (std::uint64_t low : {std::uint64_t{3}, ~std::uint64_t{0} - 5}) {  // the second carries
    const std::uint64_t counter[] = {low, low - 1};
    const std::vector<Tensor> inputs{Tensor::of<std::uint64_t>({1}, key),
                                     Tensor::of<std::uint64_t>({2}, counter)};
    for (std::int64_t count : {1, 63, 1000}) {
      expect_equal(ir::philox(leaf(inputs[0]), leaf(inputs[1]), count), inputs);
      expect_equal(ir::truncated_normal(DType::f32, leaf(inputs[0]), leaf(inputs[1]), count),
                   inputs, 4, 0.01);
      expect_equal(ir::truncated_normal(DType::f64, leaf(inputs[0]), leaf(inputs[1]), count),
                   inputs, 8, 0.01);
    }
  }
}

}  // namespace
}  // namespace evergpu::adapters
