#include "adapters/vulkan/functions.h"

#include <fmt/format.h>

#include "base/os.h"

namespace evergpu::adapters::vulkan {
namespace {

#ifdef _WIN32
constexpr const char* system_loader = "vulkan-1.dll";
#else
constexpr const char* system_loader = "libvulkan.so.1";
#endif

Status missing_function(const char* name) {
  return {
      Code::failed_precondition,
      fmt::format("the Vulkan driver lacks {}; evergpu needs Vulkan 1.2. Update the driver", name)};
}

}  // namespace

Result<GlobalFunctions> load_vulkan(const std::string& name) {
  const std::string file = name.empty() ? system_loader : name;
  const Result<os::Library> library = os::Library::open(file);
  if (!library.ok()) {
    return Status(Code::failed_precondition,
                  fmt::format("there is no Vulkan loader ({}) on this machine. It comes with the "
                              "graphics driver on Windows; on Debian and Ubuntu: apt install "
                              "libvulkan1 mesa-vulkan-drivers",
                              file));
  }
  GlobalFunctions functions;
  functions.GetInstanceProcAddr =
      reinterpret_cast<PFN_vkGetInstanceProcAddr>(library->symbol("vkGetInstanceProcAddr"));
  if (functions.GetInstanceProcAddr == nullptr)
    return Status(Code::failed_precondition, fmt::format("{} is not a Vulkan loader", file));
#define EVERGPU_LOAD(name)                                                                \
  functions.name =                                                                        \
      reinterpret_cast<PFN_vk##name>(functions.GetInstanceProcAddr(nullptr, "vk" #name)); \
  if (functions.name == nullptr) return missing_function("vk" #name);
  EVERGPU_VULKAN_GLOBAL_FUNCTIONS(EVERGPU_LOAD)
#undef EVERGPU_LOAD
  return functions;
}

Result<InstanceFunctions> load_functions(const GlobalFunctions& global, VkInstance instance) {
  InstanceFunctions functions;
  const auto find = [&](const char* name) { return global.GetInstanceProcAddr(instance, name); };
#define EVERGPU_LOAD(name) functions.name = reinterpret_cast<PFN_vk##name>(find("vk" #name));
#define EVERGPU_REQUIRE(name) \
  EVERGPU_LOAD(name)          \
  if (functions.name == nullptr) return missing_function("vk" #name);
  EVERGPU_VULKAN_INSTANCE_FUNCTIONS(EVERGPU_REQUIRE)
  EVERGPU_VULKAN_EXTENSION_FUNCTIONS(EVERGPU_LOAD)
#undef EVERGPU_REQUIRE
#undef EVERGPU_LOAD
  return functions;
}

Result<DeviceFunctions> load_functions(const InstanceFunctions& instance, VkDevice device) {
  DeviceFunctions functions;
#define EVERGPU_LOAD(name)                                                                         \
  functions.name = reinterpret_cast<PFN_vk##name>(instance.GetDeviceProcAddr(device, "vk" #name)); \
  if (functions.name == nullptr) return missing_function("vk" #name);
  EVERGPU_VULKAN_DEVICE_FUNCTIONS(EVERGPU_LOAD)
#undef EVERGPU_LOAD
  return functions;
}

Status check(VkResult result, const char* action) {
  switch (result) {
    case VK_SUCCESS:
      return {};
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
      return resource_exhausted(
          fmt::format("the GPU has no memory left for {}; try a smaller batch", action));
    case VK_ERROR_OUT_OF_HOST_MEMORY:
      return resource_exhausted(fmt::format("this machine has no memory left for {}", action));
    case VK_ERROR_DEVICE_LOST:
      return {
          Code::unavailable,
          fmt::format("the GPU stopped working during {} (device lost). Restart the program; if "
                      "it happens again, update the graphics driver or set EVERGPU_ADAPTER=host",
                      action)};
    case VK_TIMEOUT:
      return {Code::unavailable,
              fmt::format("the GPU did not finish {} in ten minutes. Restart the program; if it "
                          "happens again, update the graphics driver or set EVERGPU_ADAPTER=host",
                          action)};
    case VK_ERROR_INCOMPATIBLE_DRIVER:
      return {Code::failed_precondition,
              "the Vulkan loader found no usable driver. Install the GPU maker's driver; on Debian "
              "and Ubuntu for AMD and Intel: apt install mesa-vulkan-drivers"};
    default:
      return internal_error(fmt::format("the Vulkan driver failed at {} (VkResult {})", action,
                                        static_cast<int>(result)));
  }
}

}  // namespace evergpu::adapters::vulkan
