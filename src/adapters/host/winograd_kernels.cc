#include "adapters/host/winograd_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "adapters/host/winograd_kernels.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace evergpu::adapters::host::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// At most so many lanes that they divide winograd_channels.
using Floats = hn::CappedTag<float, winograd_channels>;
using Vector = hn::Vec<Floats>;

HWY_INLINE std::int64_t lanes() { return static_cast<std::int64_t>(hn::Lanes(Floats())); }
HWY_INLINE Vector load(const float* from) { return hn::LoadU(Floats(), from); }
HWY_INLINE void store(Vector x, float* to) { hn::StoreU(x, Floats(), to); }
HWY_INLINE Vector half(Vector x) { return hn::Mul(x, hn::Set(Floats(), 0.5F)); }

// One-dimensional transforms, named as in the paper: of the input B^T, of the filter G, of the
// result A^T; for the filter's gradient A of the result's gradient and G^T of the sums.
HWY_INLINE void transform_input(const Vector* x, Vector* y, int step) {
  y[0] = hn::Sub(x[0], x[2 * step]);
  y[step] = hn::Add(x[step], x[2 * step]);
  y[2 * step] = hn::Sub(x[2 * step], x[step]);
  y[3 * step] = hn::Sub(x[step], x[3 * step]);
}

void input(const float* const pixels[16], std::int64_t channels, float* to, std::int64_t stride) {
  for (std::int64_t c = 0; c < channels; c += lanes()) {
    Vector x[16];
    Vector y[16];
    for (int i = 0; i < 16; ++i) x[i] = load(pixels[i] + c);
    for (int row = 0; row < 4; ++row) transform_input(x + 4 * row, y + 4 * row, 1);
    for (int column = 0; column < 4; ++column) transform_input(y + column, x + column, 4);
    for (int i = 0; i < 16; ++i) store(x[i], to + i * stride + c);
  }
}

HWY_INLINE void transform_taps(Vector a, Vector b, Vector c, Vector y[4]) {
  const Vector ends = half(hn::Add(a, c));
  const Vector middle = half(b);
  y[0] = a;
  y[1] = hn::Add(ends, middle);
  y[2] = hn::Sub(ends, middle);
  y[3] = c;
}

void filter(const float* const taps[9], std::int64_t channels, float* to, std::int64_t stride) {
  for (std::int64_t c = 0; c < channels; c += lanes()) {
    Vector rows[3][4];
    for (int i = 0; i < 3; ++i)
      transform_taps(load(taps[3 * i] + c), load(taps[3 * i + 1] + c), load(taps[3 * i + 2] + c),
                     rows[i]);
    for (int column = 0; column < 4; ++column) {
      Vector y[4];
      transform_taps(rows[0][column], rows[1][column], rows[2][column], y);
      for (int i = 0; i < 4; ++i) store(y[i], to + (4 * i + column) * stride + c);
    }
  }
}

void result(const float* from, std::int64_t stride, std::int64_t channels, float* const pixels[4]) {
  for (std::int64_t c = 0; c < channels; c += lanes()) {
    Vector rows[2][4];
    for (int column = 0; column < 4; ++column) {
      const auto x = [&](int i) { return load(from + (4 * i + column) * stride + c); };
      const Vector one = x(1);
      const Vector two = x(2);
      rows[0][column] = hn::Add(hn::Add(x(0), one), two);
      rows[1][column] = hn::Sub(hn::Sub(one, two), x(3));
    }
    for (int i = 0; i < 2; ++i) {
      const Vector* const x = rows[i];
      store(hn::Add(hn::Add(x[0], x[1]), x[2]), pixels[2 * i] + c);
      store(hn::Sub(hn::Sub(x[1], x[2]), x[3]), pixels[2 * i + 1] + c);
    }
  }
}

HWY_INLINE void transform_gradient(Vector a, Vector b, Vector y[4]) {
  y[0] = a;
  y[1] = hn::Add(a, b);
  y[2] = hn::Sub(a, b);
  y[3] = hn::Neg(b);
}

