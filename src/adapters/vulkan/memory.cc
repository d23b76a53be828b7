#include "adapters/vulkan/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace evergpu::adapters::vulkan {
namespace {

constexpr std::uint64_t chunk_size = std::uint64_t{64} << 20;
constexpr std::uint64_t block_alignment = 256;  // the greatest buffer alignment that Vulkan allows

std::uint64_t round_up(std::uint64_t x, std::uint64_t step) { return (x + step - 1) / step * step; }

}  // namespace

Result<std::unique_ptr<Chunk>> Chunk::create(const std::shared_ptr<const Context>& context,
                                             std::uint64_t bytes, VkMemoryPropertyFlags flags,
                                             VkMemoryPropertyFlags preferred) {
  const DeviceFunctions& functions = context->functions();
  const VkDevice device = context->device();
  VkPhysicalDeviceMemoryProperties2 memory = {};
  memory.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2;
  context->instance().functions().GetPhysicalDeviceMemoryProperties2(context->physical().handle,
                                                                     &memory);
  std::unique_ptr<Chunk> made(new Chunk(context));
  made->bytes_ = bytes;
  VkBufferCreateInfo buffer = {};
  buffer.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
  buffer.size = bytes;
  buffer.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                 VK_BUFFER_USAGE_TRANSFER_DST_BIT;
  const bool addresses = context->capabilities().device_addresses;
  VkMemoryAllocateFlagsInfo addressed = {};
  addressed.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO;
  if (addresses) {
    buffer.usage |= VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;
    addressed.flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT;
  }
  EVERGPU_RETURN_IF_ERROR(
      check(functions.CreateBuffer(device, &buffer, nullptr, &made->buffer_), "allocating memory"));
  VkMemoryRequirements needs = {};
  functions.GetBufferMemoryRequirements(device, made->buffer_, &needs);

  Status status = resource_exhausted("the GPU has no memory of the kind that is needed");
  for (const VkMemoryPropertyFlags wanted : {flags | preferred, flags}) {
    for (std::uint32_t type = 0; type < memory.memoryProperties.memoryTypeCount; ++type) {
      const VkMemoryPropertyFlags has = memory.memoryProperties.memoryTypes[type].propertyFlags;
      if ((needs.memoryTypeBits >> type & 1) == 0 || (has & wanted) != wanted) continue;
      VkMemoryAllocateInfo allocate = {};
      allocate.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO;
      allocate.pNext = &addressed;
      allocate.allocationSize = needs.size;
      allocate.memoryTypeIndex = type;
      status = check(functions.AllocateMemory(device, &allocate, nullptr, &made->memory_),
                     "a block of memory");
      if (!status.ok()) {
        made->memory_ = VK_NULL_HANDLE;
        continue;
      }
      EVERGPU_RETURN_IF_ERROR(
          check(functions.BindBufferMemory(device, made->buffer_, made->memory_, 0),
                "allocating memory"));
      if (addresses) {
        VkBufferDeviceAddressInfo info = {};
        info.sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO;
        info.buffer = made->buffer_;
        made->address_ = functions.GetBufferDeviceAddress(device, &info);
      }
      constexpr VkMemoryPropertyFlags direct =
          VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
      if ((has & direct) == direct) {
        void* mapped = nullptr;
        EVERGPU_RETURN_IF_ERROR(
            check(functions.MapMemory(device, made->memory_, 0, VK_WHOLE_SIZE, 0, &mapped),
                  "mapping memory"));
        made->mapped_ = static_cast<std::byte*>(mapped);
      }
      return made;
    }
  }
  return status;
}

Chunk::~Chunk() {
  const DeviceFunctions& functions = context_->functions();
  functions.DestroyBuffer(context_->device(), buffer_, nullptr);
  functions.FreeMemory(context_->device(), memory_, nullptr);  // unmaps
}

MemoryPool::MemoryPool(std::shared_ptr<const Context> context, std::uint64_t limit)
    : context_(std::move(context)),
      limit_(limit),
      red_zones_(context_->red_zone_bytes() == 0 ? nullptr : std::make_unique<RedZones>()) {}

