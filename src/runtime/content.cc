#include "runtime/content.h"

#include <algorithm>

#include "ir/build.h"

namespace evergpu::runtime {

using ir::DType;
using ir::Shape;
using ir::Value;

namespace {

std::size_t end_of(const Piece& piece) { return piece.at + piece.bytes; }

std::int64_t count(std::size_t bytes, DType dtype) {
  return static_cast<std::int64_t>(bytes / ir::size_of(dtype));
}

/// A one-dimensional value's bytes as another dtype; they are a multiple of both element sizes.
Value reinterpret(const Value& flat, DType dtype) {
  const std::size_t from = ir::size_of(flat.dtype());
  const std::size_t to = ir::size_of(dtype);
  const std::int64_t elements =
      flat.shape()[0] * static_cast<std::int64_t>(from) / static_cast<std::int64_t>(to);
  if (from >= to) return ir::reshape(ir::bitcast(flat, dtype), Shape{elements});
  return ir::bitcast(ir::reshape(flat, Shape{elements, static_cast<std::int64_t>(to / from)}),
                     dtype);
}

/// The piece's bytes as a one-dimensional value of `dtype`, or of u8 where they do not fall on
/// elements.
Value flatten(const Piece& piece, DType dtype) {
  Value flat = ir::reshape(piece.value, Shape{piece.value.shape().elements()});
  const std::size_t element = ir::size_of(flat.dtype());
  const bool whole_elements = piece.from % element == 0 && piece.bytes % element == 0;
  if (!whole_elements) flat = reinterpret(flat, DType::u8);
  flat = ir::slice(flat, {count(piece.from, flat.dtype())}, {count(piece.bytes, flat.dtype())});
  const bool fits = piece.bytes % ir::size_of(dtype) == 0;
  return flat.dtype() == dtype ? flat : reinterpret(flat, fits ? dtype : DType::u8);
}

}  // namespace

void Content::write(Piece piece, std::vector<Value>* released) {
  if (pieces_.size() == 1 && piece.at <= pieces_[0].at && end_of(piece) >= end_of(pieces_[0])) {
    released->push_back(std::move(pieces_[0].value));
    pieces_[0] = std::move(piece);
    return;
  }
  if (pieces_.empty()) return pieces_.push_back(std::move(piece));
  erase(piece.at, piece.bytes, released);
  const auto* const after =
      std::upper_bound(pieces_.begin(), pieces_.end(), piece.at,
                       [](std::size_t at, const Piece& other) { return at < other.at; });
  pieces_.insert(static_cast<std::size_t>(after - pieces_.begin()), std::move(piece));
}

void Content::erase(std::size_t at, std::size_t bytes, std::vector<Value>* released) {
  const std::size_t end = at + bytes;
  auto* first = std::partition_point(pieces_.begin(), pieces_.end(),
                                     [&](const Piece& p) { return end_of(p) <= at; });
  if (first != pieces_.end() && first->at < at && end_of(*first) > end) {
    // The range lies inside one piece, which falls in two.
    Piece tail{end, end_of(*first) - end, first->value, first->from + (end - first->at)};
    first->bytes = at - first->at;
    pieces_.insert(static_cast<std::size_t>(first + 1 - pieces_.begin()), std::move(tail));
    return;
  }
  if (first != pieces_.end() && first->at < at) {
    first->bytes = at - first->at;
    ++first;
  }
  auto* last = first;
  while (last != pieces_.end() && end_of(*last) <= end)
    released->push_back(std::move((last++)->value));
  if (last != pieces_.end() && last->at < end) {
    last->from += end - last->at;
    last->bytes -= end - last->at;
    last->at = end;
  }
  pieces_.erase(static_cast<std::size_t>(first - pieces_.begin()),
                static_cast<std::size_t>(last - first));
}

std::vector<Piece> Content::pieces(std::size_t at, std::size_t bytes) const {
  const std::size_t end = at + bytes;
  std::vector<Piece> result;
  const auto* piece = std::partition_point(pieces_.begin(), pieces_.end(),
                                           [&](const Piece& p) { return end_of(p) <= at; });
  for (; piece != pieces_.end() && piece->at < end; ++piece) {
    const std::size_t start = std::max(at, piece->at);
    const std::size_t stop = std::min(end, end_of(*piece));
    result.push_back({start, stop - start, piece->value, piece->from + (start - piece->at)});
  }
  return result;
}

Value Content::read(std::size_t at, DType dtype, const Shape& shape) const {
  const std::size_t bytes = static_cast<std::size_t>(shape.elements()) * ir::size_of(dtype);
  if (pieces_.size() == 1) {
    const Piece& only = pieces_[0];
    const ir::Operation& operation = only.value->operation();
    if (only.at == at && only.from == 0 && only.bytes == bytes && operation.bytes() == bytes) {
      if (operation.dtype == dtype) return ir::reshape(only.value, shape);
      // Uploads do not say their dtype: show the same bytes as what they are read for.
      if (only.value->state() == ir::Node::State::stored)
        return ir::Node::stored(dtype, shape, only.value->storage());
      if (operation.kind == ir::Kind::constant && shape.elements() == 1) {
        return ir::reshape(ir::constant_bits(dtype, operation.get<ir::Constant>().bits), shape);
      }
    }
  }
  std::vector<Value> parts;
  bool same_dtype = true;
  const auto add = [&](Value part) {
    same_dtype = same_dtype && part.dtype() == dtype;
    parts.push_back(std::move(part));
  };
  const auto add_gap = [&](std::size_t size) {
    const DType gap_dtype = size % ir::size_of(dtype) == 0 ? dtype : DType::u8;
    add(ir::zeros(gap_dtype, Shape{count(size, gap_dtype)}));
  };
  std::size_t position = at;
  for (const Piece& piece : pieces(at, bytes)) {
    if (piece.at > position) add_gap(piece.at - position);
    add(flatten(piece, dtype));
    position = end_of(piece);
  }
  if (position < at + bytes) add_gap(at + bytes - position);
  if (parts.empty()) return ir::zeros(dtype, shape);
  if (!same_dtype) {
    for (Value& part : parts) part = reinterpret(part, DType::u8);
  }
  Value whole = parts.size() == 1 ? parts[0] : ir::concat(parts, 0);
  if (whole.dtype() != dtype) whole = reinterpret(whole, dtype);
  return ir::reshape(whole, shape);
}

}  // namespace evergpu::runtime
