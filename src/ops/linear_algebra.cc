#include "ops/linear_algebra.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ops/invalid.h"

namespace evergpu::ops {
namespace {

using ir::Dims;
using ir::DType;
using ir::Shape;

// A matrix, column after column, so that reflections run along memory.
class Columns {
 public:
  Columns(std::int64_t rows, std::int64_t columns)
      : rows_(rows), numbers_(static_cast<std::size_t>(rows * columns)) {}
  double* operator[](std::int64_t column) { return numbers_.data() + column * rows_; }

 private:
  std::int64_t rows_;
  std::vector<double> numbers_;
};

// x -= tau · v (v · x), with v = (1, tail…).
void reflect(const double* tail, double tau, double* x, std::int64_t n) {
  double dot = x[0];
  for (std::int64_t i = 1; i < n; ++i) dot += tail[i - 1] * x[i];
  x[0] -= tau * dot;
  for (std::int64_t i = 1; i < n; ++i) x[i] -= tau * dot * tail[i - 1];
}

// Turns x into (beta, v's tail) with H x = (beta, 0…); returns tau. The sign of beta is LAPACK's.
double make_reflection(double* x, std::int64_t n) {
  double tail = 0;
  for (std::int64_t i = 1; i < n; ++i) tail += x[i] * x[i];
  if (tail <= std::numeric_limits<double>::min()) {
    std::fill(x + 1, x + n, 0.0);
    return 0;
  }
  const double first = x[0];
  const double beta = std::copysign(std::sqrt(first * first + tail), -first);
  for (std::int64_t i = 1; i < n; ++i) x[i] /= first - beta;
  x[0] = beta;
  return (beta - first) / beta;
}

// Householder's method, in double precision. Rows of q are `width` long, rows of r are n.
template <typename T>
void factor(const T* a, std::int64_t m, std::int64_t n, std::int64_t width, T* q, T* r) {
  Columns columns(m, n);
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j) columns[j][i] = a[i * n + j];
  const std::int64_t steps = std::min(m, n);
  std::vector<double> taus;
  for (std::int64_t k = 0; k < steps; ++k) {
    double* const pivot = columns[k] + k;
    taus.push_back(make_reflection(pivot, m - k));
    for (std::int64_t j = k + 1; j < n; ++j) reflect(pivot + 1, taus.back(), columns[j] + k, m - k);
  }
  for (std::int64_t i = 0; i < width; ++i)
    for (std::int64_t j = 0; j < n; ++j)
      r[i * n + j] = i <= j ? static_cast<T>(columns[j][i]) : T{};
  // Q is the product of the reflections, applied to the unit vectors from the last to the first.
  Columns product(m, width);
  for (std::int64_t j = 0; j < width; ++j) {
    product[j][j] = 1;
    for (std::int64_t k = std::min(j + 1, steps); k-- > 0;)
      reflect(columns[k] + k + 1, taus[static_cast<std::size_t>(k)], product[j] + k, m - k);
    for (std::int64_t i = 0; i < m; ++i) q[i * width + j] = static_cast<T>(product[j][i]);
  }
}

template <typename T>
void factor_all(const ir::TensorView& a, std::int64_t m, std::int64_t n, std::int64_t width,
                Qr& result) {
  T* q = reinterpret_cast<T*>(result.q.bytes().data());
  T* r = reinterpret_cast<T*>(result.r.bytes().data());
  const std::int64_t matrices = a.shape.elements() / (m * n);
  for (std::int64_t i = 0; i < matrices; ++i)
    factor(a.as<T>() + i * m * n, m, n, width, q + i * m * width, r + i * width * n);
}

}  // namespace

Result<Qr> qr(const ir::TensorView& a, bool full) {
  const int rank = a.shape.rank();
  if (rank < 2)
    return invalid("Input tensor 0 must have rank >= 2, got shape {}", to_string(a.shape));
  const std::int64_t m = a.shape[rank - 2];
  const std::int64_t n = a.shape[rank - 1];
  const std::int64_t width = full ? m : std::min(m, n);
  Dims q = a.shape.extents();
  Dims r = a.shape.extents();
  q.back() = width;
  r[r.size() - 2] = width;
  Qr result{ir::Tensor(a.dtype, Shape(q)), ir::Tensor(a.dtype, Shape(r))};
  if (a.shape.elements() == 0) return result;
  if (a.dtype == DType::f64)
    factor_all<double>(a, m, n, width, result);
  else
    factor_all<float>(a, m, n, width, result);
  return result;
}

}  // namespace evergpu::ops
