// Matrix products read views in place where the device takes them.
#include <gtest/gtest.h>

#include "compiler/graphs.h"
#include "compiler/plan_executor.h"
#include "ir/evaluate.h"

namespace evergpu::compiler {
namespace {

using ir::Dims;
using ir::DType;
using ir::Shape;
using ir::Value;

constexpr std::int64_t heads[] = {0, 2, 1, 3};
constexpr std::int64_t turned[] = {1, 0};

Plan strided_plan_of(const Value& value) {
  return make_plan(graph_of({value}), {.strided_matmul = true});
}

/// The layout of operand i, where the plan is one launch.
Layout layout(const Value& product, std::size_t i) {
  const Plan plan = strided_plan_of(product);
  EXPECT_EQ(plan.steps.size(), 1u);
  const Library& library = library_of(plan, 0);
  return library.operand_layouts.empty() ? Layout{} : library.operand_layouts.at(i);
}

/// How many launches copy before the product.
std::size_t copies(const Value& product) { return strided_plan_of(product).steps.size() - 1; }

TEST(MatMulPlan, AttentionReadsItsHeadsInPlace) {
  const Value query = permute(leaf({16, 128, 4, 32}), heads);
  const Value key = permute(leaf({16, 128, 4, 32}), heads);
  const Value scores = matmul(query, key, false, true);
  const Layout expected{{16384, 32, 128, 1}, 0};
  EXPECT_EQ(layout(scores, 0), expected);
  EXPECT_EQ(layout(scores, 1), expected);
  EXPECT_EQ(plan_of({scores}).steps.size(), 3u);  // a device that takes dense operands alone
}

TEST(MatMulPlan, SlicesBeginInsideAnArray) {
  const Value steps = leaf({64, 64, 64});
  const Value weights = leaf({64, 512});
  const auto step = [&](std::int64_t number) {
    const Value one = slice(steps, {number, 0, 0}, {1, 64, 64});
    return matmul(reshape(one, Shape{64, 64}), weights);
  };
  EXPECT_EQ(layout(step(3), 0), (Layout{{64, 1}, 3 * 64 * 64}));
  EXPECT_TRUE(structurally_equal(strided_plan_of(step(3)).steps[0].kernel,
                                 strided_plan_of(step(7)).steps[0].kernel));
  EXPECT_EQ(structure_hash(strided_plan_of(step(3)).steps[0].kernel),
            structure_hash(strided_plan_of(step(7)).steps[0].kernel));
}

TEST(MatMulPlan, TransposesAndRepeatedMatricesAreStrides) {
  const Value x = leaf({5, 7});
  EXPECT_EQ(layout(matmul(permute(x, turned), x), 0), (Layout{{1, 7}, 0}));
  const Value batch = leaf({3, 7, 5});
  EXPECT_EQ(layout(matmul(broadcast(x, Shape{3, 5, 7}), batch), 0), (Layout{{0, 7, 1}, 0}));
  // Rows or columns of one element lie as in a dense array.
  EXPECT_EQ(layout(matmul(slice(x, {0, 2}, {5, 1}), leaf({1, 4})), 0), (Layout{{7, 1}, 2}));
  EXPECT_EQ(layout(matmul(slice(x, {2, 1}, {1, 4}), leaf({4, 4})), 0), (Layout{{4, 1}, 15}));
}

TEST(MatMulPlan, OtherViewsAreCopied) {
  const Value x = leaf({6, 8});
  const Value y = leaf({8, 4});
  EXPECT_EQ(copies(matmul(flip(x, std::vector<std::int64_t>{0}), y)), 1u);
  EXPECT_EQ(copies(matmul(slice(x, {0, 0}, {6, 4}, {1, 2}), leaf({4, 4}))), 1u);
  EXPECT_EQ(copies(matmul(broadcast(leaf({1, 8}), Shape{6, 8}), y)), 1u);
  EXPECT_EQ(copies(matmul(ir::broadcast(ir::constant(DType::f32, 2), Shape{6, 8}), y)), 1u);
  EXPECT_EQ(copies(matmul(x, y)), 0u);
  EXPECT_TRUE(library_of(strided_plan_of(matmul(x, y)), 0).operand_layouts.empty());
}

TEST(MatMulPlan, IsPrintedWithStrides) {
  const Value part = slice(leaf({6, 8}), {2, 0}, {3, 4});
  const ir::Graph graph = graph_of({matmul(part, leaf({4, 5}))});
  EXPECT_EQ(print(make_plan(graph, {.strided_matmul = true}), graph),
            "launch 0: library f32[3,5] matmul of f32[3,4], f32[4,5] <- %0[8,1]+16, %2 -> "
            "%3(wanted)\n1 launches, 0 bytes of temporaries, 60 bytes wanted\n");
}

}  // namespace
}  // namespace evergpu::compiler
