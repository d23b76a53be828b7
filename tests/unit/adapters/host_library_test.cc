// The host device's library kernels against the reference interpreter.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "adapters/cases.h"
#include "adapters/kernel_runner.h"
#include "ir/build.h"
#include "ir/graph.h"

namespace evergpu::adapters {
namespace {

using ir::DType;
using ir::Shape;
using ir::Tensor;
using ir::Value;

constexpr DType floats[] = {DType::f32, DType::f16, DType::bf16, DType::f64};

// Runs the operation of `value`, whose operands are the leaves made of `inputs`, both ways.
void expect_equal(const Value& value, const std::vector<Tensor>& inputs, double units,
                  double scale = 0) {
  ASSERT_TRUE(value.status().ok()) << value.status().message();
  const compiler::Library library = library_of(value->operation(), inputs);
  const auto expected = run_reference(library, inputs);
  const auto actual = run_on_host(library, inputs);
  EXPECT_EQ(difference(actual[0], expected[0], units, scale), "")
      << ir::print(value->operation()) << " of " << to_string(inputs[0].shape());
  const auto again = run_on_host(library, inputs, {}, 2);
  EXPECT_TRUE(
      std::equal(again[0].bytes().begin(), again[0].bytes().end(), actual[0].bytes().begin()))
      << "not the same bits twice";
}

void expect_same_bits_on_any_thread_count(const Value& value, const std::vector<Tensor>& inputs) {
  const compiler::Library library = library_of(value->operation(), inputs);
  const auto one = run_on_host(library, inputs, {}, 1);
  for (int threads : {2, 4}) {
    const auto many = run_on_host(library, inputs, {}, threads);
    EXPECT_TRUE(std::equal(one[0].bytes().begin(), one[0].bytes().end(), many[0].bytes().begin()))
        << ir::print(value->operation()) << " with " << threads << " threads";
  }
}

// Sums of n terms of either order differ by a few units of the sum of magnitudes.
double sum_scale(std::int64_t n, double term = 4) { return static_cast<double>(n) * term; }

TEST(HostMatMul, ShapesAndTransposes) {
  struct Case {
    Shape a;
    Shape b;
  };
  const Case cases[] = {
      {{1, 1}, {1, 1}},
      {{7, 13}, {13, 5}},
      {{64, 100}, {100, 33}},
      {{3, 7, 13}, {3, 13, 5}},
      {{2, 3, 7, 13}, {2, 3, 13, 5}},
      {{1, 1, 7, 13}, {1, 1, 13, 5}},
      {{4, 1, 13}, {4, 13, 1}},
      {{5, 0}, {0, 3}},
      {{257, 130}, {130, 19}},
      {{390, 600}, {600, 270}},
      {{64, 130}, {130, 512}},  // small ones, in two and four parts
      {{256, 100}, {100, 190}},
  };
  std::mt19937 random(1);
  for (DType dtype : {DType::f32, DType::f16, DType::bf16, DType::f64, DType::i32, DType::i64})
    for (const Case& c : cases)
      for (int transposes = 0; transposes < 4; ++transposes) {
        const auto transposed = [](Shape shape, bool transpose) {
          ir::Dims dims = shape.extents();
          if (transpose) std::swap(dims[dims.size() - 1], dims[dims.size() - 2]);
          return Shape(dims);
        };
        const bool ta = (transposes & 1) != 0;
        const bool tb = (transposes & 2) != 0;
        const std::vector<Tensor> inputs{random_tensor(random, dtype, transposed(c.a, ta)),
                                         random_tensor(random, dtype, transposed(c.b, tb))};
        const std::int64_t k = c.a[c.a.rank() - 1];
        expect_equal(ir::matmul(leaf(inputs[0]), leaf(inputs[1]), ta, tb), inputs,
                     dtype == DType::f16 || dtype == DType::bf16 ? 1 : 4,
                     dtype == DType::f16 || dtype == DType::bf16 ? 4 : sum_scale(k));
      }
}

TEST(HostConvolution, AllThreeKinds) {
  std::mt19937 random(2);
  for (DType dtype : floats)
    for (const ConvolutionCase& c : convolution_cases)
      for (ir::Layout layout : {ir::Layout::channels_last, ir::Layout::channels_first}) {
        const ir::Convolution attributes = attributes_of(c, layout);
        const Tensor input = random_tensor(random, dtype, in_layout(c.input, layout));
        const Tensor filter = random_tensor(random, dtype, c.filter);
        const bool small = dtype == DType::f16 || dtype == DType::bf16;
        const double units = small ? 1 : 4;
        const auto scale = [&](std::int64_t n) { return small ? 16.0 : sum_scale(n); };
        const Value forward = ir::convolution(leaf(input), leaf(filter), attributes);
        expect_equal(forward, {input, filter}, units, scale(c.filter.elements()));
        const Tensor gradient = random_tensor(random, dtype, forward.shape());
        expect_equal(ir::convolution_input(input.shape(), leaf(filter), leaf(gradient), attributes),
                     {filter, gradient}, units, scale(c.filter.elements()));
        expect_equal(
            ir::convolution_filter(leaf(input), filter.shape(), leaf(gradient), attributes),
            {input, gradient}, units, scale(gradient.shape().elements() / 4 + 1));
      }
}

// A batch that does not divide into parts of equal size, in both layouts.
TEST(HostConvolution, FilterGradientsByPartsOfTheBatch) {
  std::mt19937 random(3);
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const ir::Layout layout : {ir::Layout::channels_last, ir::Layout::channels_first}) {
      const bool last = layout == ir::Layout::channels_last;
      const ir::Convolution attributes{{1, 1}, {1, 1}, {1, 1}, {1, 1}, 1, layout};
      const Shape shape = last ? Shape{5, 32, 32, 16} : Shape{5, 16, 32, 32};
      const Tensor input = random_tensor(random, dtype, shape);
      const Tensor gradient = random_tensor(random, dtype, shape);
      const Value value =
          ir::convolution_filter(leaf(input), {3, 3, 16, 16}, leaf(gradient), attributes);
      const bool small = dtype == DType::bf16;  // the sums are f32, and rounded once
      expect_equal(value, {input, gradient}, small ? 1 : 4, small ? 16 : sum_scale(5 * 32 * 32));
      expect_same_bits_on_any_thread_count(value, {input, gradient});
    }
}

TEST(HostReduce, OperationsAxesAndDTypes) {
  struct Case {
    Shape shape;
    std::vector<std::int64_t> axes;
  };
  const Case cases[] = {
      {{}, {}},
      {{5}, {0}},
      {{1, 5, 1}, {0, 2}},
      {{40000}, {0}},
      {{3, 70}, {1}},
      {{70, 3}, {0}},
      {{1000, 10}, {0}},
      {{2000, 130}, {0}},
      {{7, 1500}, {0}},
      {{5, 6, 7}, {1}},
      {{50, 6, 70}, {0, 2}},
      {{5, 60, 7}, {0, 2}},
      {{3, 4, 5, 6}, {0, 2}},
      {{3, 4, 5, 6}, {1, 3}},
      {{2, 20000}, {1}},
      {{2, 3, 9001}, {0, 2}},
      {{4, 3, 2}, {0, 1, 2}},
      {{0, 3}, {0}},
      {{3, 0}, {0}},
      {{4, 5}, {}},
  };
  std::mt19937 random(3);
  for (DType dtype : ir::all_dtypes)
    for (const Case& c : cases)
      for (auto op : {ir::ReduceOp::sum, ir::ReduceOp::product, ir::ReduceOp::maximum,
                      ir::ReduceOp::minimum, ir::ReduceOp::any, ir::ReduceOp::all}) {
        const bool logical = op == ir::ReduceOp::any || op == ir::ReduceOp::all;
        if (logical != (dtype == DType::boolean)) continue;
        if (op == ir::ReduceOp::product && c.shape.elements() > 1000) continue;
        const bool extremes = op == ir::ReduceOp::maximum || op == ir::ReduceOp::minimum;
        const std::vector<Tensor> inputs{random_tensor(random, dtype, c.shape, extremes)};
        const Value x = leaf(inputs[0]);
        const Value value = ir::reduce(op, x, c.axes);
        if (value == x) continue;  // over no axes
        const std::int64_t n =
            c.shape.elements() / std::max<std::int64_t>(1, value.shape().elements());
        const bool small = dtype == DType::f16 || dtype == DType::bf16;
        const bool is_sum = op == ir::ReduceOp::sum;
        // The reference adds one after the other, so its own error grows with n.
        expect_equal(value, inputs,
                     extremes ? 0
                     : is_sum ? (small ? 1 : 8)
                              : static_cast<double>(n) + 1,
                     is_sum ? (small ? 16 : sum_scale(n)) : 0);
        expect_same_bits_on_any_thread_count(value, inputs);
      }
}

TEST(HostReduce, SumsAreAccurate) {
  constexpr std::int64_t n = 1 << 20;
  const std::vector<float> tenths(n, 0.1f);
  const std::vector<Tensor> inputs{Tensor::of<float>({n}, tenths)};
  const std::vector<Tensor> columns{Tensor::of<float>({n / 4, 4}, tenths)};
  const std::int64_t axes[] = {0};
  const Value row = ir::reduce(ir::ReduceOp::sum, leaf(inputs[0]), axes);
  const Value rows = ir::reduce(ir::ReduceOp::sum, leaf(columns[0]), axes);
  const double exact = n * static_cast<double>(0.1f);
  EXPECT_NEAR(run_on_host(library_of(row->operation(), inputs), inputs)[0].as<float>()[0], exact,
              exact * 1e-6);
  const auto sums = run_on_host(library_of(rows->operation(), columns), columns);
  for (float sum : sums[0].as<float>()) EXPECT_NEAR(sum, exact / 4, exact * 1e-6);
}

TEST(HostWindow, PoolingAndGradients) {
  std::mt19937 random(4);
  for (DType dtype : {DType::f32, DType::f16, DType::bf16, DType::f64, DType::i32})
    for (const WindowCase& c : window_cases)
      for (auto op : {ir::ReduceOp::maximum, ir::ReduceOp::sum}) {
        const bool maximum = op == ir::ReduceOp::maximum;
        const ir::Window window{op, c.extents, c.strides, c.pad_low, c.pad_high};
        const Tensor x = random_tensor(random, dtype, c.input, maximum);
        const Value pooled = ir::window_reduce(leaf(x), window);
        const double units = maximum ? 0 : 2;
        expect_equal(pooled, {x}, units, 32);
        expect_same_bits_on_any_thread_count(pooled, {x});
        const Tensor gradient = random_tensor(random, dtype, pooled.shape());
        const Value back = ir::window_gradient(leaf(x), leaf(gradient), window);
        const std::vector<Tensor> operands =
            maximum ? std::vector<Tensor>{x, gradient} : std::vector<Tensor>{gradient};
        expect_equal(back, operands, 2, 32);
        expect_same_bits_on_any_thread_count(back, operands);
      }
}

TEST(HostIndexed, Gather) {
  struct Case {
    Shape params;
    Shape indices;
    int axis;
    int batch_dims;
  };
  const Case cases[] = {
      {{10, 4}, {7}, 0, 0},       {{10}, {2, 3}, 0, 0},          {{3, 10, 4}, {5}, 1, 0},
      {{3, 10, 4}, {3, 6}, 1, 1}, {{3, 2, 10, 4}, {3, 6}, 2, 1}, {{10, 4}, {}, 0, 0},
      {{500, 130}, {999}, 0, 0},  {{3, 10}, {0}, 1, 0},
  };
  std::mt19937 random(5);
  for (DType dtype : ir::all_dtypes)
    for (DType index_dtype : {DType::i32, DType::i64})
      for (const Case& c : cases) {
        // Some of -10 … 10 are out of range.
        const std::vector<Tensor> inputs{random_tensor(random, dtype, c.params),
                                         random_tensor(random, index_dtype, c.indices)};
        const Value value = ir::gather(leaf(inputs[0]), leaf(inputs[1]), c.axis, c.batch_dims);
        expect_equal(value, inputs, 0);
        expect_same_bits_on_any_thread_count(value, inputs);
      }
}

TEST(HostIndexed, Scatter) {
  std::mt19937 random(6);
  for (DType dtype : ir::all_dtypes)
    for (const Shape& base : {Shape{10}, Shape{10, 5}, Shape{7, 2, 300}})
      for (auto op : {ir::ScatterOp::set, ir::ScatterOp::add, ir::ScatterOp::subtract,
                      ir::ScatterOp::multiply, ir::ScatterOp::maximum, ir::ScatterOp::minimum}) {
        if (dtype == DType::boolean && op != ir::ScatterOp::set) continue;
        ir::Dims updates = base.extents();
        updates[0] = 40;
        const std::vector<Tensor> inputs{random_tensor(random, dtype, base),
                                         random_tensor(random, DType::i32, {40}),
                                         random_tensor(random, dtype, Shape(updates))};
        const Value value = ir::scatter(op, leaf(inputs[0]), leaf(inputs[1]), leaf(inputs[2]));
        expect_equal(value, inputs, 0);
        expect_same_bits_on_any_thread_count(value, inputs);
      }
}

TEST(HostSplit, ScansAndExtremes) {
  std::mt19937 random(7);
  for (DType dtype : {DType::f32, DType::bf16, DType::i64, DType::u8})
    for (const Shape& shape : {Shape{17}, Shape{400, 50}, Shape{3, 1000, 5}, Shape{4, 0}})
      for (int axis = 0; axis < shape.rank(); ++axis) {
        const std::vector<Tensor> inputs{random_tensor(random, dtype, shape)};
        for (bool flag : {false, true}) {
          expect_equal(ir::scan(ir::ReduceOp::sum, leaf(inputs[0]), axis, flag, !flag), inputs, 0);
          if (shape.elements() > 0)
            expect_equal(ir::arg_reduce(flag ? ir::ReduceOp::maximum : ir::ReduceOp::minimum,
                                        leaf(inputs[0]), axis, flag ? DType::i32 : DType::i64),
                         inputs, 0);
        }
      }
}

TEST(HostSort, EveryDtype) {
  std::mt19937 random(7);
  for (DType dtype : ir::all_dtypes)
    for (const Shape& shape : {Shape{1}, Shape{400}, Shape{40, 50}, Shape{3, 5, 1000}}) {
      const std::vector<Tensor> inputs{random_tensor(random, dtype, shape)};
      for (bool descending : {false, true})
        expect_equal(ir::argsort(leaf(inputs[0]), descending), inputs, 0);
    }
}

TEST(HostSort, ZerosAreEqualAndNanIsTheGreatest) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const float values[] = {0.0f, -0.0f, nan, -infinity, infinity, -nan, -0.0f, 0.0f, -1.0f, 1e-42f};
  const std::vector<Tensor> inputs{Tensor::of<float>({10}, values)};
  for (bool descending : {false, true})
    expect_equal(ir::argsort(leaf(inputs[0]), descending), inputs, 0);
}

