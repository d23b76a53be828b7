#include "adapters/vulkan/encoder.h"

#include <algorithm>

#include "adapters/vulkan/memory.h"
#include "adapters/vulkan/queue.h"

namespace evergpu::adapters::vulkan {

Groups spread_groups(std::uint64_t count) {
  constexpr std::uint64_t limit = 65535;
  constexpr std::uint64_t row = 256;
  if (count == 0) return {0, 1, 1};
  const std::uint64_t rows = std::min((count + row - 1) / row, limit);
  return {static_cast<std::uint32_t>((count + rows - 1) / rows), static_cast<std::uint32_t>(rows),
          1};
}

Status Encoder::dispatch(const Pipeline& pipeline, std::span<const BufferUse> buffers,
                         std::span<const std::uint32_t> arguments, Groups groups,
                         std::uint64_t work_parts) {
  if (std::find(groups.begin(), groups.end(), 0U) != groups.end()) return {};
  const std::uint32_t most = queue_.context().capabilities().max_groups;
  if (std::any_of(groups.begin(), groups.end(), [&](std::uint32_t n) { return n > most; }))
    return resource_exhausted(
        "a kernel of more workgroups than the GPU takes; try a smaller batch");
  std::vector<CommandQueue::Use> uses;
  uses.reserve(buffers.size());
  for (const BufferUse& buffer : buffers) {
    const Result<Span> span = span_of(buffer.region, buffer.bytes);
    if (!span.ok()) return span.status();
    uses.push_back({*span, buffer.access != BufferUse::Access::write,
                    buffer.access != BufferUse::Access::read});
  }
  return queue_.dispatch(pipeline, uses, arguments, groups, work_ / work_parts);
}

Result<Region> Encoder::scratch(std::size_t bytes) {
  Result<std::unique_ptr<Memory>> memory = memory_.allocate(bytes);
  if (!memory.ok()) return memory.status();
  scratch_.push_back(std::move(*memory));
  return Region{scratch_.back().get(), 0};
}

Status Encoder::fill(Region region, std::size_t bytes, std::uint32_t word) {
  if (bytes == 0) return {};
  const Result<Span> span = span_of(region, bytes);
  if (!span.ok()) return span.status();
  return queue_.fill(*span, word);
}

Status Encoder::copy(Region to, Region from, std::size_t bytes) {
  if (bytes == 0) return {};
  const Result<Span> target = span_of(to, bytes);
  if (!target.ok()) return target.status();
  const Result<Span> source = span_of(from, bytes);
  if (!source.ok()) return source.status();
  return queue_.copy(*target, *source);
}

}  // namespace evergpu::adapters::vulkan
