// Between TensorFlow's types and ours.
#pragma once

#include <optional>

#include "base/status.h"
#include "ir/dtype.h"
#include "ir/shape.h"
#include "tensorflow/api.h"

namespace evergpu::tensorflow {

/// Nothing for types that we do not compute with (strings, resources, variants, quantised). A
/// complex number is seen as two floats: an array of them has one axis more (shape_of).
constexpr std::optional<ir::DType> dtype_from(TF_DataType type) {
  switch (type) {
    case TF_HALF:
      return ir::DType::f16;
    case TF_BFLOAT16:
      return ir::DType::bf16;
    case TF_FLOAT:
    case TF_COMPLEX64:
      return ir::DType::f32;
    case TF_DOUBLE:
    case TF_COMPLEX128:
      return ir::DType::f64;
    case TF_INT8:
      return ir::DType::i8;
    case TF_INT16:
      return ir::DType::i16;
    case TF_INT32:
      return ir::DType::i32;
    case TF_INT64:
      return ir::DType::i64;
    case TF_UINT8:
      return ir::DType::u8;
    case TF_UINT16:
      return ir::DType::u16;
    case TF_UINT32:
      return ir::DType::u32;
    case TF_UINT64:
      return ir::DType::u64;
    case TF_BOOL:
      return ir::DType::boolean;
    default:
      return std::nullopt;
  }
}

constexpr TF_DataType to_tensorflow(ir::DType dtype) {
  constexpr TF_DataType types[] = {TF_HALF,   TF_BFLOAT16, TF_FLOAT, TF_DOUBLE, TF_INT8,
                                   TF_INT16,  TF_INT32,    TF_INT64, TF_UINT8,  TF_UINT16,
                                   TF_UINT32, TF_UINT64,   TF_BOOL};
  return types[static_cast<std::size_t>(dtype)];
}

/// The extents of a tensor, and a last axis of two where it is complex.
inline ir::Shape shape_of(const TF_Tensor* tensor) {
  ir::Dims extents;
  const int rank = api().TF_NumDims(tensor);
  for (int axis = 0; axis < rank; ++axis) extents.push_back(api().TF_Dim(tensor, axis));
  const TF_DataType type = api().TF_TensorType(tensor);
  if (type == TF_COMPLEX64 || type == TF_COMPLEX128) extents.push_back(2);
  return ir::Shape(std::move(extents));
}

constexpr TF_Code to_tensorflow(Code code) {
  constexpr TF_Code codes[] = {TF_OK,           TF_CANCELLED,          TF_INVALID_ARGUMENT,
                               TF_NOT_FOUND,    TF_RESOURCE_EXHAUSTED, TF_FAILED_PRECONDITION,
                               TF_OUT_OF_RANGE, TF_UNIMPLEMENTED,      TF_INTERNAL,
                               TF_UNAVAILABLE};
  return codes[static_cast<std::size_t>(code)];
}

/// A TF_Status to pass to TensorFlow's functions.
class TfStatus {
 public:
  TfStatus() : status_(api().TF_NewStatus()) {}
  explicit TfStatus(const Status& status) : TfStatus() { set(status_, status); }
  ~TfStatus() { api().TF_DeleteStatus(status_); }
  TfStatus(const TfStatus&) = delete;
  TfStatus& operator=(const TfStatus&) = delete;

  TF_Status* get() const { return status_; }
  bool ok() const { return api().TF_GetCode(status_) == TF_OK; }
  Status status() const;

  /// Sets somebody else's TF_Status.
  static void set(TF_Status* to, const Status& from) {
    api().TF_SetStatus(to, to_tensorflow(from.code()), from.message().c_str());
  }

 private:
  TF_Status* status_;
};

inline Status TfStatus::status() const {
  const TF_Code code = api().TF_GetCode(status_);
  if (code == TF_OK) return {};
  for (int i = 1; i <= static_cast<int>(Code::unavailable); ++i) {
    if (to_tensorflow(static_cast<Code>(i)) == code)
      return {static_cast<Code>(i), api().TF_Message(status_)};
  }
  return internal_error(api().TF_Message(status_));
}

}  // namespace evergpu::tensorflow
