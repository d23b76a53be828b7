// The Vulkan device's reductions against the reference interpreter: every dtype and operation, each
// way of dividing the work, and loops that store and reduce.
#include <fmt/format.h>

#include "adapters/kernel_runner.h"
#include "adapters/loops.h"
#include "adapters/vulkan_test.h"
#include "ir/build.h"

namespace evergpu::adapters {
namespace {

using compiler::Instruction;
using compiler::Loop;
using ir::DType;
using ir::ReduceOp;
using ir::Shape;
using ir::Tensor;

class VulkanReduce : public VulkanTest {
 protected:
  void check(DType dtype, const Shape& shape, const ir::Dims& axes, ReduceOp op, bool special) {
    std::mt19937 random(static_cast<unsigned>(shape.elements()));
    const std::vector<Tensor> inputs{random_tensor(random, dtype, shape, special)};
    ir::Dims extents;
    std::int64_t combined = 1;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const std::int64_t extent = shape.extents()[static_cast<std::size_t>(axis)];
      if (std::find(axes.begin(), axes.end(), axis) == axes.end())
        extents.push_back(extent);
      else
        combined *= extent;
    }
    const compiler::Library library =
        library_of({ir::Kind::reduce, dtype, Shape(extents), ir::Reduce{op, axes}}, inputs);
    const bool exact = op != ReduceOp::sum && op != ReduceOp::product;
    const double scale = op == ReduceOp::sum ? std::sqrt(static_cast<double>(combined)) * 4 : 0;
    const double units = op == ReduceOp::sum ? 4 : static_cast<double>(combined);
    EXPECT_EQ(difference(run_on(*device_, library, inputs)[0], run_reference(library, inputs)[0],
                         exact ? 0 : units, scale),
              "")
        << name_of(op) << " of " << name_of(dtype) << to_string(shape);
  }
};

TEST_F(VulkanReduce, EveryOperationAndDType) {
  for (DType dtype : ir::all_dtypes)
    for (ReduceOp op : {ReduceOp::sum, ReduceOp::product, ReduceOp::maximum, ReduceOp::minimum,
                        ReduceOp::any, ReduceOp::all}) {
      const bool logical = op == ReduceOp::any || op == ReduceOp::all;
      if (logical != (dtype == DType::boolean)) continue;
      check(dtype, {5, 70}, {1}, op, op >= ReduceOp::maximum);
      check(dtype, {7, 3}, {0}, op, op >= ReduceOp::maximum);
    }
}

TEST_F(VulkanReduce, EveryDivisionOfTheWork) {
  const std::pair<Shape, ir::Dims> cases[] = {
      {{100000}, {0}},     {{3, 40000}, {1}},      {{40000, 3}, {0}},
      {{1, 300}, {1}},     {{9, 5, 7, 4}, {1, 3}}, {{30, 50, 20}, {0, 2}},
      {{6, 9000, 2}, {1}}, {{0, 4}, {0}},          {{4, 0}, {0}},
      {{17}, {}},          {{300, 256}, {1}},      {{70000, 2}, {1}}};
  for (const auto& [shape, axes] : cases) {
    check(DType::f32, shape, axes, ReduceOp::sum, false);
    check(DType::f32, shape, axes, ReduceOp::maximum, true);
  }
}

// A loop that stores what it computes and reduces two things.
TEST_F(VulkanReduce, AFusedLoop) {
  std::mt19937 random(3);
  for (const auto& [rows, columns, over_rows] :
       {std::tuple{300, 70, true}, {300, 70, false}, {5, 20000, false}, {1000, 3, true}}) {
    Loop loop;
    loop.extents = {rows, columns};
    loop.inputs.push_back({DType::f32, {columns, 1}, 2});
    loop.program.push_back(load(DType::f32, 0));
    loop.program.push_back({.op = Instruction::Op::unary,
                            .dtype = DType::f32,
                            .unary_op = ir::UnaryOp::square,
                            .a = 0});
    const ir::Dims kept = over_rows ? ir::Dims{0, 1} : ir::Dims{1, 0};
    loop.outputs = {{DType::f32, {columns, 1}, 1}, {DType::f32, kept, 0}, {DType::f32, kept, 3}};
    loop.results = {1, 1, 0};
    loop.reductions = {ReduceOp::sum, ReduceOp::minimum};
    const std::int64_t results = over_rows ? columns : rows;
    const Tensor input = random_tensor(random, DType::f32, {rows * columns + 2});
    const auto actual = run_on(*device_, loop, {input}, {rows * columns + 1, results, results + 3});
    const float* x = input.as<float>().data() + 2;
    for (std::int64_t i = 0; i < rows * columns; ++i)
      ASSERT_EQ(actual[0].as<float>()[static_cast<std::size_t>(i + 1)], x[i] * x[i]);
    for (std::int64_t r = 0; r < results; ++r) {
      double sum = 0;
      float least = x[over_rows ? r : r * columns];
      for (std::int64_t i = 0; i < (over_rows ? rows : columns); ++i) {
        const float element = over_rows ? x[i * columns + r] : x[r * columns + i];
        sum += static_cast<double>(element) * static_cast<double>(element);
        least = std::min(least, element);
      }
      EXPECT_NEAR(actual[1].as<float>()[static_cast<std::size_t>(r)], sum, sum * 1e-6);
      EXPECT_EQ(actual[2].as<float>()[static_cast<std::size_t>(r + 3)], least);
    }
  }
}

}  // namespace
}  // namespace evergpu::adapters
