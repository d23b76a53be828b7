// Concatenations whose parts are written in place, as text; that they have the right bits,
// random_plan_test.cc shows.
#include "compiler/assemble.h"

#include <gtest/gtest.h>

#include <numeric>

#include "compiler/graphs.h"

namespace evergpu::compiler {
namespace {

using ir::Shape;
using ir::UnaryOp;
using ir::Value;

std::string strided_text_of(const std::vector<Value>& wanted) {
  const ir::Graph graph = graph_of(wanted);
  return print(make_plan(graph, {.strided_matmul = true}), graph);
}

std::vector<std::string> steps_of(const std::vector<Value>& wanted) {
  const ir::Graph graph = graph_of(wanted);
  std::vector<std::string> kinds;
  for (const Step& step : make_plan(graph, {.strided_matmul = true}).steps) {
    const auto* library = std::get_if<Library>(&step.kernel);
    kinds.emplace_back(library == nullptr ? "loop" : ir::name_of(library->operation.kind));
  }
  return kinds;
}

Value join(std::initializer_list<Value> parts, int axis) {
  return ir::concat({parts.begin(), parts.size()}, axis);
}
Value exp(const Value& x) { return ir::unary(UnaryOp::exp, x); }

TEST(Assemble, ALoopWritesTheParts) {
  const Value x = leaf({4, 3});
  EXPECT_EQ(strided_text_of({join({exp(x), -x}, 1)}),
            "launch 0: loop [4,3] r0 = f32 x0; r1 = exp(r0); r2 = negate(r0) <- %0 -> r1 to "
            "%3(wanted)[6,1], r2 to %3(wanted)[6,1]+3\n"
            "1 launches, 0 bytes of temporaries, 96 bytes wanted\n");
}

TEST(Assemble, PartsInSeveralLoopsAndWholesInWholes) {
  const Value x = leaf({4, 3});
  const Value y = leaf({2, 6});
  EXPECT_EQ(strided_text_of({join({join({exp(x), -x}, 1), exp(y)}, 0)}),
            "launch 0: loop [4,3] r0 = f32 x0; r1 = exp(r0); r2 = negate(r0) <- %0 -> r1 to "
            "%6(wanted)[6,1], r2 to %6(wanted)[6,1]+3\n"
            "launch 1: loop [12] r0 = f32 x0; r1 = exp(r0) <- %1 -> %6(wanted)[1]+24\n"
            "2 launches, 0 bytes of temporaries, 144 bytes wanted\n");
}

// The one whose bytes somebody wants keeps an array of its own.
TEST(Assemble, AWantedPartIsStoredTwice) {
  const Value x = leaf({4, 3});
  const Value part = exp(x);
  EXPECT_EQ(strided_text_of({part, join({part, -x}, 0)}),
            "launch 0: loop [12] r0 = f32 x0; r1 = exp(r0); r2 = negate(r0) <- %0 -> r1 to "
            "%1(wanted over %0), r1 to %3(wanted), r2 to %3(wanted)[1]+12\n"
            "1 launches, 0 bytes of temporaries, 144 bytes wanted\n");
}

TEST(Assemble, MatrixProductsReadParts) {
  const Value x = leaf({4, 4});
  const Value part = exp(x);
  EXPECT_EQ(steps_of({join({part, -x}, 0), ir::matmul(part, x)}),
            (std::vector<std::string>{"loop", "matmul"}));
}

TEST(Assemble, NotOfWhatNoLoopStores) {
  const Value x = leaf({4, 4});
  EXPECT_EQ(steps_of({join({exp(x), x}, 0)}), (std::vector<std::string>{"loop", "concat"}));
  EXPECT_EQ(steps_of({join({exp(x), ir::matmul(x, x)}, 0)}),
            (std::vector<std::string>{"loop", "matmul", "concat"}));
}

TEST(Assemble, NotOfOneValueTwice) {
  const Value part = exp(leaf({4, 4}));
  EXPECT_EQ(steps_of({join({part, part}, 0)}), (std::vector<std::string>{"loop", "concat"}));
}

// A Loop whose axes do not fit a place stores to a dense array, which is copied there.
TEST(Assemble, PlacesThatTheAxesDoNotFit) {
  const Value x = leaf({2, 3});
  const std::vector<std::int64_t> turned{1, 0};
  const Value part = exp(ir::reshape(ir::permute(x, turned), Shape{2, 3}));
  const Value beside = join({part, -x}, 1);
  const Value below = join({part, ir::unary(UnaryOp::sqrt, x)}, 0);
  EXPECT_EQ(strided_text_of({beside, below}),
            "launch 0: loop [3,2] r0 = f32 x0; r1 = exp(r0); r2 = f32 x1; r3 = negate(r2); r4 = "
            "sqrt(r2) <- %0[1,3], %0 -> r1 to %3(t+0), r1 to %7(wanted), r3 to %4(t+64), r4 to "
            "%7(wanted)[2,1]+6\n"
            "launch 1: loop [2,3] r0 = f32 x0 <- %3(t+0) -> %5(wanted)[6,1]\n"
            "launch 2: loop [2,3] r0 = f32 x0 <- %4(t+64) -> %5(wanted)[6,1]+3\n"
            "3 launches, 128 bytes of temporaries, 96 bytes wanted\n");
}

// A slice of a part begins where the part does, and the plan of another slice does too.
TEST(Assemble, PartsOfParts) {
  const Value x = leaf({4, 3});
  const auto graph_from = [&](std::int64_t row) {
    const Value part = exp(x);
    const Value whole = join({-x, part}, 0);
    return graph_of({whole, ir::unary(UnaryOp::sqrt, ir::slice(part, {row, 0}, {2, 3}))});
  };
  const ir::Graph graph = graph_from(1);
  Plan plan = make_plan(graph);
  EXPECT_EQ(print(plan, graph),
            "launch 0: loop [12] r0 = f32 x0; r1 = exp(r0); r2 = negate(r0) <- %0 -> r1 to "
            "%3(wanted)[1]+12, r2 to %3(wanted)\n"
            "launch 1: loop [6] r0 = f32 x0; r1 = sqrt(r0) <- %3(wanted)[1]+15 -> %5(wanted)\n"
            "2 launches, 0 bytes of temporaries, 120 bytes wanted\n");
  const ir::Graph other = graph_from(2);
  std::vector<std::uint32_t> same(graph.nodes.size());
  std::iota(same.begin(), same.end(), 0);
  rebind(plan, other, same);
  EXPECT_NE(print(plan, other).find("<- %3(wanted)[1]+18 -> "), std::string::npos)
      << print(plan, other);
}

}  // namespace
}  // namespace evergpu::compiler
