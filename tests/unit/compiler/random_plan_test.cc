// Plans of random graphs give the same bits as the reference interpreter.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "compiler/graphs.h"
#include "compiler/plan_executor.h"
#include "compiler/structure.h"
#include "compiler/variants.h"
#include "ir/evaluate.h"
#include "support/random_graph.h"

namespace evergpu::compiler {
namespace {

using ir::BinaryOp;
using ir::Dims;
using ir::DType;
using ir::Kind;
using ir::Shape;
using ir::UnaryOp;
using ir::Value;

/// Grows a graph by applying random operations to random earlier values. Movement and point nodes
/// come often, library nodes seldom: the former are what planning is about.
class RandomGraph {
 public:
  explicit RandomGraph(std::uint32_t seed) : random_(seed) {
    for (int i = 0; i < 3; ++i) values_.push_back(leaf(pick_dtype(), pick_shape()));
  }

  ir::Graph make(int size) {
    while (static_cast<int>(values_.size()) < size) {
      const Value value = next();
      if (value && value.status().ok() && value.shape().elements() <= 400) values_.push_back(value);
    }
    std::vector<Value> wanted{values_.back()};
    for (const Value& value : values_)
      if (below(6) == 0) wanted.push_back(value);
    return ir::graph_of(wanted);
  }

 private:
  std::int64_t below(std::int64_t limit) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(limit));
  }
  DType pick_dtype() {
    constexpr DType often[] = {DType::f32, DType::f32, DType::f32, DType::i32};
    return below(2) == 0 ? often[below(4)] : ir::all_dtypes[below(std::size(ir::all_dtypes))];
  }
  Shape pick_shape() {
    Dims extents(static_cast<std::size_t>(below(4)));
    constexpr std::int64_t choices[] = {1, 2, 2, 3, 4, 6};
    for (std::int64_t& extent : extents) extent = choices[below(6)];
    if (below(40) == 0 && !extents.empty()) extents[0] = 0;
    return Shape(extents);
  }
  /// Recent values more often, so that chains grow.
  const Value& pick() {
    const auto size = static_cast<std::int64_t>(values_.size());
    return values_[static_cast<std::size_t>(
        below(2) == 0 ? size - 1 - below(std::min<std::int64_t>(size, 4)) : below(size))];
  }

