// Asks NVIDIA's driver library through the few functions of its stable interface that are needed.
#include <cstddef>
#include <nlohmann/json.hpp>

#include "base/os.h"
#include "system/probe.h"

namespace evergpu::system {
namespace {

using nlohmann::json;

// cuda.h: CUresult and CUdevice are int.
using Init = int (*)(unsigned);
using GetVersion = int (*)(int*);
using GetCount = int (*)(int*);
using Get = int (*)(int*, int);
using GetName = int (*)(char*, int, int);
using GetMemory = int (*)(std::size_t*, int);
using GetAttribute = int (*)(int*, int, int);
constexpr int capability_major = 75;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
constexpr int capability_minor = 76;

template <typename Function>
Function function(const os::Library& library, const char* name) {
  return reinterpret_cast<Function>(library.symbol(name));
}

Result<os::Library> open_driver() {
#ifdef _WIN32
  return os::Library::open("nvcuda.dll");
#else
  Result<os::Library> found = os::Library::open("libcuda.so.1");
  if (found.ok()) return found;
  return os::Library::open("/usr/lib/wsl/lib/libcuda.so.1");
#endif
}

}  // namespace

json ask_cuda() {
  const Result<os::Library> driver = open_driver();
  if (!driver.ok()) return {{"error", "no library"}};
  const auto init = function<Init>(*driver, "cuInit");
  const auto version = function<GetVersion>(*driver, "cuDriverGetVersion");
  const auto count = function<GetCount>(*driver, "cuDeviceGetCount");
  const auto get = function<Get>(*driver, "cuDeviceGet");
  const auto name = function<GetName>(*driver, "cuDeviceGetName");
  const auto memory = function<GetMemory>(*driver, "cuDeviceTotalMem_v2");
  const auto attribute = function<GetAttribute>(*driver, "cuDeviceGetAttribute");
  if (!init || !version || !count || !get || !name || !memory || !attribute)
    return {{"error", "not a CUDA driver library"}};

  json answer = {{"devices", json::array()}};
  int number = 0;
  if (version(&number) == 0) answer["version"] = number;
  if (const int error = init(0); error != 0) {
    answer["code"] = error;
    answer["error"] = "cuInit failed";
    return answer;
  }
  int devices = 0;
  count(&devices);
  for (int i = 0; i < devices; ++i) {
    int device = 0, major = 0, minor = 0;
    char text[256] = {};
    std::size_t bytes = 0;
    if (get(&device, i) != 0) continue;
    name(text, sizeof(text) - 1, device);
    memory(&bytes, device);
    attribute(&major, capability_major, device);
    attribute(&minor, capability_minor, device);
    answer["devices"].push_back(
        {{"name", text},
         {"memory", bytes},
         {"capability", std::to_string(major) + "." + std::to_string(minor)}});
  }
  return answer;
}

}  // namespace evergpu::system
