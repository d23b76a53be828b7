// TensorFlow's C API as a table of function pointers, found at run time in the TensorFlow that
// loaded us: Windows has no stable library name to link with, and a missing function becomes a
// clear refusal instead of a failed load.
#pragma once

#include <string>
#include <vector>

#include "tensorflow/c/experimental/grappler/grappler.h"
#include "tensorflow/c/experimental/stream_executor/stream_executor.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/kernels_experimental.h"

namespace evergpu::tensorflow {

#define EVERGPU_TF_FUNCTIONS(X)                    \
  X(TF_Version)                                    \
  X(TF_NewStatus)                                  \
  X(TF_DeleteStatus)                               \
  X(TF_SetStatus)                                  \
  X(TF_GetCode)                                    \
  X(TF_Message)                                    \
  X(TF_NewKernelBuilder)                           \
  X(TF_RegisterKernelBuilderWithKernelDef)         \
  X(TF_OpKernelConstruction_Failure)               \
  X(TF_OpKernelConstruction_GetName)               \
  X(TF_OpKernelConstruction_HasAttr)               \
  X(TF_OpKernelConstruction_GetAttrSize)           \
  X(TF_OpKernelConstruction_GetAttrBool)           \
  X(TF_OpKernelConstruction_GetAttrFloat)          \
  X(TF_OpKernelConstruction_GetAttrFloatList)      \
  X(TF_OpKernelConstruction_GetAttrInt64)          \
  X(TF_OpKernelConstruction_GetAttrInt64List)      \
  X(TF_OpKernelConstruction_GetAttrString)         \
  X(TF_OpKernelConstruction_GetAttrType)           \
  X(TF_OpKernelContext_Failure)                    \
  X(TF_NumInputs)                                  \
  X(TF_InputDatatype)                              \
  X(TF_GetInput)                                   \
  X(TF_NumOutputs)                                 \
  X(TF_AllocateOutput)                             \
  X(TF_AllocateTemp)                               \
  X(TF_ForwardInputOrAllocateOutput)               \
  X(TF_GetStream)                                  \
  X(TF_IsHostMemoryOutput)                         \
  X(TF_TensorType)                                 \
  X(TF_NumDims)                                    \
  X(TF_Dim)                                        \
  X(TF_TensorData)                                 \
  X(TF_TensorByteSize)                             \
  X(TF_DeleteTensor)                               \
  X(TF_AssignRefVariable)                          \
  X(TF_GetInputTensorFromVariable)                 \
  X(TF_MaybeLockVariableInputMutexesInOrder)       \
  X(TF_OpKernelContext_ForwardRefInputToRefOutput) \
  X(TF_ReleaseVariableInputLockHolder)             \
  X(TF_AddNVariant)                                \
  X(TF_ZerosLikeVariant)

/// One member per function, of the same name.
struct Api {
#define EVERGPU_TF_MEMBER(name) decltype(&::name) name = nullptr;
  EVERGPU_TF_FUNCTIONS(EVERGPU_TF_MEMBER)
#undef EVERGPU_TF_MEMBER

  /// Functions this TensorFlow does not export.
  std::vector<std::string> missing;
};

/// Looks the functions up. Members named in `missing` are null.
Api find_functions();
/// Found once.
inline const Api& api() {
  static const Api found = find_functions();
  return found;
}

}  // namespace evergpu::tensorflow