TEST(HostMovement, Concat) {
  std::mt19937 random(8);
  for (DType dtype : {DType::f32, DType::boolean, DType::f64})
    for (int axis = 0; axis < 3; ++axis) {
      std::vector<Tensor> inputs;
      std::vector<Value> values;
      for (std::int64_t extent : {3, 0, 200, 1}) {
        ir::Dims extents{20, 30, 40};
        extents[static_cast<std::size_t>(axis)] = extent;
        inputs.push_back(random_tensor(random, dtype, Shape(extents)));
        values.push_back(leaf(inputs.back()));
      }
      expect_equal(ir::concat(values, axis), inputs, 0);
    }
}

TEST(HostMovement, Pad) {
  std::mt19937 random(9);
  const ir::Dims none(3, 0);
  for (DType dtype : {DType::f32, DType::boolean, DType::f64, DType::bf16})
    for (const ir::Dims& low : {none, ir::Dims{2, 1, 3}})
      for (const ir::Dims& high : {none, ir::Dims{1, 0, 2}})
        for (const ir::Dims& interior : {none, ir::Dims{2, 1, 0}, ir::Dims{0, 0, 1}}) {
          if (low == none && high == none && interior == none) continue;  // no operation
          const std::vector<Tensor> inputs{random_tensor(random, dtype, {13, 30, 40}),
                                           random_tensor(random, dtype, {})};
          const Value padded = ir::pad(leaf(inputs[0]), leaf(inputs[1]), low, high, interior);
          expect_equal(padded, inputs, 0);
        }
}

TEST(HostRandom, PhiloxWords) {
  for (std::int64_t count : {1, 63, 64, 1000, 100003}) {
    const std::uint64_t key[] = {0x0123456789abcdefu};
    const std::uint64_t counter[] = {~std::uint64_t{0} - 5, 7};  // carries
    const std::vector<Tensor> inputs{Tensor::of<std::uint64_t>({1}, key),
                                     Tensor::of<std::uint64_t>({2}, counter)};
    const Value value = ir::philox(leaf(inputs[0]), leaf(inputs[1]), count);
    expect_equal(value, inputs, 0);
    expect_same_bits_on_any_thread_count(value, inputs);
  }
}

}  // namespace
}  // namespace evergpu::adapters
