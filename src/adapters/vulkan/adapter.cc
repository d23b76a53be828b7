// Vulkan devices behind the interface of adapters. Launches are recorded; the queue runs them.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "adapters/vulkan/encoder.h"
#include "adapters/vulkan/executable.h"
#include "adapters/vulkan/memory.h"
#include "adapters/vulkan/queue.h"
#include "adapters/vulkan/tune.h"
#include "adapters/vulkan/tuning.h"
#include "adapters/vulkan/vulkan.h"
#include "base/log.h"
#include "base/os.h"
#include "compiler/plan.h"

namespace evergpu::adapters {
namespace {

using vulkan::Binding;
using vulkan::Chunk;
using vulkan::CommandQueue;
using vulkan::Context;
using vulkan::DeviceKind;
using vulkan::Encoder;
using vulkan::Instance;
using vulkan::MemoryPool;
using vulkan::PhysicalDevice;
using vulkan::RedZones;
using vulkan::Span;
using vulkan::VulkanExecutable;

// Copies that cannot be direct go through a buffer of this size, in pieces.
constexpr std::size_t staging_bytes = 8 << 20;

std::string name_of(const PhysicalDevice& device) {
  return device.kind == DeviceKind::software
             ? fmt::format("software rasteriser (no GPU): {}", device.name)
             : device.name;
}

DeviceInfo describe(const Context& context) {
  const PhysicalDevice& device = context.physical();
  DeviceInfo info;
  info.adapter = "vulkan";
  info.is_gpu = device.kind != DeviceKind::software;
  info.name = name_of(device);
  info.vendor = vulkan::vendor_name(device.vendor_id);
  // Headroom for the desktop, the driver, and what is lost between blocks.
  std::uint64_t most = device.memory_bytes / 10 * 9;
  if (device.kind != DeviceKind::discrete)
    most = std::min<std::uint64_t>(most, os::memory_limit() / 5 * 4);
  info.memory_bytes = static_cast<std::size_t>(most);
  info.alignment = std::max<std::size_t>(device.capabilities.buffer_alignment, 64);
  // A software driver compiles the Loop once for each element of a tile, which takes seconds.
  info.pipelines.contractions = context.has_gpu_tiles();
  info.separate_temporaries = context.red_zone_bytes() > 0;
  // One workgroup runs them; more elements are faster shared among several.
  constexpr std::uint32_t most_operands = 64;
  const std::uint32_t descriptors = std::min(device.capabilities.max_buffers - 1, most_operands);
  info.sequences = {
      .elements = 2048,
      .operands = descriptors,
      .elements_apart = 1 << 20,
      .operands_apart = context.binding_of_many() == Binding::addresses ? 512 : descriptors};
  return info;
}

class VulkanDevice final : public Device {
 public:
  VulkanDevice(std::shared_ptr<Context> context, std::unique_ptr<CommandQueue> queue,
               std::unique_ptr<Chunk> staging)
      : context_(std::move(context)),
        info_(describe(*context_)),
        memory_(std::make_shared<MemoryPool>(context_, info_.memory_bytes)),
        staging_(std::move(staging)),
        queue_(std::move(queue)),
        poison_(os::environment("EVERGPU_POISON") == "1") {}
  ~VulkanDevice() override {
    if (memory_->red_zones() == nullptr) return;
    if (const Status status = wait(); !status.ok()) log::warning(status.message());
  }

  const DeviceInfo& info() const override { return info_; }

  Result<std::unique_ptr<Memory>> allocate(std::size_t bytes) override {
    auto memory = memory_->allocate(bytes);
    const RedZones* const zones = memory_->red_zones();
    if (!memory.ok() && memory.status().code() == Code::resource_exhausted &&
        (memory_->has_unused() || (zones != nullptr && zones->has_retired()))) {
      EVERGPU_RETURN_IF_ERROR(wait());
      memory_->release_unused();
      memory = memory_->allocate(bytes);
    }
    if (memory.ok() && poison_) {
      const Span& block = static_cast<const vulkan::VulkanMemory&>(**memory).block();
      if (block.bytes > 0) EVERGPU_RETURN_IF_ERROR(queue_->fill(block, 0xffffffffU));
    }
    return memory;
  }

