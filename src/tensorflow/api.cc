#include "tensorflow/api.h"

#include <optional>

#include "base/os.h"

namespace evergpu::tensorflow {

namespace {

/// The libraries that hold TensorFlow's C API, in every version and system we serve.
constexpr const char* library_names[] = {
    "libtensorflow_framework.so.2",     // Linux: kernels, devices
    "libtensorflow_cc.so.2",            // Linux: the rest
    "_pywrap_tensorflow_common.dll",    // Windows, from 2.20 on
    "_pywrap_tensorflow_internal.pyd",  // Windows, before
};

}  // namespace

Api find_functions() {
  std::vector<os::Library> libraries;
  for (const char* name : library_names) {
    if (auto library = os::Library::loaded(name)) libraries.push_back(*library);
  }
  Api api;
  const auto find = [&](const char* name) -> void* {
    for (const os::Library& library : libraries) {
      if (void* symbol = library.symbol(name)) return symbol;
    }
    api.missing.emplace_back(name);
    return nullptr;
  };
#define EVERGPU_TF_FIND(name) api.name = reinterpret_cast<decltype(api.name)>(find(#name));
  EVERGPU_TF_FUNCTIONS(EVERGPU_TF_FIND)
#undef EVERGPU_TF_FIND
  return api;
}

}  // namespace evergpu::tensorflow
