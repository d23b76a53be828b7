#include "tensorflow/attributes.h"

#include <fmt/format.h>

#include "tensorflow/api.h"
#include "tensorflow/convert.h"

namespace evergpu::tensorflow {

namespace {
void keep_first(Status* kept, const TfStatus& status) {
  if (kept->ok()) *kept = status.status();
}
}  // namespace

std::int64_t Attributes::integer(const char* name) const {
  const TfStatus status;
  std::int64_t value = 0;
  api().TF_OpKernelConstruction_GetAttrInt64(construction_, name, &value, status.get());
  keep_first(&status_, status);
  return value;
}

float Attributes::number(const char* name) const {
  const TfStatus status;
  float value = 0;
  api().TF_OpKernelConstruction_GetAttrFloat(construction_, name, &value, status.get());
  keep_first(&status_, status);
  return value;
}

bool Attributes::boolean(const char* name) const {
  const TfStatus status;
  TF_Bool value = 0;
  api().TF_OpKernelConstruction_GetAttrBool(construction_, name, &value, status.get());
  keep_first(&status_, status);
  return value != 0;
}

std::string Attributes::string(const char* name) const {
  const TfStatus status;
  std::int32_t list_size = 0;
  std::int32_t bytes = 0;
  api().TF_OpKernelConstruction_GetAttrSize(construction_, name, &list_size, &bytes, status.get());
  std::string value(status.ok() && bytes > 0 ? static_cast<std::size_t>(bytes) : 0, '\0');
  if (!value.empty()) {
    api().TF_OpKernelConstruction_GetAttrString(construction_, name, value.data(), value.size(),
                                                status.get());
  }
  keep_first(&status_, status);
  return value;
}

std::vector<std::int64_t> Attributes::integers(const char* name) const {
  const TfStatus status;
  std::int32_t list_size = 0;
  std::int32_t bytes = 0;
  api().TF_OpKernelConstruction_GetAttrSize(construction_, name, &list_size, &bytes, status.get());
  std::vector<std::int64_t> values(
      status.ok() && list_size > 0 ? static_cast<std::size_t>(list_size) : 0);
  if (!values.empty()) {
    api().TF_OpKernelConstruction_GetAttrInt64List(construction_, name, values.data(), list_size,
                                                   status.get());
  }
  keep_first(&status_, status);
  return values;
}

std::vector<float> Attributes::numbers(const char* name) const {
  const TfStatus status;
  std::int32_t list_size = 0;
  std::int32_t bytes = 0;
  api().TF_OpKernelConstruction_GetAttrSize(construction_, name, &list_size, &bytes, status.get());
  std::vector<float> values(status.ok() && list_size > 0 ? static_cast<std::size_t>(list_size) : 0);
  if (!values.empty()) {
    api().TF_OpKernelConstruction_GetAttrFloatList(construction_, name, values.data(), list_size,
                                                   status.get());
  }
  keep_first(&status_, status);
  return values;
}

ir::DType Attributes::dtype(const char* name) const {
  const TfStatus status;
  TF_DataType type = TF_FLOAT;
  api().TF_OpKernelConstruction_GetAttrType(construction_, name, &type, status.get());
  keep_first(&status_, status);
  const auto dtype = dtype_from(type);
  if (!dtype && status_.ok()) {
    status_ =
        unimplemented(fmt::format("evergpu has no dtype for TensorFlow's type {} (attribute {})",
                                  static_cast<int>(type), name));
  }
  return dtype.value_or(ir::DType::f32);
}

bool Attributes::has(const char* name) const {
  const TfStatus status;
  return api().TF_OpKernelConstruction_HasAttr(construction_, name, status.get()) && status.ok();
}

}  // namespace evergpu::tensorflow