  Value next() {
    const Value& x = pick();
    switch (below(16)) {
      case 0:
      case 1:
        return unary(static_cast<UnaryOp>(below(ir::unary_op_count)), x);
      case 2:
      case 3:
      case 4:
      case 5:
        return binary(static_cast<BinaryOp>(below(ir::binary_op_count)), x,
                      below(3) == 0 ? ir::constant(x.dtype(), static_cast<double>(below(5)))
                                    : cast(pick(), x.dtype()));
      case 6:
        return select(binary(BinaryOp::less, cast(pick(), DType::f32), cast(x, DType::f32)), x,
                      cast(pick(), x.dtype()));
      case 7: {
        const DType dtype = pick_dtype();
        // Not every byte is a truth value.
        return below(2) == 0 && dtype != DType::boolean ? bitcast(x, dtype) : cast(x, dtype);
      }
      case 8: {
        Dims extents = x.shape().extents();
        for (std::int64_t& extent : extents)
          if (extent == 1) extent = 1 + below(3);
        if (below(2) == 0) extents.insert(0, 1 + below(3));
        return broadcast(x, Shape(extents));
      }
      case 9:
        return reshape(x, shape_with(x.shape().elements()));
      case 10: {
        Dims axes(x.shape().extents().size());
        for (std::size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<std::int64_t>(i);
        std::shuffle(axes.begin(), axes.end(), random_);
        return permute(x, axes);
      }
      case 11:
      case 12:
        return random_slice(x);
      case 13:
        return below(2) == 0 ? random_source() : leaf(pick_dtype(), pick_shape());
      default:
        return library(x);
    }
  }

  Shape shape_with(std::int64_t elements) {
    Dims extents;
    while (elements > 1 && extents.size() < 4) {
      std::int64_t divisor = 1 + below(elements);
      while (elements % divisor != 0) --divisor;
      extents.push_back(divisor);
      elements /= divisor;
    }
    extents.push_back(elements);
    return Shape(extents);
  }

  Value random_slice(const Value& x) {
    const Dims& extents = x.shape().extents();
    Dims starts(extents.size());
    Dims sizes(extents.size());
    Dims strides(extents.size(), 1);
    for (std::size_t i = 0; i < extents.size(); ++i) {
      if (extents[i] == 0) continue;
      strides[i] = (below(3) == 0 ? -1 : 1) * (1 + below(2));
      starts[i] = below(extents[i]);
      const std::int64_t room = strides[i] > 0 ? extents[i] - 1 - starts[i] : starts[i];
      sizes[i] = 1 + below(room / std::abs(strides[i]) + 1);
    }
    return slice(x, starts, sizes, strides);
  }

  Value random_source() {
    const Shape shape = pick_shape();
    if (shape.rank() == 0 || below(2) == 0)
      return ir::constant(pick_dtype(), static_cast<double>(below(3)));
    DType dtype = pick_dtype();
    if (dtype == DType::boolean) dtype = DType::u8;
    return ir::iota(dtype, shape, static_cast<int>(below(shape.rank())));
  }

  Value library(const Value& x) {
    const int rank = x.shape().rank();
    switch (below(8)) {
      case 0:
        if (rank == 0) return {};
        return ir::reduce(ir::ReduceOp::maximum, cast(x, DType::f32),
                          std::vector<std::int64_t>{below(rank)}, below(2) == 0);
      case 1: {
        if (rank < 2) return {};
        Dims axes(static_cast<std::size_t>(rank));
        for (std::size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<std::int64_t>(i);
        std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
        const Value a = cast(x, DType::f32);
        const Value b = below(2) == 0 ? permute(a, axes) : a * 2.0;
        const bool turned = b.shape() == a.shape();
        return below(2) == 0 ? matmul(a, b, false, turned) : matmul(b, a, false, turned);
      }
      case 2: {
        Dims edges(static_cast<std::size_t>(rank), 1);
        return pad(x, ir::constant(x.dtype(), 1), edges, Dims(edges.size()));
      }
      case 3: {
        if (rank == 0) return {};
        const Value parts[] = {x, x, flip(x, std::vector<std::int64_t>{0})};
        return concat(parts, static_cast<int>(below(rank)));
      }
      case 4:
        return rank == 0 ? Value() : argsort(x, below(2) == 0);
      case 5:
      case 6:
        return random_window(ir::is_float(x.dtype()) ? x : cast(x, DType::f32));
      default:
        if (rank == 0) return {};
        return scan(ir::ReduceOp::sum, cast(x, DType::i32), static_cast<int>(below(rank)), false,
                    below(2) == 0);
    }
  }

  /// Pooling, or its gradient, mostly with windows that share no elements.
  Value random_window(const Value& x) {
    if (x.shape().elements() == 0) return {};
    ir::Window window{below(3) == 0 ? ir::ReduceOp::sum : ir::ReduceOp::maximum, {}, {}, {}, {}};
    for (const std::int64_t extent : x.shape().extents()) {
      window.extents.push_back(1 + below(std::min<std::int64_t>(extent, 3)));
      window.strides.push_back(below(6) == 0 ? 1 : window.extents.back() + below(2));
      window.pad_low.push_back(0);
      window.pad_high.push_back(0);
    }
    const Value pooled = window_reduce(x, window);
    if (below(2) == 0) return pooled;
    const Value gradient = window_gradient(x, cast(pooled, x.dtype()) + 1.0, window);
    // What often comes next.
    const Value zero = ir::constant(x.dtype(), 0);
    return below(2) == 0 ? gradient : select(binary(BinaryOp::greater, x, zero), gradient, zero);
  }

  std::mt19937 random_;
  std::vector<Value> values_;
};

/// What devices take, in turn.
std::vector<ir::Tensor> random_leaves(const ir::Graph& graph, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<ir::Tensor> leaves;
  for (const ir::GraphNode& node : graph.nodes) {
    if (!node.leaf) continue;
    ir::Tensor& tensor = leaves.emplace_back(node.operation.dtype, node.operation.shape);
    const ir::Tensor numbers = [&] {
      ir::Tensor result(DType::f32, node.operation.shape);
      for (float& x : result.as<float>()) x = static_cast<float>(random() % 64) / 8.0f - 4.0f;
      return result;
    }();
    const ir::TensorView view = numbers.view();
    ir::evaluate({Kind::cast, tensor.dtype(), tensor.shape(), ir::Empty{}}, {&view, 1},
                 tensor.mutable_view());
  }
  return leaves;
}

void expect_same_bits(const Plan& plan, const ir::Graph& graph,
                      std::span<const ir::TensorView> leaves, std::uint32_t seed) {
  ASSERT_TRUE(ir::verify(graph).ok()) << ir::verify(graph).message();
  const auto explain = [&] {
    return "seed " + std::to_string(seed) + "\n" + ir::print(graph) + print(plan, graph);
  };
  const std::vector<ir::Tensor> expected = ir::evaluate(graph, leaves);
  const Execution execution = execute(plan, graph, leaves);
  ASSERT_EQ(execution.complaint, "") << explain();
  ASSERT_EQ(execution.wanted.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    ASSERT_TRUE(std::ranges::equal(execution.wanted[i].bytes(), expected[i].bytes()))
        << "wanted value " << i << " of " << explain();
}

/// With what devices may or may not take.
Plan plan_of_seed(const ir::Graph& graph, std::uint32_t seed) {
  constexpr SequenceLimits none;
  constexpr SequenceLimits limits[] = {
      none,
      {.elements = 4096, .operands = 200, .elements_apart = 4096, .operands_apart = 40},
      {.elements_apart = 1000, .operands_apart = 200},
      {.elements = 24, .operands = 9, .elements_apart = 4096, .operands_apart = 200}};
  return make_plan(graph, {.strided_matmul = seed % 2 == 0,
                           .pipelines = {.windows = seed % 3 != 0, .contractions = seed % 5 < 3},
                           .sequences = limits[seed / 2 % 4]});
}

class RandomPlans : public ::testing::TestWithParam<int> {};

TEST_P(RandomPlans, GiveTheBitsOfTheInterpreter) {
  for (std::uint32_t seed = 0; seed < 1000 && !HasFatalFailure(); ++seed) {
    const ir::Graph graph = RandomGraph(seed).make(GetParam());
    const std::vector<ir::Tensor> leaves = random_leaves(graph, seed);
    std::vector<ir::TensorView> views;
    for (const ir::Tensor& tensor : leaves) views.push_back(tensor.view());
    expect_same_bits(plan_of_seed(graph, seed), graph, views, seed);
  }
}

/// Graphs over all node kinds, which other rooms test themselves with too.
TEST_P(RandomPlans, OfEveryKindGiveTheBitsOfTheInterpreter) {
  for (std::uint32_t seed = 0; seed < 500 && !HasFatalFailure(); ++seed) {
    std::mt19937_64 random(seed);
    evergpu::testing::RandomGraphOptions options;
    options.nodes = GetParam();
    options.max_elements = 300;
    const auto made = evergpu::testing::make_random_graph(random, options);
    const ir::Graph graph = ir::graph_of(made.wanted);
    expect_same_bits(plan_of_seed(graph, seed), graph, made.leaves_of(graph), seed);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, RandomPlans, ::testing::Values(5, 12, 30, 100));

// Some Loops have room for a cheap chain's last value only, some for all of it, and some for none.
TEST(Plans, CheapValuesOfFullLoopsAreStored) {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    const Shape shape{32, 32};
    const Value product = matmul(leaf({32, 4}), leaf({4, 32}));
    const Value first = product * broadcast(leaf({32}), shape);
    const Value second = first + broadcast(leaf({32}), shape);
    std::vector<Value> wanted;
    for (std::uint32_t loop = 0; loop < 3; ++loop) {
      Value sum = unary(ir::UnaryOp::exp, loop == 1 && seed % 2 == 1 ? first + second : second);
      for (std::uint32_t more = 0; more < (seed * (loop + 1)) % 16; ++more) sum = sum + leaf(shape);
      const std::vector<std::int64_t> rows{0};
      wanted.push_back(loop == 1 ? reduce(ir::ReduceOp::sum, sum, rows) : sum);
    }
    const ir::Graph graph = ir::graph_of(wanted);
    const std::vector<ir::Tensor> leaves = random_leaves(graph, seed);
    std::vector<ir::TensorView> views;
    for (const ir::Tensor& tensor : leaves) views.push_back(tensor.view());
    expect_same_bits(make_plan(graph), graph, views, seed);
  }
}

TEST(Plans, DependOnStructureAlone) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const ir::Graph graph = RandomGraph(seed).make(40);
    std::mt19937 random(seed);
    ir::Graph other = with_other_arguments(graph, random);
    ASSERT_TRUE(ir::verify(other).ok());
    for (ir::GraphNode& node : other.nodes) {
      if (!node.leaf) continue;  // it may have been computed with anything
      node.operation.kind = random() % 2 == 0 ? Kind::constant : Kind::reshape;
    }
    const Plan a = plan_of_seed(graph, seed);
    const Plan b = plan_of_seed(other, seed);
    ASSERT_EQ(a.steps.size(), b.steps.size());
    ASSERT_EQ(a.arena_bytes, b.arena_bytes);
    for (std::size_t i = 0; i < a.steps.size(); ++i) {
      ASSERT_TRUE(structurally_equal(a.steps[i].kernel, b.steps[i].kernel)) << print(a, graph);
      ASSERT_EQ(structure_hash(a.steps[i].kernel), structure_hash(b.steps[i].kernel));
      ASSERT_EQ(a.steps[i].inputs, b.steps[i].inputs);
    }
  }
}

TEST(Plans, BoundToOtherArgumentsAreAsIfNew) {
  for (std::uint32_t seed = 0; seed < 500; ++seed) {
    const ir::Graph graph = RandomGraph(seed).make(40);
    std::mt19937 random(seed);
    const ir::Graph other = with_other_arguments(graph, random);
    std::vector<std::uint32_t> positions(graph.nodes.size());
    std::iota(positions.begin(), positions.end(), 0);
    Plan bound = plan_of_seed(graph, seed);
    rebind(bound, other, positions);
    const Plan made = plan_of_seed(other, seed);
    ASSERT_EQ(print(bound, other), print(made, other));
    for (std::size_t i = 0; i < made.steps.size(); ++i)
      ASSERT_TRUE(bound.steps[i].kernel == made.steps[i].kernel) << print(made, other);
  }
}

TEST(Plans, BoundToReorderedGraphsGiveTheBitsOfTheInterpreter) {
  int bound = 0;
  for (std::uint32_t seed = 0; seed < 500 && !::testing::Test::HasFatalFailure(); ++seed) {
    const ir::Graph graph = RandomGraph(seed).make(40);
    std::mt19937 random(seed);
    Structure structure = structure_of(graph);
    Plan plan = plan_of_seed(graph, seed);
    for (int round = 0; round < 2; ++round) {
      const ir::Graph other = with_other_arguments(reordered(graph, random), random);
      const Structure found = structure_of(other);
      if (found.words != structure.words) continue;  // nodes that cannot be told apart
      ++bound;
      std::vector<std::uint32_t> positions(graph.nodes.size());
      for (std::size_t i = 0; i < positions.size(); ++i)
        positions[structure.order[i]] = found.order[i];
      rebind(plan, other, positions);
      structure = found;
      const std::vector<ir::Tensor> leaves = random_leaves(other, seed);
      std::vector<ir::TensorView> views;
      for (const ir::Tensor& tensor : leaves) views.push_back(tensor.view());
      expect_same_bits(plan, other, views, seed);
    }
  }
  EXPECT_GE(bound, 950);  // of 1000
}

}  // namespace
}  // namespace evergpu::compiler
