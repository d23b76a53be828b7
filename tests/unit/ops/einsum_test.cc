#include "ops/einsum.h"

#include <map>

#include "ops/arrays.h"
#include "ops/matmul.h"

namespace evergpu::ops {
namespace {

using ir::Shape;
using ir::Value;
using testing::array;
using testing::expect_array;
using testing::expect_failure;
using testing::random_numbers;

Value run(const std::string& equation, std::vector<Value> operands) {
  const Result<EinsumEquation> parsed = parse_einsum(equation);
  return parsed.ok() ? einsum(*parsed, operands) : ir::Node::failed(parsed.status());
}

// Sums products over every assignment of indices to labels. Subscripts have no ellipsis.
struct Operand {
  std::string labels;
  Shape shape;
  std::vector<double> numbers;
};
std::vector<double> by_loops(const std::vector<Operand>& operands, const std::string& output,
                             Shape* shape) {
  std::map<char, std::int64_t> extents;
  for (const Operand& operand : operands)
    for (std::size_t i = 0; i < operand.labels.size(); ++i)
      extents[operand.labels[i]] = operand.shape[static_cast<int>(i)];
  ir::Dims result;
  for (char label : output) result.push_back(extents[label]);
  *shape = Shape(result);
  std::vector<double> sums(static_cast<std::size_t>(shape->elements()), 0);
  std::map<char, std::int64_t> index;
  const auto position = [&](const std::string& labels, const Shape& of) {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < labels.size(); ++i)
      at = at * of[static_cast<int>(i)] + index[labels[i]];
    return static_cast<std::size_t>(at);
  };
  std::int64_t all = 1;
  for (const auto& [label, extent] : extents) all *= extent;
  for (std::int64_t n = 0; n < all; ++n) {
    std::int64_t rest = n;
    for (const auto& [label, extent] : extents) {
      index[label] = rest % extent;
      rest /= extent;
    }
    double product = 1;
    for (const Operand& operand : operands)
      product *= operand.numbers[position(operand.labels, operand.shape)];
    sums[position(output, *shape)] += product;
  }
  return sums;
}

TEST(Einsum, EqualsLoops) {
  const std::map<char, std::int64_t> extents{{'a', 2}, {'b', 3}, {'c', 4}, {'d', 5}, {'i', 3}};
  const std::string equations[] = {"ab->ba",          "ab->",
                                   "ab->a",           "abc->ca",
                                   "ii->i",           "ii->",
                                   "iia->ai",         "aibi->ba",
                                   "iii->i",          "a->a",
                                   "ab,bc->ac",       "ab,cb->ac",
                                   "ba,bc->ca",       "ab,ab->ab",
                                   "ab,ab->",         "ab,cd->acbd",
                                   "abc,acd->abd",    "abcd,aecf->abd",
                                   "abc,bad->dc",     "ii,ia->a",
                                   "ab,b->a",         "a,b->ab",
                                   "abc,dba->dc",     "ab,bc->",
                                   "i->ii",           "ia->iai",
                                   "ab,ab->aab",      "acb,adb->abcd",
                                   "abcd,aicd->acbi", "aicd,abcd->acbi",
                                   "acbi,aicd->abcd", "abcd,abi->icd"};
  for (const std::string& equation : equations) {
    SCOPED_TRACE(equation);
    const std::size_t arrow = equation.find("->");
    std::vector<Operand> operands;
    std::vector<Value> values;
    std::string labels;
    for (char c : equation.substr(0, arrow) + ',') {
      if (c != ',') {
        labels.push_back(c);
        continue;
      }
      ir::Dims shape;
      for (char label : labels) shape.push_back(extents.count(label) ? extents.at(label) : 2);
      Operand operand{labels, Shape(shape), {}};
      operand.numbers =
          random_numbers(operand.shape.elements(), static_cast<unsigned>(values.size()));
      values.push_back(array(operand.shape, operand.numbers));
      operands.push_back(std::move(operand));
      labels.clear();
    }
    // A repeated label in the result keeps its diagonal alone, which the loops do not clear.
    Shape shape;
    const std::vector<double> expected = by_loops(operands, equation.substr(arrow + 2), &shape);
    expect_array(run(equation, values), shape, expected, 1e-4);
  }
}

TEST(Einsum, TheResultsOrderDecidesWhichOperandGivesTheRows) {
  const Value query = array({2, 3, 4, 5}, random_numbers(120, 1));
  const Value key = array({2, 3, 4, 5}, random_numbers(120, 2));
  for (const char* equation : {"aicd,abcd->acbi", "abcd,aicd->acbi"}) {
    const Value product = run(equation, {query, key});
    EXPECT_EQ(product->operation().kind, ir::Kind::matmul) << equation;
  }
}

TEST(Einsum, EllipsisBroadcasts) {
  const Value a = array({2, 1, 1, 2}, {1, 2, 3, 4});
  const Value b = array({3, 2, 1}, {1, 0, 0, 1, 1, 1});
  expect_array(run("...ij,...jk->...ik", {a, b}), {2, 3, 1, 1}, {1, 2, 3, 3, 4, 7});
  expect_array(run("...j->j...", {array({2, 3}, {1, 2, 3, 4, 5, 6})}), {3, 2}, {1, 4, 2, 5, 3, 6});
  expect_array(run("i...->...", {array({2, 3}, {1, 2, 3, 4, 5, 6})}), {3}, {5, 7, 9});
}

TEST(Einsum, EmptyAxesSumToZero) {
  expect_array(run("ab,bc->ac", {array({2, 0}, {}), array({0, 1}, {})}), {2, 1}, {0, 0});
  expect_array(run("i->ii", {array({0}, {})}), {0, 0}, {});
}

TEST(Einsum, SaysWhatIsWrong) {
  const Value x = array({1, 2}, {1, 2});
  expect_failure(run("ij", {x}), "Expecting exactly one '->' in einsum equation: ij");
  expect_failure(run("ijk->i", {x}), "Expected input 0 to have rank 3 but got: 2");
  expect_failure(run("ii->i", {x}),
                 "Expected dimension 1 at axis 1 of the input shaped [1,2] but got dimension 2");
  expect_failure(run("ij->k", {x}), "does not appear");
  expect_failure(run("a,b,c->", {x, x, x}), "Expecting 1 or 2 input subscripts");
  expect_failure(run("ij->i", {x, x}), "Expected 1 inputs but got: 2");
  expect_failure(run("i.->i", {x}), "period");
  expect_failure(run("...i->i", {x}), "Output contains 1 broadcasting dimension(s)");
}

TEST(MatMul, TransposesAndBroadcasts) {
  const Value a = array({2, 3}, {1, 2, 3, 4, 5, 6});
  expect_array(matmul(a, a, {.transpose_b = true}), {2, 2}, {14, 32, 32, 77});
  expect_array(matmul(a, a, {.transpose_a = true}), {3, 3}, {17, 22, 27, 22, 29, 36, 27, 36, 45});
  expect_array(batch_matmul(array({2, 1, 1}, {2, 3}), array({1, 1, 2}, {1, 10}), {}), {2, 1, 2},
               {2, 20, 3, 30});
  expect_failure(matmul(a, a, MatMulParameters{}),
                 "Matrix size-incompatible: In[0]: [2,3], In[1]: [2,3]");
  expect_failure(matmul(array({1}, {1}), a, MatMulParameters{}),
                 "In[0] and In[1] has different ndims: [1] vs. [2,3]");
  expect_failure(batch_matmul(array({1}, {1}), a, {}), "In[0] ndims must be >= 2: 1");
  expect_failure(batch_matmul(array({2, 1, 1}, {2, 3}), array({3, 1, 1}, {1, 2, 3}), {}),
                 "In[0] and In[1] must have compatible batch dimensions: [2,1,1] vs. [3,1,1]");
}

TEST(MatMul, RowsOfAllMatricesAreMultipliedByOneMatrixAtOnce) {
  const Value a = array({2, 1, 2, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  const std::vector<double> b{1, 0, 2, 1, 0, 3};
  const std::vector<double> expected{5, 11, 14, 23, 23, 35, 32, 47};
  for (const Shape& shape : {Shape{3, 2}, Shape{1, 3, 2}, Shape{1, 1, 1, 3, 2}}) {
    const Value product = batch_matmul(a, array(shape, b), {});
    expect_array(product, shape.rank() == 5 ? Shape{1, 2, 1, 2, 2} : Shape{2, 1, 2, 2}, expected);
    EXPECT_EQ(product->operands()[0].shape(), (Shape{4, 2}));
  }
  expect_array(batch_matmul(a, array({2, 3}, {1, 2, 0, 0, 1, 3}), {.transpose_b = true}),
               {2, 1, 2, 2}, expected);
  // A transposed operand has no rows in memory.
  expect_array(
      batch_matmul(array({2, 2, 1}, {1, 2, 3, 4}), array({2, 1}, {1, 10}), {.transpose_a = true}),
      {2, 1, 1}, {21, 43});
  expect_array(batch_matmul(array({2, 0, 3}, {}), array({3, 2}, b), {}), {2, 0, 2}, {});
  expect_array(batch_matmul(array({2, 1, 0}, {}), array({0, 2}, {}), {}), {2, 1, 2}, {0, 0, 0, 0});
}

}  // namespace
}  // namespace evergpu::ops
