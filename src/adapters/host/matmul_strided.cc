// Matrix multiplication of operands that are strided views.
#include <algorithm>
#include <cmath>
#include <random>
#include <type_traits>

#include "adapters/host/contraction.h"
#include "adapters/host/point.h"
#include "adapters/host/strided.h"
#include "adapters/host/threads.h"
#include "adapters/host/work_space.h"
#include "ir/convert.h"
#include "ir/tensor.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Library;

constexpr std::int64_t piece_rows = 64;            // copied at a time
constexpr std::int64_t grain_elements = 64 << 10;  // for one thread
constexpr std::int64_t least_compared = 256;       // sums

thread_local WorkSpace copy_space;

struct Matrices {
  std::int64_t count;
  std::int64_t rows;
  std::int64_t columns;
};

Matrices matrices_of(const ir::Shape& shape) {
  const std::int64_t rows = shape[shape.rank() - 2];
  const std::int64_t columns = shape[shape.rank() - 1];
  return {shape.elements() / (rows * columns), rows, columns};
}

void copy_dense(const Library& library, std::size_t i, const std::byte* from, std::byte* to) {
  const ir::Shape& shape = library.operand_shapes[i];
  const ir::Dims strides = library.strides(i);
  const std::size_t size = ir::size_of(library.operand_dtypes[i]);
  const auto [count, rows, columns] = matrices_of(shape);
  const std::int64_t row_stride = strides[strides.size() - 2];
  const std::int64_t pieces = (rows + piece_rows - 1) / piece_rows;
  const std::int64_t piece_elements = std::min(rows, piece_rows) * columns;
  parallel_for(count * pieces, std::max<std::int64_t>(1, grain_elements / piece_elements),
               [&, rows = rows, columns = columns](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t piece = begin; piece < end; ++piece) {
                   const std::int64_t matrix = piece / pieces;
                   const std::int64_t row = piece % pieces * piece_rows;
                   const StridedBox box{.rank = 2,
                                        .extents = {std::min(piece_rows, rows - row), columns},
                                        .target_strides = {columns, 1},
                                        .source_strides = {row_stride, strides.back()}};
                   const std::int64_t source =
                       matrix_offset(shape, strides, matrix) + row * row_stride;
                   const std::int64_t target = (matrix * rows + row) * columns;
                   copy_strided(box, size, to + target * static_cast<std::int64_t>(size),
                                from + source * static_cast<std::int64_t>(size));
                 }
               });
}

// Copies the operands, and multiplies the copies.
class ThroughCopies final : public HostExecutable {
 public:
  ThroughCopies(Library dense, MadeLibrary inner)
      : kernel_(std::move(dense)), inner_(std::move(inner)) {}

  Status run(const compiler::Kernel& kernel, Inputs inputs, Outputs outputs) override {
    const auto& library = std::get<Library>(kernel);
    std::int64_t bytes[2];
    for (std::size_t i = 0; i < 2; ++i)
      bytes[i] = (library.operand_shapes[i].elements() *
                      static_cast<std::int64_t>(ir::size_of(library.operand_dtypes[i])) +
                  block_alignment - 1) /
                 block_alignment * block_alignment;
    std::byte* const space = copy_space.at_least(static_cast<std::size_t>(bytes[0] + bytes[1]));
    std::byte* const copies[] = {space, space + bytes[0]};
    for (std::size_t i = 0; i < 2; ++i) copy_dense(library, i, inputs[i], copies[i]);
    const std::byte* const dense[] = {copies[0], copies[1]};
    return inner_->run(kernel_, dense, outputs);
  }

 private:
  const compiler::Kernel kernel_;
  const MadeLibrary inner_;
};

// A number of either sign and of any of many sizes; a small one where the dtype has no fractions.
template <typename T>
T random_number(std::minstd_rand& random) {
  if constexpr (std::is_floating_point_v<ir::Compute<T>>) {
    constexpr int sizes = std::is_same_v<T, ir::Half> ? 4 : 10;  // sums of f16 must not overflow
    const double mantissa = 1 + static_cast<double>(random()) * 0x1p-31;
    const int exponent = static_cast<int>(random() >> 8) % (2 * sizes + 1) - sizes;
    const double number = std::ldexp(mantissa, exponent);
    return T(static_cast<ir::Compute<T>>((random() >> 8) % 2 == 0 ? number : -number));
  } else {
    return T(static_cast<ir::Compute<T>>((random() >> 8) % 64));
  }
}