Result<std::unique_ptr<Memory>> MemoryPool::allocate(std::size_t bytes) {
  const std::uint64_t block_bytes =
      round_up(std::max<std::uint64_t>(bytes, 1), block_alignment) + 2 * context_->red_zone_bytes();
  const auto no_room = [&] {
    return resource_exhausted(
        fmt::format("no room for {} bytes on {}: {} of the {} bytes evergpu may use are taken; try "
                    "a smaller batch",
                    bytes, context_->physical().name, used_bytes_, limit_));
  };
  Divided* best = nullptr;
  std::uint64_t best_bytes = UINT64_MAX;
  for (const auto& divided : chunks_) {
    for (const auto& [offset, size] : divided->free) {
      if (size < block_bytes || size >= best_bytes) continue;
      best = divided.get();
      best_bytes = size;
    }
  }
  if (best == nullptr) {
    if (chunk_bytes_ + block_bytes > limit_) return no_room();
    const std::uint64_t size =
        std::min(block_bytes > chunk_size / 2 ? round_up(block_bytes, 1 << 20) : chunk_size,
                 limit_ - chunk_bytes_);
    constexpr VkMemoryPropertyFlags local = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
    constexpr VkMemoryPropertyFlags visible =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    auto chunk = red_zones_ ? Chunk::create(context_, size, visible, local)
                            : Chunk::create(context_, size, local, visible);
    if (!chunk.ok())
      return chunk.status().code() == Code::resource_exhausted ? no_room() : chunk.status();
    chunks_.push_back(std::make_unique<Divided>());
    best = chunks_.back().get();
    best->chunk = std::move(*chunk);
    best->free.emplace(0, size);
    chunk_bytes_ += size;
  }
  return take(*best, bytes, block_bytes);
}

std::unique_ptr<Memory> MemoryPool::take(Divided& from, std::size_t bytes,
                                         std::uint64_t block_bytes) {
  auto best = from.free.end();
  for (auto it = from.free.begin(); it != from.free.end(); ++it) {
    if (it->second >= block_bytes && (best == from.free.end() || it->second < best->second))
      best = it;
  }
  const auto [offset, size] = *best;
  from.free.erase(best);
  if (size > block_bytes) from.free.emplace(offset + block_bytes, size - block_bytes);
  used_bytes_ += block_bytes;
  const Span taken = {from.chunk.get(), offset, block_bytes};
  Span block = taken;
  if (red_zones_) {
    block = {taken.chunk, offset + RedZones::zone_bytes, round_up(bytes, 4)};
    red_zones_->add(taken, bytes);
  }
  return std::make_unique<VulkanMemory>(shared_from_this(), bytes, block, taken);
}

void MemoryPool::give_back(const Span& taken) {
  if (red_zones_) {
    red_zones_->retire(taken);
  } else {
    release(taken);
  }
}

Status MemoryPool::check_red_zones() {
  if (!red_zones_) return {};
  return red_zones_->check([&](const Span& taken) { release(taken); });
}

void MemoryPool::release(const Span& taken) {
  const std::uint64_t offset = taken.offset;
  std::uint64_t bytes = taken.bytes;
  used_bytes_ -= bytes;
  const auto divided = std::find_if(chunks_.begin(), chunks_.end(),
                                    [&](const auto& d) { return d->chunk.get() == taken.chunk; });
  auto& free = (*divided)->free;
  const auto next = free.lower_bound(offset);
  if (next != free.end() && next->first == offset + bytes) {
    bytes += next->second;
    free.erase(next);
  }
  if (const auto after = free.lower_bound(offset); after != free.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second == offset) {
      before->second += bytes;
      return;
    }
  }
  free.emplace(offset, bytes);
}

bool MemoryPool::has_unused() const {
  return std::any_of(chunks_.begin(), chunks_.end(), [](const auto& d) {
    return d->free.size() == 1 && d->free.begin()->second == d->chunk->bytes();
  });
}

void MemoryPool::release_unused() {
  std::erase_if(chunks_, [&](const auto& d) {
    if (d->free.size() != 1 || d->free.begin()->second != d->chunk->bytes()) return false;
    chunk_bytes_ -= d->chunk->bytes();
    return true;
  });
}

Result<Span> span_of(Region region, std::size_t bytes) {
  const auto* memory = static_cast<const VulkanMemory*>(region.memory);
  if (region.offset + round_up(bytes, 4) > round_up(memory->bytes(), block_alignment)) {
    return internal_error(fmt::format("bytes [{}, {}) of a block of {}", region.offset,
                                      region.offset + bytes, memory->bytes()));
  }
  return Span{&memory->chunk(), memory->offset() + region.offset, bytes};
}

}  // namespace evergpu::adapters::vulkan
