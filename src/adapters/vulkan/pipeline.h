// An opened Vulkan device with what it can do, and the compute pipelines made on it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/vulkan/functions.h"
#include "adapters/vulkan/instance.h"
#include "adapters/vulkan/pipeline_cache.h"
#include "adapters/vulkan/tiles.h"

namespace evergpu::adapters::vulkan {

class Context;

/// A compute pipeline over one descriptor set of storage buffers: binding 0 the arguments, then,
/// where it takes descriptors, the buffers.
class Pipeline {
 public:
  Pipeline(std::shared_ptr<const Context> context, VkPipeline pipeline, int buffers,
           Binding binding)
      : context_(std::move(context)), pipeline_(pipeline), buffers_(buffers), binding_(binding) {}
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  VkPipeline handle() const { return pipeline_; }
  /// How many buffers it takes, the arguments not counted.
  int buffers() const { return buffers_; }
  /// How many of them have descriptors.
  int descriptors() const { return binding_ == Binding::descriptors ? buffers_ : 0; }
  Binding binding() const { return binding_; }

 private:
  std::shared_ptr<const Context> context_;
  VkPipeline pipeline_;
  int buffers_;
  Binding binding_;
};

/// The logical device. Everything made on it holds it.
class Context : public std::enable_shared_from_this<Context> {
 public:
  /// Computes with `tiles`; without them, with those that were remembered for the device, unless
  /// the environment asks for a profile or for tiles; else with its class's.
  static Result<std::shared_ptr<Context>> create(std::shared_ptr<const Instance> instance,
                                                 const PhysicalDevice& physical,
                                                 const std::optional<Tiles>& tiles = {});
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// Features and limits of the device.
  const Capabilities& capabilities() const { return physical_.capabilities; }
  const PhysicalDevice& physical() const { return physical_; }
  const DeviceFunctions& functions() const { return functions_; }
  const Instance& instance() const { return *instance_; }
  VkDevice device() const { return device_; }
  const Tiles& tiles() const { return tiles_; }
  /// Whether work is divided as suits a GPU. EVERGPU_VULKAN_TILES=gpu asks a software rasteriser
  /// for that too.
  bool has_gpu_tiles() const { return has_gpu_tiles_; }
  /// How kernels that could do either reach their buffers: by addresses where that is known to be
  /// faster.
  Binding preferred_binding() const {
    return !has_gpu_tiles_ && physical_.has_fast_addresses ? Binding::addresses
                                                           : Binding::descriptors;
  }
  /// How a kernel of more buffers than a device has descriptors reaches them: by addresses, unless
  /// a software rasteriser is known to be slow with them.
  Binding binding_of_many() const {
    const Capabilities& can = capabilities();  // words that hold bytes have descriptors alone
    const bool slow = physical_.kind == DeviceKind::software && !physical_.has_fast_addresses;
    return can.device_addresses && can.storage_8bit && !slow ? Binding::addresses
                                                             : Binding::descriptors;
  }
  VkQueue queue() const { return queue_; }
  /// Of what lies before and after each block of memory for finding kernels that write there; 0
  /// unless EVERGPU_RED_ZONES=1.
  std::uint64_t red_zone_bytes() const { return red_zone_bytes_; }

  /// The layouts for pipelines over `buffers` storage buffers (the arguments not counted).
  struct Layout {
    VkDescriptorSetLayout set = VK_NULL_HANDLE;
    VkPipelineLayout pipeline = VK_NULL_HANDLE;
  };
  Result<Layout> layout(int buffers);

  /// A pipeline of a compute shader with entry point "main". Its storage buffers are bindings 0
  /// (the arguments, a readonly `uint arguments[]`) and 1 … `buffers` of set 0; constant_id i is
  /// `specialization_constants[i]`.
  Result<std::shared_ptr<Pipeline>> pipeline(
      std::span<const std::uint32_t> spirv, int buffers,
      std::span<const std::uint32_t> specialization_constants = {},
      Binding binding = Binding::descriptors);
  /// The same for a kernel of the library, found by its name: all who use it at a time share one
  /// pipeline.
  Result<std::shared_ptr<Pipeline>> library_pipeline(
      std::string_view name, int buffers, std::span<const std::uint32_t> specialization_constants,
      Binding binding);

 private:
  Context(std::shared_ptr<const Instance> instance, PhysicalDevice physical,
          const std::optional<Tiles>& tiles);
  Status dump(std::span<const std::uint32_t> spirv);

  const std::shared_ptr<const Instance> instance_;
  const PhysicalDevice physical_;
  const bool has_gpu_tiles_;
  const Tiles tiles_;
  const std::uint64_t red_zone_bytes_;
  VkDevice device_ = VK_NULL_HANDLE;
  VkQueue queue_ = VK_NULL_HANDLE;
  DeviceFunctions functions_;
  PipelineCache cache_;
  std::map<int, Layout> layouts_;
  std::map<std::pair<std::string, std::vector<std::uint32_t>>, std::weak_ptr<Pipeline>> library_;
  const std::string
      dump_folder_;  // EVERGPU_VULKAN_DUMP: where each module is written; empty: nowhere
  int dumped_ = 0;
};

}  // namespace evergpu::adapters::vulkan
