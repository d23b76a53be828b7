// Matrix products of strided operands: near the reference, and with the bits of dense operands.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "adapters/kernel_runner.h"
#include "ir/build.h"

namespace evergpu::adapters {
namespace {

using compiler::Layout;
using compiler::Library;
using ir::Dims;
using ir::DType;
using ir::Shape;
using ir::Tensor;

class Layouts {
 public:
  explicit Layouts(std::uint32_t seed) : random_(seed) {}

  std::int64_t below(std::int64_t limit) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint32_t>(limit));
  }
  std::int64_t pick(std::initializer_list<std::int64_t> choices) {
    return choices.begin()[below(static_cast<std::int64_t>(choices.size()))];
  }

  /// Axes in random order of memory, with one of the last two innermost; gaps and repetitions.
  Layout layout_of(const Shape& shape) {
    std::vector<std::size_t> order;  // innermost first
    for (std::size_t axis = 0; axis < shape.extents().size(); ++axis) order.push_back(axis);
    std::shuffle(order.begin(), order.end(), random_);
    const std::size_t inner = order.size() - 1 - static_cast<std::size_t>(below(2));
    order.erase(std::find(order.begin(), order.end(), inner));
    order.insert(order.begin(), inner);
    Layout layout{Dims(order.size()), below(5)};
    std::int64_t stride = 1;
    for (std::size_t axis : order) {
      const bool repeats = axis + 2 < order.size() && below(5) == 0;
      layout.strides[axis] = repeats ? 0 : stride;
      if (!repeats) stride = stride * shape.extents()[axis] + pick({0, 0, 0, 1, 16});
    }
    return layout;
  }

  Tensor array_of(DType dtype, const Shape& shape, const Layout& layout) {
    std::int64_t elements = 1 + layout.offset;
    for (std::size_t axis = 0; axis < layout.strides.size(); ++axis)
      elements += (shape.extents()[axis] - 1) * layout.strides[axis];
    return random_tensor(random_, dtype, Shape{elements});
  }

 private:
  std::mt19937 random_;
};

Tensor dense(const Library& library, std::size_t i, const Tensor& array) {
  const auto& [strides, offset] = library.operand_layouts[i];
  const Shape& shape = library.operand_shapes[i];
  const std::size_t size = ir::size_of(array.dtype());
  Tensor result(array.dtype(), shape);
  for (std::int64_t n = 0; n < shape.elements(); ++n) {
    std::int64_t at = offset;
    std::int64_t rest = n;
    for (std::size_t axis = strides.size(); axis-- > 0; rest /= shape.extents()[axis])
      at += rest % shape.extents()[axis] * strides[axis];
    std::copy_n(array.bytes().data() + static_cast<std::size_t>(at) * size, size,
                result.bytes().data() + static_cast<std::size_t>(n) * size);
  }
  return result;
}

class StridedMatMul : public ::testing::TestWithParam<DType> {};

TEST_P(StridedMatMul, HasTheBitsOfDenseOperands) {
  const DType dtype = GetParam();
  const bool small = ir::size_of(dtype) == 2;
  for (std::uint32_t seed = 0; seed < 120 && !HasFailure(); ++seed) {
    Layouts random(seed);
    Dims batch;
    for (std::int64_t axes = random.below(3); axes > 0; --axes)
      batch.push_back(random.pick({1, 2, 3, 4}));
    const bool large = seed % 10 == 0;
    const auto extent = [&] {
      return large ? random.pick({64, 128, 300}) : random.pick({1, 2, 7, 16, 33, 64});
    };
    const std::int64_t m = extent();
    const std::int64_t k = extent();
    const std::int64_t n = extent();
    const ir::MatMul transposes{random.below(2) == 0, random.below(2) == 0};
    const auto with = [&](std::int64_t rows, std::int64_t columns) {
      Dims extents = batch;
      extents.push_back(rows);
      extents.push_back(columns);
      return Shape(extents);
    };
    Library library{{ir::Kind::matmul, dtype, with(m, n), transposes},
                    {dtype, dtype},
                    {transposes.transpose_a ? with(k, m) : with(m, k),
                     transposes.transpose_b ? with(n, k) : with(k, n)}};
    std::vector<Tensor> arrays;
    for (const Shape& shape : library.operand_shapes) {
      library.operand_layouts.push_back(random.layout_of(shape));
      arrays.push_back(random.array_of(dtype, shape, library.operand_layouts.back()));
    }
    const auto explain = fmt::format("seed {}: m {}, k {}, n {}", seed, m, k, n);
    const Tensor actual = std::move(run_on_host(library, arrays)[0]);
    const double scale = small ? 4 : static_cast<double>(k) * 4;
    EXPECT_EQ(difference(actual, run_reference(library, arrays)[0], small ? 1 : 4, scale), "")
        << explain;
    Library plain = library;
    plain.operand_layouts.clear();
    const Tensor expected = std::move(
        run_on_host(plain, {dense(library, 0, arrays[0]), dense(library, 1, arrays[1])})[0]);
    EXPECT_TRUE(std::ranges::equal(actual.bytes(), expected.bytes())) << explain;
  }
}

INSTANTIATE_TEST_SUITE_P(Dtypes, StridedMatMul,
                         ::testing::Values(DType::f32, DType::bf16, DType::f16, DType::f64,
                                           DType::i32),
                         [](const auto& info) { return std::string(ir::name_of(info.param)); });

}  // namespace
}  // namespace evergpu::adapters
