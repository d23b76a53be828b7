#include "adapters/vulkan/queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace evergpu::adapters::vulkan {
namespace {

constexpr std::size_t batch_count = 4;
// Early enough that the device does not starve, large enough that submitting costs little.
constexpr int batch_commands = 64;
constexpr std::uint64_t batch_argument_bytes = 1 << 20;
constexpr std::uint32_t pool_sets = 64;
constexpr std::uint32_t pool_descriptors = pool_sets * 12;
constexpr std::uint64_t timeout_nanoseconds = std::uint64_t{600} * 1000 * 1000 * 1000;

}  // namespace

Result<std::unique_ptr<CommandQueue>> CommandQueue::create(std::shared_ptr<Context> context,
                                                           bool barriers_everywhere,
                                                           std::uint64_t most_work) {
  std::unique_ptr<CommandQueue> made(
      new CommandQueue(std::move(context), barriers_everywhere, most_work));
  EVERGPU_RETURN_IF_ERROR(made->set_up());
  return made;
}

Status CommandQueue::set_up() {
  const DeviceFunctions& functions = context_->functions();
  const VkDevice device = context_->device();
  VkCommandPoolCreateInfo pool = {};
  pool.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO;
  pool.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
  pool.queueFamilyIndex = context_->physical().queue_family;
  EVERGPU_RETURN_IF_ERROR(check(functions.CreateCommandPool(device, &pool, nullptr, &command_pool_),
                                "making a command pool"));
  VkSemaphoreTypeCreateInfo timeline = {};
  timeline.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO;
  timeline.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE;
  VkSemaphoreCreateInfo semaphore = {};
  semaphore.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO;
  semaphore.pNext = &timeline;
  EVERGPU_RETURN_IF_ERROR(check(functions.CreateSemaphore(device, &semaphore, nullptr, &semaphore_),
                                "making a semaphore"));
  batches_.resize(batch_count);
  for (Batch& batch : batches_) {
    VkCommandBufferAllocateInfo commands = {};
    commands.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
    commands.commandPool = command_pool_;
    commands.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
    commands.commandBufferCount = 1;
    EVERGPU_RETURN_IF_ERROR(
        check(functions.AllocateCommandBuffers(device, &commands, &batch.commands),
              "making a command buffer"));
    auto arguments =
        Chunk::create(context_, batch_argument_bytes,
                      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
                      VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
    if (!arguments.ok()) return arguments.status();
    batch.arguments = std::move(*arguments);
  }
  return {};
}

CommandQueue::~CommandQueue() {
  const DeviceFunctions& functions = context_->functions();
  const VkDevice device = context_->device();
  functions.DeviceWaitIdle(device);
  for (Batch& batch : batches_)
    for (VkDescriptorPool pool : batch.pools)
      functions.DestroyDescriptorPool(device, pool, nullptr);
  functions.DestroySemaphore(device, semaphore_, nullptr);
  functions.DestroyCommandPool(device, command_pool_, nullptr);
}

Status CommandQueue::remember(Status status) {
  if (!status.ok() && failed_.ok()) failed_ = status;
  return status;
}

Status CommandQueue::begin() {
  if (!failed_.ok()) return failed_;
  if (batches_[current_].recorded >= batch_commands) EVERGPU_RETURN_IF_ERROR(submit());
  Batch& batch = batches_[current_];
  if (batch.open) return {};
  EVERGPU_RETURN_IF_ERROR(wait_for(batch.done_at));
  const DeviceFunctions& functions = context_->functions();
  for (VkDescriptorPool pool : batch.pools)
    EVERGPU_RETURN_IF_ERROR(remember(
        check(functions.ResetDescriptorPool(context_->device(), pool, 0), "reusing descriptors")));
  batch.pool = 0;
  batch.argument_bytes = 0;
  batch.recorded = 0;
  batch.work = 0;
  VkCommandBufferBeginInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
  info.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
  EVERGPU_RETURN_IF_ERROR(
      remember(check(functions.BeginCommandBuffer(batch.commands, &info), "recording commands")));
  batch.open = true;
  return {};
}

Status CommandQueue::precede(std::span<const Use> uses) {
  const bool needed =
      barriers_everywhere_ || std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
        return hazards_.conflicts(use.span, use.writes);
      });
  if (needed) {
    constexpr VkPipelineStageFlags stages =
        VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
    VkMemoryBarrier barrier = {};
    barrier.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
    barrier.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
    barrier.dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT |
                            VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
    context_->functions().CmdPipelineBarrier(batches_[current_].commands, stages, stages, 0, 1,
                                             &barrier, 0, nullptr, 0, nullptr);
    hazards_.clear();
    ++counts_.barriers;
  }
  for (const Use& use : uses) hazards_.add(use.span, use.writes);
  if (!begins_interval_) return {};
  begins_interval_ = false;
  return remember(timestamps_.begin(batches_[current_].commands));
}

