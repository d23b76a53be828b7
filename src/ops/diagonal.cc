#include "ops/diagonal.h"

#include <algorithm>

#include "ops/failure.h"
#include "ops/invalid.h"

namespace evergpu::ops {
namespace {

using ir::BinaryOp;
using ir::Dims;
using ir::DType;
using ir::Shape;
using ir::Value;

Value integer(std::int64_t value) { return ir::constant_integer(DType::i32, value); }
Value iota(const Shape& shape, int axis) { return ir::iota(DType::i32, shape, axis); }
Value greatest(const Value& x, const Value& y) { return ir::binary(BinaryOp::maximum, x, y); }
Value least(const Value& x, const Value& y) { return ir::binary(BinaryOp::minimum, x, y); }
Value both(const Value& x, const Value& y) { return ir::binary(BinaryOp::bit_and, x, y); }
Value at_most(const Value& x, const Value& y) { return ir::binary(BinaryOp::less_equal, x, y); }

// The extents of the matrices and of their packed diagonals.
struct Geometry {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t longest = 0;  // elements in a row of packed diagonals
};

std::int64_t longest_diagonal(const Diagonals& d, std::int64_t rows, std::int64_t columns) {
  return std::min(rows + std::min<std::int64_t>(d.upper, 0),
                  columns - std::max<std::int64_t>(d.lower, 0));
}

Result<Geometry> geometry_of(const Shape& shape, const Diagonals& d) {
  if (shape.rank() < 2)
    return invalid("input must be at least 2-dim, received shape: {}", to_string(shape));
  Geometry result{.rows = shape[shape.rank() - 2], .columns = shape[shape.rank() - 1]};
  for (std::int64_t k : {d.lower, d.upper})
    if (k != 0 && (k <= -result.rows || k >= result.columns))
      return invalid("diag_index is out of bound: {}. It must be between {} and {}", k,
                     -result.rows, result.columns);
  if (d.lower > d.upper)
    return invalid("lower_diag_index must not be larger than upper_diag_index: {} > {}", d.lower,
                   d.upper);
  result.longest = longest_diagonal(d, result.rows, result.columns);
  return result;
}

// Where the elements of `diagonal` (an i32 array) begin in their row of packed diagonals.
Value offset_of(const Value& diagonal, const Diagonals& d, const Geometry& g) {
  if (d.super_left && d.sub_left) return integer(0);
  const Value length = least(integer(g.rows) + least(diagonal, integer(0)),
                             integer(g.columns) - greatest(diagonal, integer(0)));
  const Value at_right = integer(g.longest) - length;
  const Value is_super = at_most(integer(0), diagonal);
  const Value is_sub = at_most(diagonal, integer(0));
  // The main diagonal is both, and as long as any: it lies at the left if either does.
  Value left = ir::constant(DType::boolean, 0);
  if (d.super_left) left = ir::binary(BinaryOp::bit_or, left, is_super);
  if (d.sub_left) left = ir::binary(BinaryOp::bit_or, left, is_sub);
  return ir::select(left, integer(0), at_right);
}

Shape batch_of(const Shape& shape, int matrix_rank) {
  return Shape(Dims(shape.begin(), shape.end() - matrix_rank));
}

Shape append(const Shape& shape, std::initializer_list<std::int64_t> extents) {
  Dims result = shape.extents();
  for (std::int64_t extent : extents) result.push_back(extent);
  return Shape(std::move(result));
}

// The elements of the matrices x [batch…, m, n] at flat positions `index` [p, q] (-1: none).
Value pick(const Value& x, const Value& index) {
  const Shape batch = batch_of(x.shape(), 2);
  const std::int64_t elements = x.shape()[batch.rank()] * x.shape()[batch.rank() + 1];
  const Value flat = ir::reshape(x, Shape{batch.elements(), elements});
  const Value picked = ir::gather(flat, index, 1);
  return ir::reshape(picked, append(batch, {index.shape()[0], index.shape()[1]}));
}

struct Spread {
  Value selected;  // bool [rows, columns]: lies on one of the diagonals
  Value values;    // [batch…, rows, columns], or broadcasts to that
};

// One diagonal: its elements are repeated along the rows or the columns.
Spread spread_one(const Value& packed, std::int64_t diagonal, const Geometry& g) {
  const Shape matrix{g.rows, g.columns};
  const bool by_row = diagonal >= 0;
  const Shape batch = batch_of(packed.shape(), 1);
  Dims none(packed.shape().extents().size(), 0);
  Dims rest = none;
  rest.back() = (by_row ? g.rows : g.columns) - g.longest;
  const Value line = ir::pad(packed, ir::constant(packed.dtype(), 0), none, rest);
  return {
      .selected = ir::binary(BinaryOp::equal, iota(matrix, 1) - iota(matrix, 0), integer(diagonal)),
      .values =
          ir::reshape(line, by_row ? append(batch, {g.rows, 1}) : append(batch, {1, g.columns}))};
}

Spread spread(const Value& packed, const Diagonals& d, const Geometry& g) {
  if (d.lower == d.upper) return spread_one(packed, d.lower, g);
  const Shape matrix{g.rows, g.columns};
  const Value row = iota(matrix, 0);
  const Value column = iota(matrix, 1);
  const Value diagonal = column - row;
  const Value selected =
      both(at_most(integer(d.lower), diagonal), at_most(diagonal, integer(d.upper)));
  const Value position = least(row, column) + offset_of(diagonal, d, g);
  const Value index = (integer(d.upper) - diagonal) * integer(g.longest) + position;
  return {.selected = selected, .values = pick(packed, ir::select(selected, index, integer(-1)))};
}

// One diagonal: every (columns + 1)-th element of a matrix.
Value take_one(const Value& x, std::int64_t diagonal, const Geometry& g) {
  const Shape batch = batch_of(x.shape(), 2);
  const Value flat = ir::reshape(x, Shape{batch.elements(), g.rows * g.columns});
  const std::int64_t first = diagonal >= 0 ? diagonal : -diagonal * g.columns;
  const Value taken = ir::slice(flat, Dims{0, g.longest == 0 ? 0 : first},
                                Dims{batch.elements(), g.longest}, Dims{1, g.columns + 1});
  return ir::reshape(taken, append(batch, {g.longest}));
}

}  // namespace

Value diagonal_part(const Value& x, const Diagonals& d, const Value& padding) {
  if (Status status = first_error(x, padding); !status.ok()) return ir::Node::failed(status);
  const Result<Geometry> geometry = geometry_of(x.shape(), d);
  if (!geometry.ok()) return ir::Node::failed(geometry.status());
  const Geometry& g = *geometry;
  if (d.lower == d.upper) return take_one(x, d.lower, g);
  const Shape packed{d.upper - d.lower + 1, g.longest};
  const Value diagonal = integer(d.upper) - iota(packed, 0);
  const Value length = least(integer(g.rows) + least(diagonal, integer(0)),
                             integer(g.columns) - greatest(diagonal, integer(0)));
  const Value position = iota(packed, 1) - offset_of(diagonal, d, g);
  const Value inside =
      both(at_most(integer(0), position), ir::binary(BinaryOp::less, position, length));
  const Value row = position - least(diagonal, integer(0));
  const Value column = position + greatest(diagonal, integer(0));
  const Value index = ir::select(inside, row * integer(g.columns) + column, integer(-1));
  return ir::select(inside, pick(x, index), ir::reshape(padding, Shape{}));
}

Value from_diagonals(const Value& packed, const Diagonals& d, std::int64_t rows,
                     std::int64_t columns, const Value& padding) {
  if (Status status = first_error(packed, padding); !status.ok()) return ir::Node::failed(status);
  const Shape& shape = packed.shape();
  const int packed_rank = d.lower == d.upper ? 1 : 2;
  if (shape.rank() < packed_rank)
    return failure("diagonal must be at least {}-dim, received shape: {}", packed_rank,
                   to_string(shape));
  if (d.lower > d.upper)
    return failure("lower_diag_index must not be larger than upper_diag_index: {} > {}", d.lower,
                   d.upper);
  const std::int64_t count = d.upper - d.lower + 1;
  if (packed_rank == 2 && shape[shape.rank() - 2] != count)
    return failure(
        "The number of diagonals provided in the input does not match the lower_diag_"
        "index and upper_diag_index range: {} instead of {}",
        shape[shape.rank() - 2], count);
  const std::int64_t longest = shape[shape.rank() - 1];
  const std::int64_t least_rows = longest - std::min<std::int64_t>(d.upper, 0);
  const std::int64_t least_columns = longest + std::max<std::int64_t>(d.lower, 0);
  if (rows == -1 && columns == -1) rows = columns = std::max(least_rows, least_columns);
  if (rows == -1) rows = least_rows;
  if (columns == -1) columns = least_columns;
  if (rows < least_rows || columns < least_columns ||
      (rows != least_rows && columns != least_columns))
    return failure(
        "The number of rows {} and columns {} are not consistent with the specified "
        "d_lower, d_upper, and diagonal, which need {} and {}.",
        rows, columns, least_rows, least_columns);
  const Spread parts = spread(packed, d, {.rows = rows, .columns = columns, .longest = longest});
  return ir::select(parts.selected, parts.values, ir::reshape(padding, Shape{}));
}

Value set_diagonals(const Value& x, const Value& packed, const Diagonals& d) {
  if (Status status = first_error(x, packed); !status.ok()) return ir::Node::failed(status);
  const Result<Geometry> geometry = geometry_of(x.shape(), d);
  if (!geometry.ok()) return ir::Node::failed(geometry.status());
  if (packed.shape().rank() < 1)
    return failure("diagonal must be at least 1-dim, received shape: {}",
                   to_string(packed.shape()));
  Shape expected = batch_of(x.shape(), 2);
  if (d.lower != d.upper) expected = append(expected, {d.upper - d.lower + 1});
  expected = append(expected, {geometry->longest});
  if (packed.shape() != expected)
    return failure(
        "Either first dimensions of diagonal don't match input.shape[:-2], or its last ones do not "
        "match the diagonals asked for. Input shape: {}, diagonal shape: {}, expected diagonal "
        "shape: {}",
        to_string(x.shape()), to_string(packed.shape()), to_string(expected));
  const Spread parts = spread(packed, d, *geometry);
  return ir::select(parts.selected, parts.values, x);
}

Value band_part(const Value& x, std::int64_t lower, std::int64_t upper) {
  if (!x.status().ok()) return x;
  const Shape& shape = x.shape();
  if (shape.rank() < 2)
    return failure("input must be at least 2-dim, received shape: {}", to_string(shape));
  const Shape matrix{shape[shape.rank() - 2], shape[shape.rank() - 1]};
  if (lower > matrix[0])
    return failure("num_lower must be negative or less or equal to number of rows ({}) got: {}",
                   matrix[0], lower);
  if (upper > matrix[1])
    return failure("num_upper must be negative or less or equal to number of columns ({}) got: {}",
                   matrix[1], upper);
  const Value diagonal = iota(matrix, 1) - iota(matrix, 0);
  Value kept = ir::constant(DType::boolean, 1);
  if (lower >= 0) kept = both(kept, at_most(integer(-lower), diagonal));
  if (upper >= 0) kept = both(kept, at_most(diagonal, integer(upper)));
  return ir::select(kept, x, ir::constant(x.dtype(), 0));
}

Value diagonal_tensor(const Value& x) {
  if (!x.status().ok()) return x;
  const std::int64_t elements = x.shape().elements();
  const Value matrix =
      from_diagonals(ir::reshape(x, Shape{elements}), {}, -1, -1, ir::constant(x.dtype(), 0));
  Dims extents = x.shape().extents();
  for (std::int64_t extent : x.shape()) extents.push_back(extent);
  return ir::reshape(matrix, Shape(extents));
}

Value diagonal_of_tensor(const Value& x) {
  if (!x.status().ok()) return x;
  const int half = x.shape().rank() / 2;
  const Shape first(Dims(x.shape().begin(), x.shape().begin() + half));
  const Shape second(Dims(x.shape().begin() + half, x.shape().end()));
  if (half == 0 || first != second)
    return failure("Invalid shape {}: dimensions i and {} + i do not match.", to_string(x.shape()),
                   half);
  const std::int64_t elements = first.elements();
  return ir::reshape(
      diagonal_part(ir::reshape(x, Shape{elements, elements}), {}, ir::constant(x.dtype(), 0)),
      first);
}

}  // namespace evergpu::ops
