// Picks the executable of a library kernel.
#include <fmt/format.h>

#include "adapters/vulkan/executable.h"
#include "adapters/vulkan/reduce.h"

namespace evergpu::adapters::vulkan {

Result<std::unique_ptr<VulkanExecutable>> make_library(const compiler::Library& library,
                                                       Context& context) {
  if (library.operation.kind == ir::Kind::reduce) return make_library_reduce(library, context);
  return unimplemented(
      fmt::format("the Vulkan adapter has no kernel for {} yet", name_of(library.operation.kind)));
}

}  // namespace evergpu::adapters::vulkan
