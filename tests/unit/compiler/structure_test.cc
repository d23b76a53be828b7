// Graphs have one structure whatever their launch arguments and their order, and no two share one.
#include "compiler/structure.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/graphs.h"
#include "compiler/variants.h"
#include "support/random_graph.h"

namespace evergpu::compiler {
namespace {

using ir::BinaryOp;
using ir::DType;
using ir::Graph;
using ir::UnaryOp;
using ir::Value;

bool equal(const Graph& a, const Graph& b) {
  const Structure x = structure_of(a);
  const Structure y = structure_of(b);
  EXPECT_EQ(x.hash == y.hash, x.words == y.words);
  return x.words == y.words;
}

/// Two layers' weights with their Adam updates, a slice of a slice, and constants.
Graph training_step() {
  const Value x = leaf({8, 16});
  Value y = slice(slice(x, {0, 2}, {8, 12}, {1, 1}), {1, 3}, {4, 8}, {1, 1});
  std::vector<Value> wanted;
  for (int layer = 0; layer < 2; ++layer) {
    const Value w = leaf({8, 8});
    y = unary(UnaryOp::tanh, matmul(y, w) + leaf({8}));
    const Value gradient = matmul(y, y, true, false);
    const Value m = leaf({8, 8});
    const Value v = leaf({8, 8});
    const Value new_m = m + (gradient - m) * 0.1;
    const Value new_v = v + (unary(UnaryOp::square, gradient) - v) * 0.001;
    wanted.insert(wanted.end(), {new_m, new_v});
    wanted.push_back(w - new_m * leaf({}) / (unary(UnaryOp::sqrt, new_v) + 1e-7));
  }
  return graph_of(wanted);
}

TEST(GraphStructure, IsThatOfEveryOrder) {
  std::mt19937 random(1);
  const Graph graph = training_step();
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(equal(graph, with_other_arguments(reordered(graph, random), random)));
}

/// Nothing tells the updates apart but which is whose: any two may change places.
TEST(GraphStructure, OfIndependentTwinsIsThatOfEveryOrder) {
  std::vector<Value> wanted;
  for (int i = 0; i < 5; ++i) {
    const Value gradient = leaf({4});
    const Value moment = leaf({4});
    const Value new_moment = moment * 0.9 + gradient;
    wanted.push_back(new_moment);
    wanted.push_back(leaf({4}) - new_moment * 0.01);
  }
  std::mt19937 random(2);
  const Graph graph = graph_of(wanted);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(equal(graph, reordered(graph, random)));
}

TEST(GraphStructure, SeesEveryChange) {
  const Graph graph = training_step();
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const auto changed = [&](auto&& change) {
      Graph other = graph;
      change(other.nodes[n]);
      return !equal(graph, other);
    };
    const ir::GraphNode& node = graph.nodes[n];
    EXPECT_TRUE(changed([](ir::GraphNode& x) { x.wanted = !x.wanted; })) << n;
    EXPECT_TRUE(changed([](ir::GraphNode& x) { x.operation.dtype = DType::f16; })) << n;
    EXPECT_TRUE(changed([](ir::GraphNode& x) { x.operation.shape = {7}; })) << n;
    if (node.operation.kind == ir::Kind::binary) {
      EXPECT_TRUE(changed([](ir::GraphNode& x) { x.operation.attributes = BinaryOp::atan2; })) << n;
    }
    if (node.operands.size() == 2 && node.operands[0] != node.operands[1]) {
      EXPECT_TRUE(changed([](ir::GraphNode& x) { std::swap(x.operands[0], x.operands[1]); })) << n;
    }
    if (node.operation.kind == ir::Kind::slice) {
      const auto turn = [](ir::GraphNode& x) {
        std::get<ir::Slice>(x.operation.attributes).strides[0] = -1;
      };
      EXPECT_TRUE(changed(turn)) << n;
    }
  }
}

/// Who reads what is part of it, even where every node by itself looks the same.
TEST(GraphStructure, SeesWhatIsShared) {
  const Value a = leaf({4});
  const Value b = leaf({4});
  const auto negated = [](const Value& x) { return unary(UnaryOp::negate, x); };
  EXPECT_FALSE(equal(graph_of({negated(a), negated(b)}), graph_of({negated(a), negated(a)})));
  const Value x = negated(a);
  EXPECT_FALSE(equal(graph_of({x + x}), graph_of({negated(a) + negated(a)})));
  EXPECT_FALSE(equal(graph_of({x - negated(b)}), graph_of({x - negated(a)})));
}

TEST(GraphStructure, OfALeafIsNotHowItWasMade) {
  const auto made_by = [](ir::Operation operation) {
    Graph graph = graph_of({unary(UnaryOp::exp, leaf({4}))});
    graph.nodes[0].operation = std::move(operation);
    return graph;
  };
  EXPECT_TRUE(equal(made_by({ir::Kind::load, DType::f32, {4}, ir::Empty{}}),
                    made_by({ir::Kind::permute, DType::f32, {4}, ir::Axes{{0}}})));
}

/// Where the words are equal, so are the nodes that they say are each other's.
void expect_same_nodes(const Graph& a, const Graph& b, const Structure& x, const Structure& y) {
  ASSERT_EQ(x.order.size(), a.nodes.size());
  std::vector<std::uint32_t> position(a.nodes.size(), ~0u);
  for (std::size_t i = 0; i < x.order.size(); ++i) position[x.order[i]] = y.order[i];
  for (std::size_t n = 0; n < a.nodes.size(); ++n) {
    const ir::GraphNode& node = a.nodes[n];
    const ir::GraphNode& other = b.nodes.at(position[n]);
    ASSERT_EQ(node.leaf, other.leaf);
    ASSERT_EQ(node.wanted, other.wanted);
    ASSERT_TRUE(
        structurally_equal(Library{node.operation, {}, {}}, Library{other.operation, {}, {}}));
    ASSERT_EQ(node.operands.size(), other.operands.size());
    for (std::size_t i = 0; i < node.operands.size(); ++i)
      ASSERT_EQ(position[node.operands[i]], other.operands[i]);
  }
}

TEST(GraphStructure, FindsTheNodesOfRandomGraphs) {
  constexpr int count = 500;
  int found = 0;
  for (std::uint32_t seed = 0; seed < count && !HasFatalFailure(); ++seed) {
    std::mt19937_64 make(seed);
    std::mt19937 random(seed);
    testing::RandomGraphOptions options;
    options.nodes = 40;
    const auto made = testing::make_random_graph(make, options);
    const Graph a = ir::graph_of(made.wanted);
    const Graph b = with_other_arguments(reordered(a, random), random);
    const Structure x = structure_of(a);
    const Structure y = structure_of(b);
    if (x.words != y.words) continue;
    ++found;
    EXPECT_EQ(x.hash, y.hash);
    expect_same_nodes(a, b, x, y);
  }
  // The others have nodes that cannot be told apart.
  EXPECT_GE(found, count * 99 / 100);
}

}  // namespace
}  // namespace evergpu::compiler
