// Graphs of values, their printing and their verification.
#include "ir/graph.h"

#include <functional>

#include "ir/arrays.h"

namespace evergpu::ir {
namespace {

Graph graph(std::initializer_list<Value> wanted) { return graph_of(std::vector<Value>(wanted)); }

TEST(GraphOf, ListsOperandsBeforeUsersOnce) {
  const Value x = placeholder({2});
  const Value unused = x * 3.0;
  const Value square = x * x;
  const Value sum = square + x;
  const Graph made = graph({sum, square, sum});
  ASSERT_EQ(made.nodes.size(), 3u);
  EXPECT_EQ(made.nodes[0].value, x);
  EXPECT_TRUE(made.nodes[0].leaf);
  EXPECT_EQ(made.nodes[1].value, square);
  EXPECT_EQ(made.nodes[2].value, sum);
  EXPECT_EQ(made.nodes[2].operands[0], 1u);
  EXPECT_EQ(made.nodes[2].operands[1], 0u);
  EXPECT_FALSE(made.nodes[0].wanted);
  EXPECT_TRUE(made.nodes[1].wanted);
  EXPECT_TRUE(made.nodes[2].wanted);
}

TEST(GraphOf, StoredAndFailedNodesAreLeaves) {
  const Value x = placeholder({2});
  const Value y = x + 1.0;
  const Value bad = reshape(x, {3});
  const Value z = y * 2.0;
  y->set_stored(std::make_shared<Storage>());
  const Graph made = graph({z, bad});
  ASSERT_EQ(made.nodes.size(), 5u);  // y, bad, 2, its broadcast, z
  EXPECT_EQ(made.nodes[0].value, y);
  EXPECT_TRUE(made.nodes[0].leaf);
  EXPECT_TRUE(made.nodes[0].operands.empty());
  EXPECT_EQ(made.nodes[1].value, bad);
  EXPECT_TRUE(made.nodes[1].leaf);
  EXPECT_TRUE(made.nodes[1].wanted);
}

TEST(GraphOf, EqualConstantsAreOneNode) {
  const Value x = placeholder({2});
  const Value asked = constant(DType::f32, 2.0);
  const Graph made = graph({x * 2.0 + 2.0, x * 3.0, asked});
  int constants = 0;
  for (const GraphNode& node : made.nodes) constants += node.operation.kind == Kind::constant;
  EXPECT_EQ(constants, 3);  // 2, 3, and the one whose bytes are wanted
  EXPECT_TRUE(verify(made).ok());
}

TEST(GraphOf, LongChainsNeitherRecurseNorLeak) {
  const Value first = placeholder({});
  Value x = first;
  for (int i = 0; i < 100000; ++i) x = unary(UnaryOp::negate, x);
  {
    const Graph made = graph({x});
    EXPECT_EQ(made.nodes.size(), 100001u);
    EXPECT_TRUE(verify(made).ok());
    EXPECT_EQ(made.nodes[100000].operands[0], 99999u);
  }
  x = Value();
  EXPECT_EQ(first->references(), 1u);
}

TEST(GraphOf, WideAndDeepSharingIsLinear) {
  Value x = placeholder({});
  for (int i = 0; i < 200; ++i) x = x + x;  // 2^200 paths
  EXPECT_EQ(graph({x}).nodes.size(), 201u);
}

TEST(Print, Operations) {
  const auto text = [](const Value& value) { return print(value->operation()); };
  const Value x = placeholder({2, 3});
  EXPECT_EQ(text(constant(DType::f32, 0.5)), "f32[] constant 0.5");
  EXPECT_EQ(text(constant(DType::i8, -3)), "i8[] constant -3");
  EXPECT_EQ(text(constant(DType::boolean, 1)), "bool[] constant true");
  EXPECT_EQ(text(constant(DType::bf16, 0.5)), "bf16[] constant 0.5");
  EXPECT_EQ(text(iota(DType::i32, {4, 2}, 1)), "i32[4,2] iota axis=1");
  EXPECT_EQ(text(x + x), "f32[2,3] add");
  EXPECT_EQ(text(unary(UnaryOp::erf_inverse, x)), "f32[2,3] erf_inverse");
  EXPECT_EQ(text(permute(x, Dims{1, 0})), "f32[3,2] permute axes=[1,0]");
  EXPECT_EQ(text(flip(x, Dims{1})), "f32[2,3] slice starts=[0,2] strides=[1,-1]");
  EXPECT_EQ(text(pad(x, constant(DType::f32, 0), {1, 0}, {0, 2})),
            "f32[3,5] pad low=[1,0] high=[0,2] interior=[0,0]");
  EXPECT_EQ(text(reduce(ReduceOp::sum, x, Dims{0})), "f32[3] reduce sum axes=[0]");
  EXPECT_EQ(text(arg_reduce(ReduceOp::minimum, x, 1, DType::i64)),
            "i64[2] arg_reduce minimum axis=1");
  EXPECT_EQ(text(window_reduce(x, {ReduceOp::maximum, {1, 2}, {1, 2}, {0, 0}, {0, 1}})),
            "f32[2,2] window_reduce maximum extents=[1,2] strides=[1,2] low=[0,0] high=[0,1]");
  EXPECT_EQ(text(matmul(x, x, true, false)), "f32[3,3] matmul transpose_a");
  EXPECT_EQ(text(convolution(placeholder({1, 5, 1}), placeholder({3, 1, 2}),
                             {{1}, {2}, {1}, {0}, 1, Layout::channels_last})),
            "f32[1,2,2] convolution strides=[1] dilations=[2] low=[1] high=[0] groups=1 "
            "channels_last");
  const Value index = placeholder(DType::i32, {4});
  EXPECT_EQ(text(gather(x, index, 1)), "f32[2,4] gather axis=1 batch_dims=0");
  EXPECT_EQ(text(scatter(ScatterOp::maximum, x, index, placeholder({4, 3}))),
            "f32[2,3] scatter maximum");
  EXPECT_EQ(text(argsort(x, true)), "i32[2,3] argsort descending");
  EXPECT_EQ(text(scan(ReduceOp::product, x, 0, true, true)),
            "f32[2,3] scan product axis=0 exclusive reverse");
}

TEST(Print, Graphs) {
  const Value x = placeholder({2, 3});
  Value y;
  {
    static const std::string origin = "dense/MatMul";
    const OriginScope scope(origin);
    y = matmul(x, x, false, true);
  }
  EXPECT_EQ(print(graph({y + 1.0})),
            "%0 = f32[2,3] leaf\n"
            "%1 = f32[2,2] matmul transpose_b %0, %0  # dense/MatMul\n"
            "%2 = f32[] constant 1\n"
            "%3 = f32[2,2] broadcast %2\n"
            "%4 = f32[2,2] add %1, %3 wanted\n");
}

TEST(Print, NamesAreDistinct) {
  const auto check = [](int count, const std::function<std::string_view(int)>& name) {
    std::vector<std::string_view> names;
    for (int i = 0; i < count; ++i) names.push_back(name(i));
    EXPECT_EQ(names.front().empty(), false);
    std::sort(names.begin(), names.end());
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  };
  check(kind_count, [](int i) { return name_of(static_cast<Kind>(i)); });
  check(unary_op_count, [](int i) { return name_of(static_cast<UnaryOp>(i)); });
  check(binary_op_count, [](int i) { return name_of(static_cast<BinaryOp>(i)); });
  EXPECT_EQ(name_of(Kind::scan), "scan");
  EXPECT_EQ(name_of(UnaryOp::bitwise_not), "bitwise_not");
  EXPECT_EQ(name_of(BinaryOp::greater_equal), "greater_equal");
  EXPECT_EQ(name_of(ReduceOp::all), "all");
  EXPECT_EQ(name_of(ScatterOp::minimum), "minimum");
}

TEST(Verify, FindsCorruption) {
  const Value x = placeholder({2, 3});
  const Graph good = graph({reduce(ReduceOp::sum, x * x, Dims{1})});
  ASSERT_TRUE(verify(good).ok());
  const auto expect_corrupt = [&](const std::string& words, auto corrupt) {
    Graph bad = good;
    corrupt(bad);
    const Status status = verify(bad);
    EXPECT_EQ(status.code(), Code::internal);
    EXPECT_NE(status.message().find(words), std::string::npos) << status.message();
  };
  expect_corrupt("%1 = f32[3,2] multiply: should be f32[2,3] multiply", [](Graph& g) {
    g.nodes[1].operation.shape = {3, 2};
  });
  expect_corrupt("should be", [](Graph& g) { g.nodes[2].operation.dtype = DType::f64; });
  expect_corrupt("does not come before", [](Graph& g) { g.nodes[1].operands[1] = 1; });
  expect_corrupt("does not come before", [](Graph& g) { g.nodes[1].operands[1] = 77; });
  expect_corrupt("1 operands do not fit", [](Graph& g) { g.nodes[1].operands.pop_back(); });
  expect_corrupt("wrong attributes", [](Graph& g) { g.nodes[1].operation.attributes = Empty{}; });
  expect_corrupt("no any of f32", [](Graph& g) {
    g.nodes[2].operation.attributes = Reduce{ReduceOp::any, {1}};
  });
  expect_corrupt("not ascending", [](Graph& g) {
    g.nodes[2].operation.attributes = Reduce{ReduceOp::sum, {1, 0}};
  });
  expect_corrupt("a leaf has operands", [](Graph& g) { g.nodes[1].leaf = true; });
  expect_corrupt("must be a leaf", [](Graph& g) { g.nodes[0].leaf = false; });
}

}  // namespace
}  // namespace evergpu::ir