Status CommandQueue::end_interval() {
  // The command before was recorded in this batch, unless there was none.
  if (!batches_[current_].open) EVERGPU_RETURN_IF_ERROR(begin());
  const VkCommandBuffer commands = batches_[current_].commands;
  if (begins_interval_) EVERGPU_RETURN_IF_ERROR(remember(timestamps_.begin(commands)));
  begins_interval_ = false;
  return remember(timestamps_.end(commands));
}

Result<VkDescriptorSet> CommandQueue::descriptor_set(VkDescriptorSetLayout layout) {
  const DeviceFunctions& functions = context_->functions();
  Batch& batch = batches_[current_];
  for (;; ++batch.pool) {
    const bool fresh = batch.pool == batch.pools.size();
    if (fresh) {
      VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, pool_descriptors};
      VkDescriptorPoolCreateInfo info = {};
      info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO;
      info.maxSets = pool_sets;
      info.poolSizeCount = 1;
      info.pPoolSizes = &size;
      VkDescriptorPool pool = VK_NULL_HANDLE;
      EVERGPU_RETURN_IF_ERROR(
          check(functions.CreateDescriptorPool(context_->device(), &info, nullptr, &pool),
                "making descriptors"));
      batch.pools.push_back(pool);
    }
    VkDescriptorSetAllocateInfo info = {};
    info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO;
    info.descriptorPool = batch.pools[batch.pool];
    info.descriptorSetCount = 1;
    info.pSetLayouts = &layout;
    VkDescriptorSet set = VK_NULL_HANDLE;
    const VkResult result = functions.AllocateDescriptorSets(context_->device(), &info, &set);
    if (result == VK_SUCCESS) return set;
    const bool full = result == VK_ERROR_OUT_OF_POOL_MEMORY || result == VK_ERROR_FRAGMENTED_POOL;
    if (!full || fresh) return check(result, "making descriptors");
  }
}

Status CommandQueue::check_uses(const Pipeline& pipeline, std::span<const Use> uses) const {
  if (static_cast<int>(uses.size()) != pipeline.buffers())
    return internal_error(
        fmt::format("a kernel of {} buffers was given {}", pipeline.buffers(), uses.size()));
  const Capabilities& can = context_->capabilities();
  for (const Use& use : uses) {
    if (use.span.bytes > can.max_buffer_bytes) {
      return resource_exhausted(
          fmt::format("an array of {} bytes: {} reaches {} bytes of one array; try a smaller batch",
                      use.span.bytes, context_->physical().name, can.max_buffer_bytes));
    }
    if (use.span.offset % can.buffer_alignment != 0)
      return internal_error(fmt::format("a region begins at byte {}, not at a multiple of {}",
                                        use.span.offset, can.buffer_alignment));
  }
  return {};
}

