// What the bytes of an allocation hold: an ordered list of byte ranges, each a part of some value's
// bytes. A partial write splits it, a copy shares values, a read puts a value together again.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/inline_vector.h"
#include "ir/value.h"

namespace evergpu::runtime {

/// Bytes [at, at + bytes) are bytes [from, from + bytes) of `value`.
struct Piece {
  std::size_t at = 0;
  std::size_t bytes = 0;
  ir::Value value;
  std::size_t from = 0;
};

class Content {
 public:
  /// Bytes [at, at + bytes) are now bytes [from, from + bytes) of `value`. The values that no
  /// longer show go to `released`, so that the caller can drop them outside its lock.
  void write(Piece piece, std::vector<ir::Value>* released);
  /// Bytes [at, at + bytes) are undefined again.
  void erase(std::size_t at, std::size_t bytes, std::vector<ir::Value>* released);

  /// The pieces that overlap [at, at + bytes), cut to it, in order. Undefined bytes are in none.
  std::vector<Piece> pieces(std::size_t at, std::size_t bytes) const;
  std::span<const Piece> all() const { return pieces_; }

  /// Bytes [at, …) as a value of that dtype and shape. Undefined bytes read as zeros.
  ir::Value read(std::size_t at, ir::DType dtype, const ir::Shape& shape) const;

 private:
  InlineVector<Piece, 1> pieces_;  // ascending, without overlap
};

}  // namespace evergpu::runtime