void gradient(const float* const pixels[4], std::int64_t channels, float* to, std::int64_t stride) {
  for (std::int64_t c = 0; c < channels; c += lanes()) {
    Vector rows[2][4];
    transform_gradient(load(pixels[0] + c), load(pixels[1] + c), rows[0]);
    transform_gradient(load(pixels[2] + c), load(pixels[3] + c), rows[1]);
    for (int column = 0; column < 4; ++column) {
      Vector y[4];
      transform_gradient(rows[0][column], rows[1][column], y);
      for (int i = 0; i < 4; ++i) store(y[i], to + (4 * i + column) * stride + c);
    }
  }
}

HWY_INLINE void transform_sums(Vector a, Vector b, Vector c, Vector d, Vector y[3]) {
  const Vector sum = half(hn::Add(b, c));
  y[0] = hn::Add(a, sum);
  y[1] = half(hn::Sub(b, c));
  y[2] = hn::Add(sum, d);
}

void filter_gradient(const float* from, std::int64_t stride, std::int64_t channels,
                     float* const taps[9]) {
  for (std::int64_t c = 0; c < channels; c += lanes()) {
    Vector columns[4][3];
    for (int column = 0; column < 4; ++column) {
      const auto x = [&](int i) { return load(from + (4 * i + column) * stride + c); };
      transform_sums(x(0), x(1), x(2), x(3), columns[column]);
    }
    for (int i = 0; i < 3; ++i) {
      Vector y[3];
      transform_sums(columns[0][i], columns[1][i], columns[2][i], columns[3][i], y);
      for (int j = 0; j < 3; ++j) store(y[j], taps[3 * i + j] + c);
    }
  }
}

// Columns of a product in vectors, and rows that are computed at once: their sums stay in
// registers, of which AVX-512 has 32, others 16.
constexpr int most_sums = HWY_TARGET <= HWY_AVX3 ? 16 : 8;

template <int vectors>
void multiply_columns(const WinogradProduct& product) {
  constexpr int rows = most_sums / vectors;
  const std::int64_t lane_count = lanes();
  const std::int64_t width = vectors * lane_count;
  for (std::int64_t row = 0; row < product.rows; row += rows) {
    Vector sums[rows][vectors];
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < vectors; ++j) sums[i][j] = hn::Zero(Floats());
    const float* a = product.a + row * product.a_row;
    const float* b = product.b;
    for (std::int64_t depth = 0; depth < product.depth; ++depth) {
      Vector columns[vectors];
      for (int j = 0; j < vectors; ++j) columns[j] = load(b + j * lane_count);
      for (int i = 0; i < rows; ++i) {
        const Vector x = hn::Set(Floats(), a[i * product.a_row]);
        for (int j = 0; j < vectors; ++j) sums[i][j] = hn::MulAdd(x, columns[j], sums[i][j]);
      }
      a += product.a_depth;
      b += width;
    }
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < vectors; ++j) {
        float* const to = product.c + (row + i) * width + j * lane_count;
        store(product.add ? hn::Add(load(to), sums[i][j]) : sums[i][j], to);
      }
  }
}

void multiply(const WinogradProduct& product) {
  const std::int64_t vectors = product.columns / lanes();
  if (vectors == 4) return multiply_columns<4>(product);
  if (vectors == 2) return multiply_columns<2>(product);
  multiply_columns<1>(product);
}

std::int64_t columns(std::int64_t channels) {
  const std::int64_t most = (HWY_TARGET <= HWY_AVX3 ? 4 : 2) * lanes();
  static_assert(4 * winograd_channels <= winograd_most_columns);
  for (std::int64_t columns = most; columns > lanes(); columns /= 2)
    if (channels % columns == 0) return columns;
  return lanes();
}

std::int64_t rows(std::int64_t columns) { return most_sums * lanes() / columns; }

const WinogradKernels* find_kernels() {
  static constexpr WinogradKernels kernels{input,           filter,   result,  gradient,
                                           filter_gradient, multiply, columns, rows};
  return &kernels;
}

}  // namespace
}  // namespace evergpu::adapters::host::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evergpu::adapters::host {
namespace {

HWY_EXPORT(find_kernels);

}  // namespace

const WinogradKernels& winograd_kernels() { return *HWY_DYNAMIC_DISPATCH(find_kernels)(); }

}  // namespace evergpu::adapters::host
#endif
