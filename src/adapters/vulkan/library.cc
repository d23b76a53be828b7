// Picks the executable of a library kernel.
#include <fmt/format.h>

#include "adapters/vulkan/executable.h"

namespace evergpu::adapters::vulkan {

Result<std::unique_ptr<VulkanExecutable>> make_library(const compiler::Library& library, Context&) {
  return unimplemented(
      fmt::format("the Vulkan adapter has no kernel for {} yet", name_of(library.operation.kind)));
}

}  // namespace evergpu::adapters::vulkan