Status CommandQueue::dispatch(const Pipeline& pipeline, std::span<const Use> uses,
                              std::span<const std::uint32_t> arguments,
                              const std::array<std::uint32_t, 3>& groups, std::uint64_t work) {
  EVERGPU_RETURN_IF_ERROR(check_uses(pipeline, uses));
  count_bytes(uses);
  const std::uint32_t all = groups[1];
  const std::uint64_t wanted = (work + most_work_ - 1) / most_work_;
  const auto pieces = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(wanted, 1, all));
  for (std::uint32_t piece = 0; piece < pieces; ++piece) {
    const auto row = [&](std::uint32_t number) {
      return static_cast<std::uint32_t>(std::uint64_t{all} * number / pieces);
    };
    EVERGPU_RETURN_IF_ERROR(dispatch_rows(pipeline, uses, arguments, groups,
                                          {row(piece), row(piece + 1) - row(piece)},
                                          work / pieces));
  }
  return {};
}

Status CommandQueue::dispatch_rows(const Pipeline& pipeline, std::span<const Use> uses,
                                   std::span<const std::uint32_t> arguments,
                                   const std::array<std::uint32_t, 3>& groups, Rows rows,
                                   std::uint64_t work) {
  const Capabilities& can = context_->capabilities();
  std::vector<VkDeviceAddress> addresses;
  if (pipeline.binding() == Binding::addresses)
    for (const Use& use : uses) addresses.push_back(use.span.chunk->address() + use.span.offset);
  const std::uint64_t address_bytes = addresses.size() * sizeof(VkDeviceAddress);
  // An empty array cannot be bound, so it is four bytes of what is there.
  const std::uint64_t argument_bytes =
      std::max<std::uint64_t>(address_bytes + arguments.size_bytes(), 4);
  if (argument_bytes > batch_argument_bytes)
    return internal_error(fmt::format("{} bytes of launch arguments", argument_bytes));
  EVERGPU_RETURN_IF_ERROR(begin());
  const std::uint64_t step = can.buffer_alignment;
  const Batch& open = batches_[current_];
  if (open.argument_bytes + argument_bytes > batch_argument_bytes ||
      (open.work > 0 && open.work + work > most_work_)) {
    EVERGPU_RETURN_IF_ERROR(submit());
    EVERGPU_RETURN_IF_ERROR(begin());
  }
  Batch& batch = batches_[current_];
  const DeviceFunctions& functions = context_->functions();
  const Result<Context::Layout> layout = context_->layout(pipeline.descriptors());
  if (!layout.ok()) return layout.status();
  const Result<VkDescriptorSet> set = descriptor_set(layout->set);
  if (!set.ok()) return set.status();

  std::byte* const written = batch.arguments->mapped() + batch.argument_bytes;
  if (!addresses.empty()) std::memcpy(written, addresses.data(), address_bytes);
  if (!arguments.empty())
    std::memcpy(written + address_bytes, arguments.data(), arguments.size_bytes());
  std::vector<VkDescriptorBufferInfo> infos;
  infos.reserve(uses.size() + 1);
  infos.push_back({batch.arguments->buffer(), batch.argument_bytes, argument_bytes});
  batch.argument_bytes = (batch.argument_bytes + argument_bytes + step - 1) / step * step;
  for (const Use& use : uses) {
    if (pipeline.binding() == Binding::addresses) break;
    const std::uint64_t bytes = std::max<std::uint64_t>((use.span.bytes + 3) / 4 * 4, 4);
    // A driver may drop what is stored outside of a binding, where nobody would notice.
    const std::uint64_t bound = std::min(bytes + context_->red_zone_bytes(), can.max_buffer_bytes);
    infos.push_back({use.span.chunk->buffer(), use.span.offset, bound});
  }
  VkWriteDescriptorSet write = {};
  write.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET;
  write.dstSet = *set;
  write.descriptorCount = static_cast<std::uint32_t>(infos.size());
  write.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
  write.pBufferInfo = infos.data();
  functions.UpdateDescriptorSets(context_->device(), 1, &write, 0, nullptr);

  EVERGPU_RETURN_IF_ERROR(precede(uses));
  functions.CmdBindPipeline(batch.commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline.handle());
  const VkDescriptorSet bound = *set;
  functions.CmdBindDescriptorSets(batch.commands, VK_PIPELINE_BIND_POINT_COMPUTE, layout->pipeline,
                                  0, 1, &bound, 0, nullptr);
  functions.CmdDispatchBase(batch.commands, 0, rows.first, 0, groups[0], rows.count, groups[2]);
  batch.work += work;
  count_command();
  return {};
}

