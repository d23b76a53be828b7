// The table of TensorFlow ops. One row says everything about an op: its dtypes, which arguments
// TensorFlow keeps in host memory, and its lowering. Registration, the coverage page and the sweep
// test read the rows.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string_view>

#include "tensorflow/attributes.h"
#include "tensorflow/call.h"

namespace evergpu::tensorflow {

/// A set of dtypes.
class DTypes {
 public:
  constexpr DTypes(std::initializer_list<ir::DType> dtypes) {  // NOLINT
    for (ir::DType dtype : dtypes) bits_ |= bit(dtype);
  }
  constexpr bool contains(ir::DType dtype) const { return (bits_ & bit(dtype)) != 0; }
  friend constexpr DTypes operator|(DTypes a, DTypes b) {
    a.bits_ |= b.bits_;
    return a;
  }
  friend constexpr DTypes operator-(DTypes a, DTypes b) {
    a.bits_ &= static_cast<std::uint16_t>(~b.bits_);
    return a;
  }

 private:
  static constexpr std::uint16_t bit(ir::DType dtype) {
    return static_cast<std::uint16_t>(1u << static_cast<unsigned>(dtype));
  }
  std::uint16_t bits_ = 0;
};

inline constexpr DTypes floats{ir::DType::f16, ir::DType::bf16, ir::DType::f32, ir::DType::f64};
inline constexpr DTypes signed_integers{ir::DType::i8, ir::DType::i16, ir::DType::i32,
                                        ir::DType::i64};
inline constexpr DTypes unsigned_integers{ir::DType::u8, ir::DType::u16, ir::DType::u32,
                                          ir::DType::u64};
inline constexpr DTypes integers = signed_integers | unsigned_integers;
inline constexpr DTypes numbers = floats | integers;
inline constexpr DTypes boolean{ir::DType::boolean};
inline constexpr DTypes all_types = numbers | boolean;
inline constexpr DTypes i32_only{ir::DType::i32};
inline constexpr DTypes index_types{ir::DType::i32, ir::DType::i64};

/// One type attribute and the dtypes a kernel is registered for. A row is registered once for every
/// combination of its constraints.
struct TypeConstraint {
  const char* attribute = nullptr;
  DTypes dtypes{};
};

/// Computes one call: reads its inputs, sets its outputs.
using Lowering = std::function<Status(Call&)>;

struct OpRow {
  const char* op;
  TypeConstraint types[3] = {};
  /// Arguments (and results) that are always in host memory, by name in TensorFlow's op definition.
  const char* host_arguments[5] = {};
  /// For these dtypes of types[0] every argument in `host_when_arguments` is in host memory too:
  /// TensorFlow computes shapes with int32 tensors and keeps them there.
  DTypes host_when{};
  const char* host_when_arguments[5] = {};
  /// types[0] takes complex64 and complex128 too, which the lowering sees as f32 and f64 with a
  /// last axis of two. For ops without results that treat both parts alike.
  bool complex_as_pairs = false;
  /// types[0] is TensorFlow's variant alone: an argument is a list of tensors, which the lowering
  /// reaches through TensorFlow.
  bool variants = false;
  /// Why the op cannot run on the device. Such a row computes nothing: it takes the place of a
  /// kernel of TensorFlow's that would crash.
  const char* refusal = nullptr;
  /// Called once per kernel, with the op's attributes.
  Result<Lowering> (*make)(const Attributes&) = nullptr;
};

/// The rows of each family, one file in ops/ each.
std::span<const OpRow> array_rows();
std::span<const OpRow> check_rows();
std::span<const OpRow> convolution_rows();
std::span<const OpRow> diagonal_rows();
std::span<const OpRow> image_rows();
std::span<const OpRow> indexing_rows();
std::span<const OpRow> linear_algebra_rows();
std::span<const OpRow> loss_rows();
std::span<const OpRow> matmul_rows();
std::span<const OpRow> normalization_rows();
std::span<const OpRow> optimizer_rows();
std::span<const OpRow> point_rows();
std::span<const OpRow> pooling_rows();
std::span<const OpRow> random_rows();
std::span<const OpRow> recurrent_rows();
std::span<const OpRow> reduction_rows();
std::span<const OpRow> refused_rows();
std::span<const OpRow> selection_rows();
std::span<const OpRow> variable_rows();
std::span<const OpRow> variant_rows();
std::span<const OpRow> xla_rows();

}  // namespace evergpu::tensorflow
