// Which nodes share a launch, and what a launch looks like.
#include <gtest/gtest.h>

#include "compiler/graphs.h"

namespace evergpu::compiler {
namespace {

using ir::BinaryOp;
using ir::Dims;
using ir::DType;
using ir::Shape;
using ir::UnaryOp;
using ir::Value;

TEST(Fusion, AChainIsOneLoop) {
  Value x = leaf({4, 5});
  for (int i = 0; i < 10; ++i) x = unary(UnaryOp::exp, x);
  const Plan plan = plan_of({x});
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(list(loop_of(plan, 0).extents), List{20});
  EXPECT_EQ(loop_of(plan, 0).program.size(), 11u);
  EXPECT_EQ(plan.arena_bytes, 0u);
  EXPECT_EQ(plan.wanted_bytes, 80u);
}

TEST(Fusion, ADiamondIsOneLoop) {
  const Value x = leaf({8});
  const Value e = unary(UnaryOp::exp, x);
  const Plan plan = plan_of({e * e + e});
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(loop_of(plan, 0).inputs.size(), 1u);
  EXPECT_EQ(loop_of(plan, 0).program.size(), 4u);
}

TEST(Fusion, AWantedNodeIsStoredOnTheWay) {
  const Value e = unary(UnaryOp::exp, leaf({8}));
  const Plan plan = plan_of({e, e + e});
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(loop_of(plan, 0).outputs.size(), 2u);
  EXPECT_EQ(plan.wanted.size(), 2u);
}

TEST(Fusion, WhatOnlyOneLoopReadsIsNotStored) {
  const Value e = unary(UnaryOp::exp, leaf({8}));
  const Plan plan = plan_of({e + e, e * e});
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(loop_of(plan, 0).outputs.size(), 2u);
  EXPECT_EQ(plan.arena_bytes, 0u);
}

TEST(Fusion, ANodeThatALibraryKernelReadsFirstIsStoredBefore) {
  const Value e = unary(UnaryOp::exp, leaf({8, 8}));
  const Value product = matmul(e, e);
  const Plan plan = plan_of({product + e});
  ASSERT_EQ(plan.steps.size(), 3u);
  EXPECT_EQ(loop_of(plan, 0).outputs.size(), 1u);
  EXPECT_EQ(loop_of(plan, 2).inputs.size(), 2u);
}

TEST(Fusion, NoLoopWaitsForItself) {
  // The loop of `after` reads `before` in place and through the matrix product.
  const Value before = unary(UnaryOp::exp, leaf({8, 8}));
  const Value after = unary(UnaryOp::exp, before) + matmul(before, before);
  const Plan plan = plan_of({after, before});
  ASSERT_EQ(plan.steps.size(), 3u);
  EXPECT_TRUE(std::holds_alternative<Library>(plan.steps[1].kernel));
}

Value words(std::int64_t count) {
  return ir::philox(leaf(DType::u64, {1}), leaf(DType::u64, {2}), count);
}

TEST(Fusion, RandomWordsAreMadeWhereTheyAreRead) {
  const Value drawn = ir::reshape(words(6000), Shape{60, 100});
  const Plan plan = plan_of({leaf({60, 100}) * cast(drawn, DType::f32)});
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(loop_of(plan, 0).inputs.size(), 4u);  // the key, both halves of the counter, the leaf
  EXPECT_EQ(plan.arena_bytes, 0u);
}

TEST(Fusion, RandomWordsThatTwoReadOrInAnotherOrderAreAnArray) {
  const Value drawn = words(6000);
  const Value sliced = ir::slice(drawn, {1}, {5000}, {1});
  for (const Plan& plan :
       {plan_of({cast(drawn, DType::f32), drawn}), plan_of({cast(sliced, DType::f32)})}) {
    ASSERT_EQ(plan.steps.size(), 2u);
    EXPECT_TRUE(std::holds_alternative<Library>(plan.steps[0].kernel));
  }
}

TEST(Fusion, ALoopAtTheEndOfAContractionMakesNoRandomWords) {
  const Value drawn = cast(ir::reshape(words(6400), Shape{80, 80}), DType::f32);
  PlanOptions options;
  options.pipelines.contractions = true;
  const Value product = matmul(leaf({80, 80}), leaf({80, 80}));
  for (const Value& y : {product * drawn, drawn * product}) {
    const Plan plan = make_plan(graph_of({y}), options);
    for (const Step& step : plan.steps) {
      const auto* pipeline = std::get_if<Pipeline>(&step.kernel);
      if (pipeline == nullptr) continue;
      for (const Instruction& instruction : pipeline->after->program)
        EXPECT_NE(instruction.op, Instruction::Op::philox);
    }
    EXPECT_EQ(plan.steps.size(), 2u);
  }
}

TEST(Fusion, FewRandomWordsAreALoop) {
  const Plan plan = plan_of({words(4)});
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(loop_of(plan, 0).program.back().op, Instruction::Op::philox);
}

TEST(Fusion, WhatRandomWordsAreMadeOfIsThereBefore) {
  const Value counter = leaf(DType::u64, {2}) + leaf(DType::u64, {2});
  const Value drawn = cast(ir::philox(leaf(DType::u64, {1}), counter, 2), DType::u64);
  const Plan plan = plan_of({drawn + counter});
  ASSERT_EQ(plan.steps.size(), 2u);
  EXPECT_EQ(loop_of(plan, 0).outputs.size(), 1u);
}

TEST(Fusion, ALoopReadsTheKeyOfRandomWordsWhereItIs) {
  const Value state = leaf(DType::u64, {3});
  const Value key = ir::slice(state, {2}, {1}, {1});
  const Value counter = ir::slice(state, {0}, {2}, {1});
  const Plan plan = plan_of({cast(ir::philox(key, counter, 8), DType::f32)});
  ASSERT_EQ(plan.steps.size(), 2u);  // the counter is copied
  EXPECT_EQ(loop_of(plan, 1).inputs[0].offset, 2);
  EXPECT_EQ(loop_of(plan, 1).inputs[2].offset, 1);
}

TEST(Fusion, AnOptimizersUpdateIsOneLoop) {
  const Value gradient = leaf({512});
  const Value m = leaf({512}) * 0.9 + gradient * 0.1;
  const Value v = leaf({512}) * 0.999 + gradient * gradient * 0.001;
  const Value weight = leaf({512}) - m / (unary(UnaryOp::sqrt, v) + 1e-7);
  const Plan plan = plan_of({m, v, weight});
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(loop_of(plan, 0).inputs.size(), 4u);
  EXPECT_EQ(loop_of(plan, 0).outputs.size(), 3u);
}

TEST(Fusion, MomentsAreOnePass) {
  const Value x = leaf({64, 32});
  const std::vector<std::int64_t> rows{0};
  const Value mean = reduce(ir::ReduceOp::sum, x, rows);
  const Value squares = reduce(ir::ReduceOp::sum, x * x, rows);
  const Plan plan = plan_of({mean, squares});
  ASSERT_EQ(plan.steps.size(), 1u);
  const Loop& loop = loop_of(plan, 0);
  EXPECT_EQ(loop.inputs.size(), 1u);
  EXPECT_EQ(loop.reductions.size(), 2u);
  EXPECT_EQ(list(loop.extents), (List{64, 32}));
  EXPECT_EQ(list(loop.outputs[0].strides), (List{0, 1}));
}

TEST(Fusion, ACheapValueIsComputedAgain) {
  const std::vector<std::int64_t> rows{0};
  const Value product = matmul(leaf({32, 32}), leaf({32, 32}));
  const auto plan_with = [&](const Value& centered) {
    const Value variance = reduce(ir::ReduceOp::sum, centered * centered, rows);
    return plan_of({centered * broadcast(variance, Shape{32, 32})});
  };
  const Value mean = broadcast(leaf({32}), Shape{32, 32});
  const Plan again = plan_with(product - mean);
  ASSERT_EQ(again.steps.size(), 3u);
  EXPECT_EQ(loop_of(again, 1).plain_outputs(), 0u);
  EXPECT_EQ(again.steps[2].inputs[0], again.steps[1].inputs[0]);

  const Plan dear = plan_with(unary(UnaryOp::exp, product - mean));
  ASSERT_EQ(dear.steps.size(), 3u);
  EXPECT_EQ(loop_of(dear, 1).plain_outputs(), 1u);

  const Plan of_two = plan_with(product - leaf({32, 32}));
  ASSERT_EQ(of_two.steps.size(), 3u);
  EXPECT_EQ(loop_of(of_two, 1).plain_outputs(), 1u);
}

TEST(Fusion, ReductionsOverOtherAxesAreApart) {
  const Value x = unary(UnaryOp::exp, leaf({64, 32}));
  const Plan plan = plan_of({reduce(ir::ReduceOp::sum, x, std::vector<std::int64_t>{0}),
                             reduce(ir::ReduceOp::sum, x, std::vector<std::int64_t>{1})});
  EXPECT_EQ(plan.steps.size(), 2u);
}

TEST(Fusion, AReductionOfAnArrayIsALibraryKernel) {
  const Plan plan =
      plan_of({reduce(ir::ReduceOp::sum, leaf({64, 32}), std::vector<std::int64_t>{0})});
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Library>(plan.steps[0].kernel));
}

TEST(Fusion, NoLoopHasMoreThanItsOutputs) {
  const Value x = leaf({8});
  std::vector<Value> wanted;
  for (int i = 0; i < 20; ++i) wanted.push_back(x + ir::constant(DType::f32, i));
  const Plan plan = plan_of(wanted);
  EXPECT_EQ(plan.steps.size(), 3u);
  for (const Step& step : plan.steps) EXPECT_LE(step.outputs.size(), max_loop_outputs);
}

TEST(Fusion, ALongChainIsCutWithoutRecursion) {
  const Value one = leaf({4});
  Value x = leaf({4});
  for (int i = 0; i < 100000; ++i) x = x + one;
  const Plan plan = plan_of({x});
  EXPECT_GE(plan.steps.size(), 100000u / 64);
  EXPECT_LE(plan.steps.size(), 100000u / 60 + 1);
  for (const Step& step : plan.steps) {
    EXPECT_LE(std::get<Loop>(step.kernel).program.size(), 64u);
    EXPECT_EQ(std::get<Loop>(step.kernel).inputs.size(), 2u);
  }
  EXPECT_LE(plan.arena_bytes, 64u);  // each Loop writes over its operand
}

TEST(Fusion, ManyOperandsAreCut) {
  Value sum = leaf({4});
  for (int i = 0; i < 40; ++i) sum = sum + leaf({4});
  const Plan plan = plan_of({sum});
  EXPECT_EQ(plan.steps.size(), 3u);
  for (const Step& step : plan.steps) EXPECT_LE(step.inputs.size(), max_loop_inputs);
}

TEST(Fusion, DeadNodesAreNotComputed) {
  const Value x = leaf({8});
  const Value dead = reduce(ir::ReduceOp::sum, x, std::vector<std::int64_t>{0});
  ir::Graph graph = graph_of({x + x, dead});
  for (ir::GraphNode& node : graph.nodes)
    if (node.operation.kind == ir::Kind::reduce) node.wanted = false;
  const Plan plan = make_plan(graph);
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(loop_of(plan, 0).program.size(), 2u);
}

TEST(Fusion, NodesWithoutElementsTakeNoStep) {
  const Value x = leaf({0, 3});
  const Plan plan = plan_of({x + x, matmul(leaf({0, 4}), leaf({4, 3})) * x});
  EXPECT_EQ(plan.steps.size(), 0u);
  EXPECT_EQ(plan.wanted.size(), 2u);
  const Plan reduction = plan_of({reduce(ir::ReduceOp::sum, x + x, std::vector<std::int64_t>{0})});
  ASSERT_EQ(reduction.steps.size(), 1u);
  EXPECT_EQ(reduction.buffers[reduction.steps[0].inputs[0]].bytes, 0u);
}

TEST(Views, MovementIsReadInPlace) {
  const Value x = leaf({4, 5});
  const Value bias = leaf({5});
  const Value moved = permute(leaf({5, 4}), std::vector<std::int64_t>{1, 0});
  const Value part = slice(leaf({8, 9}), {7, 1}, {4, 5}, {-2, 1});
  const Value biased = x + bias;
  const Plan plan = plan_of({(biased - moved) * part + 1.0});
  ASSERT_EQ(plan.steps.size(), 1u);
  const Loop& loop = loop_of(plan, 0);
  EXPECT_EQ(list(loop.extents), (List{4, 5}));
  ASSERT_EQ(loop.inputs.size(), 4u);
  EXPECT_EQ(list(loop.inputs[0].strides), (List{5, 1}));
  EXPECT_EQ(list(loop.inputs[1].strides), (List{0, 1}));
  EXPECT_EQ(list(loop.inputs[2].strides), (List{1, 4}));
  EXPECT_EQ(list(loop.inputs[3].strides), (List{-18, 1}));
  EXPECT_EQ(loop.inputs[3].offset, 7 * 9 + 1);
}

TEST(Views, AxesThatMoveTogetherAreMerged) {
  const Value x = leaf({2, 3, 1, 4, 5});
  const Plan rows = plan_of({x + leaf({1, 1, 1, 4, 5})});
  const Plan columns = plan_of({x * leaf({2, 3, 1, 1, 1})});
  EXPECT_EQ(list(loop_of(rows, 0).extents), (List{6, 20}));
  EXPECT_EQ(list(loop_of(columns, 0).extents), (List{6, 20}));
  EXPECT_EQ(list(loop_of(columns, 0).inputs[1].strides), (List{1, 0}));
}

TEST(Views, ReshapesFuse) {
  const Value x = leaf({2, 3, 4});
  const Value y = reshape(unary(UnaryOp::exp, x), Shape{6, 4}) + leaf({4});
  const Value z = reshape(y, Shape{2, 12}) * leaf({2, 1});
  const Plan plan = plan_of({z});
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(list(loop_of(plan, 0).extents), (List{2, 3, 4}));
}

TEST(Views, AxesThatDoNotFitAreCopied) {
  const Value x = reshape(leaf({2, 3}) + broadcast(leaf({2, 1}), Shape{2, 3}), Shape{3, 2});
  const Plan plan = plan_of({x + broadcast(leaf({3, 1}), Shape{3, 2})});
  EXPECT_EQ(plan.steps.size(), 2u);
  EXPECT_EQ(plan.steps.back().inputs.size(), 3u);
}

TEST(Views, SlicesOfOneReshapedArrayShareItsCopy) {
  // The time steps of a recurrent layer: each reads its part of a transposed batch as flat bytes.
  const Value by_time = permute(leaf({4, 3, 5}), Dims{1, 0, 2});
  std::vector<Value> products;
  for (const std::int64_t step : {0, 1, 2}) {
    const Value flat = slice(reshape(by_time, Shape{60}), Dims{step * 20}, Dims{20});
    products.push_back(matmul(reshape(flat, Shape{4, 5}), leaf({5, 2})));
  }
  const Plan plan = plan_of(products);
  // One copy of the whole, and for each step a copy of its part and the product.
  ASSERT_EQ(plan.steps.size(), 7u);
  EXPECT_EQ(list(loop_of(plan, 0).extents), (List{3, 4, 5}));
}

TEST(Views, OneArrayIsLoadedOnce) {
  const Value x = leaf({2, 3});
  const Plan plan = plan_of({reshape(x, Shape{6}) + reshape(x * x, Shape{6})});
  EXPECT_EQ(loop_of(plan, 0).inputs.size(), 1u);
}

TEST(Views, SlicesOfOneArrayStayApart) {
  const Value x = leaf({6});
  const auto program = [&](std::int64_t a, std::int64_t b) {
    return plan_of({slice(x, {a}, {3}) + slice(x, {b}, {3})}).steps.at(0).kernel;
  };
  EXPECT_TRUE(structurally_equal(program(0, 3), program(1, 1)));
  EXPECT_FALSE(program(0, 3) == program(1, 1));
}

TEST(Views, AliasesTakeNoStep) {
  const Value x = leaf({2, 1, 3});
  const Value swapped = permute(x, std::vector<std::int64_t>{1, 0, 2});
  const Plan plan = plan_of({reshape(x, Shape{6}), swapped, bitcast(x, DType::u8), x});
  EXPECT_EQ(plan.steps.size(), 0u);
  ASSERT_EQ(plan.wanted.size(), 4u);
  ASSERT_EQ(plan.buffers.size(), 1u);
  EXPECT_EQ(plan.buffers[0].place, Buffer::Place::leaf);
  EXPECT_EQ(plan.wanted_bytes, 0u);
}

TEST(Views, AWantedAliasMakesItsBaseWanted) {
  const Value x = leaf({6});
  const Value sum = x + x;
  const Plan plan = plan_of({reshape(sum, Shape{2, 3}), reshape(sum, Shape{3, 2})});
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(plan.wanted[0].buffer, plan.wanted[1].buffer);
  EXPECT_EQ(plan.buffers[plan.wanted[0].buffer].place, Buffer::Place::wanted);
  EXPECT_EQ(plan.wanted_bytes, 24u);
}

TEST(Views, WantedMovementIsCopied) {
  const Plan plan = plan_of({broadcast(leaf({3}), Shape{2, 3}), iota(DType::i32, Shape{2, 3}, 0),
                             constant(DType::f32, 7), slice(leaf({6}), {0}, {3})});
  EXPECT_EQ(plan.steps.size(), 4u);
  EXPECT_EQ(plan.wanted_bytes, 24u + 24u + 4u + 12u);
  for (std::size_t s = 0; s < plan.steps.size(); ++s)
    EXPECT_EQ(loop_of(plan, s).program.size(), 1u);
}

TEST(Views, ConstantsAreLaunchArguments) {
  const auto kernel = [](double number) {
    return plan_of({leaf({3}) * constant(DType::f32, number)}).steps.at(0).kernel;
  };
  EXPECT_TRUE(structurally_equal(kernel(2), kernel(3)));
  EXPECT_EQ(structure_hash(kernel(2)), structure_hash(kernel(3)));
  EXPECT_FALSE(kernel(2) == kernel(3));
}

TEST(Views, TransposesGoIntoMatrixProducts) {
  const Value a = leaf({2, 4, 3});
  const Value b = leaf({2, 5, 4});
  const std::vector<std::int64_t> swap{0, 2, 1};
  const Plan plan = plan_of({matmul(permute(a, swap), permute(b, swap))});
  ASSERT_EQ(plan.steps.size(), 1u);
  const Library& library = library_of(plan, 0);
  EXPECT_EQ(library.operation.get<ir::MatMul>(), (ir::MatMul{true, true}));
  EXPECT_EQ(library.operand_shapes[0], (Shape{2, 4, 3}));
  EXPECT_EQ(library.operand_shapes[1], (Shape{2, 5, 4}));
  const Value c = permute(leaf({2, 3, 4}), swap);
  const Value d = permute(leaf({2, 4, 5}), swap);
  const Plan back = plan_of({matmul(c, d, true, true)});
  ASSERT_EQ(back.steps.size(), 1u);
  EXPECT_EQ(library_of(back, 0).operation.get<ir::MatMul>(), ir::MatMul{});
}

TEST(Views, OtherPermutesAreCopiedForMatrixProducts) {
  const Value heads = permute(leaf({2, 4, 3, 5}), std::vector<std::int64_t>{0, 2, 1, 3});
  const Plan plan = plan_of({matmul(heads, heads, false, true)});
  ASSERT_EQ(plan.steps.size(), 2u);
  EXPECT_EQ(plan.steps[1].inputs[0], plan.steps[1].inputs[1]);
}

}  // namespace
}  // namespace evergpu::compiler