  Status upload(Region to, std::span<const std::byte> from) override {
    if (from.empty()) return {};
    const Result<Span> target = vulkan::span_of(to, from.size());
    if (!target.ok()) return target.status();
    std::byte* const mapped = target->chunk->mapped();
    if (mapped != nullptr && queue_->idle()) {
      std::memcpy(mapped + target->offset, from.data(), from.size());
      return {};
    }
    for (std::size_t at = 0; at < from.size(); at += staging_bytes) {
      const std::size_t bytes = std::min(staging_bytes, from.size() - at);
      EVERGPU_RETURN_IF_ERROR(queue_->wait());  // the piece before has been copied
      std::memcpy(staging_->mapped(), from.data() + at, bytes);
      EVERGPU_RETURN_IF_ERROR(
          queue_->copy({target->chunk, target->offset + at, bytes}, {staging_.get(), 0, bytes}));
    }
    return wait();
  }

  Status download(std::span<std::byte> to, Region from) override {
    if (to.empty()) return {};
    const Result<Span> source = vulkan::span_of(from, to.size());
    if (!source.ok()) return source.status();
    EVERGPU_RETURN_IF_ERROR(wait());
    if (const std::byte* const mapped = source->chunk->mapped()) {
      std::memcpy(to.data(), mapped + source->offset, to.size());
      return {};
    }
    for (std::size_t at = 0; at < to.size(); at += staging_bytes) {
      const std::size_t bytes = std::min(staging_bytes, to.size() - at);
      EVERGPU_RETURN_IF_ERROR(
          queue_->copy({staging_.get(), 0, bytes}, {source->chunk, source->offset + at, bytes}));
      EVERGPU_RETURN_IF_ERROR(queue_->wait());
      std::memcpy(to.data() + at, staging_->mapped(), bytes);
    }
    return {};
  }

  Status copy(Region to, Region from, std::size_t bytes) override {
    if (bytes == 0) return {};
    const Result<Span> target = vulkan::span_of(to, bytes);
    if (!target.ok()) return target.status();
    const Result<Span> source = vulkan::span_of(from, bytes);
    if (!source.ok()) return source.status();
    const bool overlaps = target->chunk == source->chunk &&
                          target->offset < source->offset + bytes &&
                          source->offset < target->offset + bytes;
    if (!overlaps) return queue_->copy(*target, *source);
    Encoder encoder(*queue_, *memory_, 0);
    const Result<Region> between = encoder.scratch(bytes);
    if (!between.ok()) return between.status();
    EVERGPU_RETURN_IF_ERROR(encoder.copy(*between, from, bytes));
    return encoder.copy(to, *between, bytes);
  }

  Result<std::unique_ptr<Executable>> compile(const compiler::Kernel& kernel) override {
    try {
      auto made = make(kernel);
      if (!made.ok()) return made.status();
      return std::unique_ptr<Executable>(std::move(*made));
    } catch (const std::bad_alloc&) {
      return resource_exhausted("this machine has no memory left for compiling a kernel");
    }
  }

  Status launch(Executable& executable, const compiler::Kernel& kernel,
                std::span<const Region> inputs, std::span<const Region> outputs) override {
    try {
      Encoder encoder(*queue_, *memory_, compiler::work_of(kernel));
      if (measures_) queue_->begin_interval();
      if (RedZones* const zones = memory_->red_zones())
        zones->note(compiler::summary(kernel), outputs);
      EVERGPU_RETURN_IF_ERROR(
          static_cast<VulkanExecutable&>(executable).encode(kernel, inputs, outputs, encoder));
      return measures_ ? queue_->end_interval() : Status();
    } catch (const std::bad_alloc&) {
      return resource_exhausted("this machine has no memory left for launching a kernel");
    }
  }

  Status wait() override {
    EVERGPU_RETURN_IF_ERROR(queue_->wait());
    return memory_->check_red_zones();
  }

  bool measure(bool on) override {
    queue_->clear_intervals();
    measures_ = on && vulkan::has_clock(context_->physical());
    return measures_;
  }
  Result<std::vector<Interval>> measured() override { return queue_->intervals(); }
  std::optional<QueueCounts> queue_counts() const override { return queue_->counts(); }

