// A Vulkan driver that ends the process as soon as the loader asks it for a function.
#include <cstdlib>

extern "C" __attribute__((visibility("default"))) void* vk_icdGetInstanceProcAddr(void*,
                                                                                  const char*) {
  std::abort();
}