// An array that holds operand `i`. The terms of each sum cancel: the second half of them are the
// first half's, with the other sign. So what is left are rounding errors, of which another order of
// the sum has others.
ir::Tensor cancelling_array(const Library& library, std::size_t i, std::minstd_rand& random) {
  const ir::Shape& shape = library.operand_shapes[i];
  const ir::Dims strides = library.strides(i);
  const auto& attributes = library.operation.get<ir::MatMul>();
  const bool depth_is_last = i == 0 ? !attributes.transpose_a : attributes.transpose_b;
  const std::size_t depth_axis = strides.size() - (depth_is_last ? 1 : 2);
  const std::int64_t half = shape.extents()[depth_axis] / 2;
  std::int64_t elements = 1;
  for (std::size_t axis = 0; axis < strides.size(); ++axis)
    elements += (shape.extents()[axis] - 1) * strides[axis];
  ir::Tensor array(library.operand_dtypes[i], ir::Shape{elements});
  ir::visit(array.dtype(), [&]<typename Tag>(Tag) {
    using T = typename Tag::type;
    const auto numbers = array.as<T>();
    for (std::int64_t n = 0; n < shape.elements(); ++n) {
      std::int64_t at = 0;
      std::int64_t depth = 0;
      std::int64_t rest = n;
      for (std::size_t axis = strides.size(); axis-- > 0; rest /= shape.extents()[axis]) {
        const std::int64_t index = rest % shape.extents()[axis];
        at += index * strides[axis];
        if (axis == depth_axis) depth = index;
      }
      T& number = numbers[static_cast<std::size_t>(at)];
      if (depth < std::max<std::int64_t>(half, 1)) {
        number = random_number<T>(random);
      } else if (depth < 2 * half) {
        const T first = numbers[static_cast<std::size_t>(at - half * strides[depth_axis])];
        number = i == 0 ? T(-static_cast<ir::Compute<T>>(first)) : first;
      }  // else zero, as the array was made
    }
  });
  return array;
}

// How a primitive adds up may depend on its operands' strides, and a node's bits must not depend on
// whether its operand happens to be dense. No library promises that, so it is tried.
bool give_same_bits(const Library& library, HostExecutable& strided, HostExecutable& through_copies,
                    std::minstd_rand& random) {
  const ir::Tensor arrays[] = {cancelling_array(library, 0, random),
                               cancelling_array(library, 1, random)};
  const std::byte* const inputs[] = {arrays[0].bytes().data(), arrays[1].bytes().data()};
  ir::Tensor results[2];
  HostExecutable* const executables[] = {&strided, &through_copies};
  for (int i = 0; i < 2; ++i) {
    results[i] = ir::Tensor(library.operation.dtype, library.operation.shape);
    std::byte* const outputs[] = {results[i].bytes().data()};
    if (!executables[i]->run(library, inputs, outputs).ok()) return false;
  }
  return std::equal(results[0].bytes().begin(), results[0].bytes().end(),
                    results[1].bytes().begin());
}

// A short sum may round alike in any order, so that many are compared.
bool have_same_bits(const Library& library, HostExecutable& strided,
                    HostExecutable& through_copies) {
  std::minstd_rand random;
  const std::int64_t results = std::max<std::int64_t>(1, library.operation.shape.elements());
  for (std::int64_t compared = 0; compared < least_compared; compared += results)
    if (!give_same_bits(library, strided, through_copies, random)) return false;
  copy_space.free();  // nobody copies these operands again
  return true;
}

}  // namespace

std::int64_t matrix_offset(const ir::Shape& shape, const ir::Dims& strides, std::int64_t number) {
  std::int64_t offset = 0;
  for (int axis = shape.rank() - 3; axis >= 0; --axis) {
    offset += number % shape[axis] * strides[static_cast<std::size_t>(axis)];
    number /= shape[axis];
  }
  return offset;
}

MadeLibrary make_strided_matmul(const Library& library, MadeLibrary (*make)(const Library&)) {
  Library dense = library;
  dense.operand_layouts.clear();
  MadeLibrary inner = make(dense);
  auto through_copies = std::make_unique<ThroughCopies>(std::move(dense), std::move(inner));
  MadeLibrary strided = make_onednn_matmul(library);
  if (!strided && !is_small_float(library.operation.dtype)) strided = make_loop_matmul(library);
  if (strided && have_same_bits(library, *strided, *through_copies)) return strided;
  return through_copies;
}

}  // namespace evergpu::adapters::host