Status CommandQueue::copy(const Span& to, const Span& from) {
  EVERGPU_RETURN_IF_ERROR(begin());
  const Use uses[] = {{from, true, false}, {to, false, true}};
  count_bytes(uses);
  EVERGPU_RETURN_IF_ERROR(precede(uses));
  const VkBufferCopy region = {from.offset, to.offset, to.bytes};
  context_->functions().CmdCopyBuffer(batches_[current_].commands, from.chunk->buffer(),
                                      to.chunk->buffer(), 1, &region);
  count_command();
  return {};
}

Status CommandQueue::fill(const Span& to, std::uint32_t word) {
  EVERGPU_RETURN_IF_ERROR(begin());
  const Use uses[] = {{to, false, true}};
  count_bytes(uses);
  EVERGPU_RETURN_IF_ERROR(precede(uses));
  context_->functions().CmdFillBuffer(batches_[current_].commands, to.chunk->buffer(), to.offset,
                                      to.bytes, word);
  count_command();
  return {};
}

void CommandQueue::count_bytes(std::span<const Use> uses) {
  for (const Use& use : uses) {
    if (use.reads) counts_.bytes_read += use.span.bytes;
    if (use.writes) counts_.bytes_written += use.span.bytes;
  }
}

void CommandQueue::count_command() {
  ++counts_.commands;
  ++batches_[current_].recorded;
}

Status CommandQueue::submit() {
  if (!failed_.ok()) return failed_;
  Batch& batch = batches_[current_];
  if (!batch.open) return {};
  const DeviceFunctions& functions = context_->functions();
  // What the host reads after waiting.
  VkMemoryBarrier barrier = {};
  barrier.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
  barrier.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
  barrier.dstAccessMask = VK_ACCESS_HOST_READ_BIT;
  functions.CmdPipelineBarrier(
      batch.commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
      VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0, nullptr, 0, nullptr);
  batch.open = false;
  EVERGPU_RETURN_IF_ERROR(
      remember(check(functions.EndCommandBuffer(batch.commands), "recording commands")));
  const std::uint64_t value = submitted_ + 1;
  VkTimelineSemaphoreSubmitInfo timeline = {};
  timeline.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO;
  timeline.signalSemaphoreValueCount = 1;
  timeline.pSignalSemaphoreValues = &value;
  VkSubmitInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
  info.pNext = &timeline;
  info.commandBufferCount = 1;
  info.pCommandBuffers = &batch.commands;
  info.signalSemaphoreCount = 1;
  info.pSignalSemaphores = &semaphore_;
  EVERGPU_RETURN_IF_ERROR(remember(check(
      functions.QueueSubmit(context_->queue(), 1, &info, VK_NULL_HANDLE), "submitting work")));
  submitted_ = value;
  batch.done_at = value;
  current_ = (current_ + 1) % batches_.size();
  ++counts_.submissions;
  return {};
}

Status CommandQueue::wait_for(std::uint64_t value) {
  if (value <= completed_) return {};
  VkSemaphoreWaitInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO;
  info.semaphoreCount = 1;
  info.pSemaphores = &semaphore_;
  info.pValues = &value;
  EVERGPU_RETURN_IF_ERROR(remember(
      check(context_->functions().WaitSemaphores(context_->device(), &info, timeout_nanoseconds),
            "its work")));
  completed_ = value;
  return {};
}

Status CommandQueue::wait() {
  EVERGPU_RETURN_IF_ERROR(submit());
  EVERGPU_RETURN_IF_ERROR(wait_for(submitted_));
  hazards_.clear();
  return {};
}

bool CommandQueue::idle() const { return completed_ == submitted_ && !batches_[current_].open; }

}  // namespace evergpu::adapters::vulkan