 private:
  Result<std::unique_ptr<VulkanExecutable>> make(const compiler::Kernel& kernel) {
    if (const auto* loop = std::get_if<compiler::Loop>(&kernel))
      return vulkan::make_loop(*loop, *context_);
    if (const auto* sequence = std::get_if<compiler::Sequence>(&kernel))
      return vulkan::make_sequence(*sequence, *context_);
    if (const auto* pipeline = std::get_if<compiler::Pipeline>(&kernel))
      return vulkan::make_pipeline(*pipeline, *context_);
    return vulkan::make_library(std::get<compiler::Library>(kernel), *context_);
  }

  // Destroyed from below: the queue first, which waits for what is in flight.
  const std::shared_ptr<Context> context_;
  const DeviceInfo info_;
  const std::shared_ptr<MemoryPool> memory_;
  const std::unique_ptr<Chunk> staging_;
  const std::unique_ptr<CommandQueue> queue_;
  const bool poison_;
  bool measures_ = false;
};

class Vulkan final : public VulkanAdapter {
 public:
  explicit Vulkan(std::shared_ptr<const Instance> instance) : instance_(std::move(instance)) {
    for (const PhysicalDevice& device : instance_->devices())
      candidates_.push_back({name_of(device), device.kind != DeviceKind::software});
  }

  int device_count() const override { return static_cast<int>(candidates_.size()); }
  const std::vector<VulkanCandidate>& candidates() const override { return candidates_; }

  Result<std::unique_ptr<Device>> open(int index) override { return open_with(index, {}); }

  Result<std::vector<TileRate>> tune(
      int index, const std::function<void(const TileRate&)>& measured) override {
    const auto physical = this->physical(index);
    if (!physical.ok()) return physical.status();
    const PhysicalDevice& device = **physical;
    EVERGPU_RETURN_IF_ERROR(vulkan::can_remember(device));
    vulkan::TuneSettings settings;
    settings.start = vulkan::default_tiles(device, device.kind != DeviceKind::software);
    settings.open = [&](const vulkan::Tiles& tiles) { return open_with(index, tiles); };
    settings.measured = measured;
    auto tuning = vulkan::measure_tiles(device.capabilities, vulkan::usual_workloads(), settings);
    if (!tuning.ok()) return tuning.status();
    EVERGPU_RETURN_IF_ERROR(vulkan::remember_tiles(device, tuning->tiles));
    return std::move(tuning->rows);
  }

  Result<bool> forget_tiles(int index) override {
    const auto physical = this->physical(index);
    if (!physical.ok()) return physical.status();
    return vulkan::forget_tiles(**physical);
  }

 private:
  Result<const PhysicalDevice*> physical(int index) const {
    if (index >= 0 && index < device_count())
      return &instance_->devices()[static_cast<std::size_t>(index)];
    return invalid_argument(
        fmt::format("there is no Vulkan device {}: this machine has {}", index, device_count()));
  }

  Result<std::unique_ptr<Device>> open_with(int index, const std::optional<vulkan::Tiles>& tiles) {
    const auto physical = this->physical(index);
    if (!physical.ok()) return physical.status();
    auto context = Context::create(instance_, **physical, tiles);
    if (!context.ok()) return context.status();
    auto queue =
        CommandQueue::create(*context, os::environment("EVERGPU_VULKAN_BARRIERS") == "all");
    if (!queue.ok()) return queue.status();
    auto staging =
        Chunk::create(*context, staging_bytes,
                      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
                      VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
    if (!staging.ok()) return staging.status();
    return std::unique_ptr<Device>(
        std::make_unique<VulkanDevice>(*context, std::move(*queue), std::move(*staging)));
  }

  const std::shared_ptr<const Instance> instance_;
  std::vector<VulkanCandidate> candidates_;
};

}  // namespace

Result<std::unique_ptr<VulkanAdapter>> make_vulkan_adapter(const std::string& loader) {
  auto instance = Instance::create(loader);
  if (!instance.ok()) return instance.status();
  if ((*instance)->devices().empty()) {
    return Status(Code::failed_precondition,
                  "Vulkan finds no device with version 1.2 and a compute queue. Install or update "
                  "the GPU maker's driver; on Debian and Ubuntu for AMD and Intel: apt install "
                  "mesa-vulkan-drivers");
  }
  return std::unique_ptr<VulkanAdapter>(std::make_unique<Vulkan>(std::move(*instance)));
}

}  // namespace evergpu::adapters
