// Random graphs are valid, and the interpreter gives the same bits for them on every path.
#include "support/random_graph.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ir/evaluate.h"

namespace evergpu::testing {
namespace {

using ir::DType;
using ir::TypeTag;

constexpr int seeds = 300;

TEST(RandomGraphs, AreValidAndFinite) {
  for (int seed = 0; seed < seeds; ++seed) {
    std::mt19937_64 random(static_cast<std::uint64_t>(seed));
    const RandomGraph made = make_random_graph(random);
    const ir::Graph graph = ir::graph_of(made.wanted);
    SCOPED_TRACE(ir::print(graph));
    ASSERT_TRUE(ir::verify(graph).ok()) << ir::verify(graph).message();
    const std::vector<ir::Tensor> results = ir::evaluate(graph, made.leaves_of(graph));
    ASSERT_EQ(results.size(), made.wanted.size());
    for (const ir::Tensor& result : results)
      ir::visit(result.dtype(), [&]<typename T>(TypeTag<T>) {
        if constexpr (ir::is_floating<T>) {
          for (T element : result.as<T>())
            ASSERT_LE(std::abs(static_cast<double>(static_cast<ir::Compute<T>>(element))), 100);
        }
      });
  }
}

TEST(RandomGraphs, GiveTheSameBitsNodeByNode) {
  for (int seed = 0; seed < seeds; ++seed) {
    std::mt19937_64 random(static_cast<std::uint64_t>(seed));
    const RandomGraph made = make_random_graph(random);
    const ir::Graph graph = ir::graph_of(made.wanted);
    SCOPED_TRACE(ir::print(graph));
    const std::vector<ir::TensorView> leaves = made.leaves_of(graph);
    const std::vector<ir::Tensor> whole = ir::evaluate(graph, leaves);
    std::vector<ir::Tensor> tensors;
    std::size_t leaf = 0;
    std::size_t wanted = 0;
    for (const ir::GraphNode& node : graph.nodes) {
      ir::Tensor& result = tensors.emplace_back(node.operation.dtype, node.operation.shape);
      // What an evaluation does not write shows.
      std::ranges::fill(result.bytes(), std::byte{0x5a});
      if (node.leaf) {
        std::copy_n(leaves[leaf++].data, result.bytes().size(), result.bytes().begin());
      } else {
        std::vector<ir::TensorView> operands;
        for (std::uint32_t operand : node.operands) operands.push_back(tensors[operand].view());
        ir::evaluate(node.operation, operands, result.mutable_view());
      }
      if (!node.wanted) continue;
      ASSERT_TRUE(std::ranges::equal(result.bytes(), whole[wanted++].bytes()));
    }
  }
}

TEST(RandomGraphs, ReachEveryKindAndDtype) {
  std::vector<int> kinds(ir::kind_count);
  std::vector<int> dtypes(std::size(ir::all_dtypes));
  std::mt19937_64 random(1);
  for (int i = 0; i < 300; ++i)
    for (const ir::GraphNode& node : ir::graph_of(make_random_graph(random).wanted).nodes) {
      ++kinds[static_cast<std::size_t>(node.operation.kind)];
      ++dtypes[static_cast<std::size_t>(node.operation.dtype)];
    }
  for (std::size_t i = 0; i < kinds.size(); ++i)
    EXPECT_GT(kinds[i], 0) << name_of(static_cast<ir::Kind>(i));
  for (std::size_t i = 0; i < dtypes.size(); ++i)
    EXPECT_GT(dtypes[i], 0) << name_of(static_cast<DType>(i));
}

TEST(Difference, NamesTheFirstElementThatIsOff) {
  const std::vector<float> a{1, 2, NAN};
  const std::vector<float> b{1, 2.5f, NAN};
  const ir::Tensor x = ir::Tensor::of<float>({3}, a);
  const ir::Tensor y = ir::Tensor::of<float>({3}, b);
  EXPECT_EQ(difference(x.view(), y.view(), 0.5), "");
  EXPECT_EQ(difference(x.view(), y.view(), 0.4),
            "element 1 of f32[3]: expected 2, got 2.5, tolerance 0.4");
}

}  // namespace
}  // namespace evergpu::testing
