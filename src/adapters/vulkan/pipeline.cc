#include "adapters/vulkan/pipeline.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "adapters/vulkan/kernel_words.h"
#include "adapters/vulkan/red_zones.h"
#include "adapters/vulkan/spirv_matrix.h"
#include "adapters/vulkan/tuning.h"
#include "base/log.h"
#include "base/os.h"

namespace evergpu::adapters::vulkan {

Pipeline::~Pipeline() {
  context_->functions().DestroyPipeline(context_->device(), pipeline_, nullptr);
}

namespace {

Tiles tiles_of(const PhysicalDevice& device, bool has_gpu_tiles) {
  const auto asks = [](const char* name) { return os::environment(name).value_or("") != ""; };
  std::optional<Tiles> remembered;
  if (!asks("EVERGPU_VULKAN_TILES") && !asks("EVERGPU_VULKAN_PROFILE"))
    remembered = remembered_tiles(device);
  if (remembered)
    log::info("kernels have the tiles that evergpu tune found; evergpu tune --reset forgets them");
  const bool asks_for_matrices = os::environment("EVERGPU_VULKAN_PROFILE") == "matrix";
  if (asks_for_matrices && device.capabilities.matrices.m == 0)
    log::warning(
        fmt::format("{} has no cooperative matrices that evergpu can use: "
                    "EVERGPU_VULKAN_PROFILE=matrix is as full",
                    device.name));
  Tiles tiles = remembered ? *remembered : default_tiles(device, has_gpu_tiles);
  const std::optional<std::string> winograd = os::environment("EVERGPU_VULKAN_WINOGRAD");
  if (winograd == "always") tiles.winograd = always_winograd();
  if (winograd == "never") tiles.winograd = never_winograd();
  return tiles;
}

}  // namespace

Context::Context(std::shared_ptr<const Instance> instance, PhysicalDevice physical,
                 const std::optional<Tiles>& tiles)
    : instance_(std::move(instance)),
      physical_(std::move(physical)),
      has_gpu_tiles_(physical_.kind != DeviceKind::software ||
                     os::environment("EVERGPU_VULKAN_TILES") == "gpu"),
      tiles_(tiles ? *tiles : tiles_of(physical_, has_gpu_tiles_)),
      red_zone_bytes_(os::environment("EVERGPU_RED_ZONES") == "1" ? RedZones::zone_bytes : 0),
      dump_folder_(os::environment("EVERGPU_VULKAN_DUMP").value_or("")) {}

Status Context::dump(std::span<const std::uint32_t> spirv) {
  if (dump_folder_.empty()) return {};
  const auto path = std::filesystem::path(dump_folder_) / fmt::format("{:05}.spv", dumped_++);
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(spirv.data()),
             static_cast<std::streamsize>(spirv.size_bytes()));
  if (file.flush()) return {};
  return {Code::failed_precondition,
          fmt::format("EVERGPU_VULKAN_DUMP is '{}', where no file can be written", dump_folder_)};
}

Result<std::shared_ptr<Context>> Context::create(std::shared_ptr<const Instance> instance,
                                                 const PhysicalDevice& physical,
                                                 const std::optional<Tiles>& tiles) {
  const float priority = 1;
  VkDeviceQueueCreateInfo queue = {};
  queue.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO;
  queue.queueFamilyIndex = physical.queue_family;
  queue.queueCount = 1;
  queue.pQueuePriorities = &priority;

  const Capabilities& can = physical.capabilities;
  const bool has_matrices = can.matrices.m > 0;
  VkPhysicalDeviceCooperativeMatrixFeaturesKHR matrices = {};
  matrices.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR;
  matrices.cooperativeMatrix = VK_TRUE;
  VkPhysicalDeviceSubgroupSizeControlFeatures subgroups = {};
  subgroups.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES;
  subgroups.pNext = &matrices;
  subgroups.subgroupSizeControl = VK_TRUE;
  subgroups.computeFullSubgroups = VK_TRUE;
  const char* const extensions[] = {VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME,
                                    VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME};
  VkPhysicalDeviceVulkan12Features of_12 = {};
  of_12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
  if (has_matrices) of_12.pNext = &subgroups;
  of_12.vulkanMemoryModel = has_matrices ? VK_TRUE : VK_FALSE;
  of_12.timelineSemaphore = VK_TRUE;
  of_12.storageBuffer8BitAccess = can.storage_8bit ? VK_TRUE : VK_FALSE;
  of_12.shaderFloat16 = can.float16 ? VK_TRUE : VK_FALSE;
  of_12.bufferDeviceAddress = can.device_addresses ? VK_TRUE : VK_FALSE;
  of_12.shaderInt8 = can.int8 ? VK_TRUE : VK_FALSE;
  VkPhysicalDeviceVulkan11Features of_11 = {};
  of_11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES;
  of_11.pNext = &of_12;
  of_11.storageBuffer16BitAccess = can.storage_16bit ? VK_TRUE : VK_FALSE;
  VkPhysicalDeviceFeatures2 features = {};
  features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
  features.pNext = &of_11;
  features.features.shaderFloat64 = can.float64 ? VK_TRUE : VK_FALSE;
  features.features.shaderInt64 = can.int64 ? VK_TRUE : VK_FALSE;
  features.features.shaderInt16 = can.int16 ? VK_TRUE : VK_FALSE;

  VkDeviceCreateInfo wanted = {};
  wanted.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
  wanted.pNext = &features;
  wanted.queueCreateInfoCount = 1;
  wanted.pQueueCreateInfos = &queue;
  if (has_matrices) {
    wanted.enabledExtensionCount = static_cast<std::uint32_t>(std::size(extensions));
    wanted.ppEnabledExtensionNames = extensions;
  }
  std::shared_ptr<Context> made(new Context(std::move(instance), physical, tiles));
  const InstanceFunctions& functions = made->instance_->functions();
  EVERGPU_RETURN_IF_ERROR(
      check(functions.CreateDevice(physical.handle, &wanted, nullptr, &made->device_),
            "opening the GPU"));
  Result<DeviceFunctions> found = load_functions(functions, made->device_);
  if (!found.ok()) return found.status();
  made->functions_ = *found;
  made->cache_.open(made->functions_, made->device_, made->physical_);
  made->functions_.GetDeviceQueue(made->device_, physical.queue_family, 0, &made->queue_);
  return made;
}

Context::~Context() {
  if (functions_.DestroyDevice == nullptr) return;
  cache_.close();
  for (const auto& [buffers, layout] : layouts_) {
    functions_.DestroyPipelineLayout(device_, layout.pipeline, nullptr);
    functions_.DestroyDescriptorSetLayout(device_, layout.set, nullptr);
  }
  functions_.DestroyDevice(device_, nullptr);
}

Result<Context::Layout> Context::layout(int buffers) {
  if (const auto found = layouts_.find(buffers); found != layouts_.end()) return found->second;
  const auto count = static_cast<std::uint32_t>(buffers) + 1;
  if (count > capabilities().max_buffers) {
    return resource_exhausted(fmt::format("a kernel with {} buffers: {} takes {}", count,
                                          physical_.name, capabilities().max_buffers));
  }
  std::vector<VkDescriptorSetLayoutBinding> bindings(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    bindings[i].binding = i;
    bindings[i].descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    bindings[i].descriptorCount = 1;
    bindings[i].stageFlags = VK_SHADER_STAGE_COMPUTE_BIT;
  }
  VkDescriptorSetLayoutCreateInfo set = {};
  set.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO;
  set.bindingCount = count;
  set.pBindings = bindings.data();
  Layout layout;
  EVERGPU_RETURN_IF_ERROR(
      check(functions_.CreateDescriptorSetLayout(device_, &set, nullptr, &layout.set),
            "describing a kernel's buffers"));
  VkPipelineLayoutCreateInfo pipeline = {};
  pipeline.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO;
  pipeline.setLayoutCount = 1;
  pipeline.pSetLayouts = &layout.set;
  const Status status =
      check(functions_.CreatePipelineLayout(device_, &pipeline, nullptr, &layout.pipeline),
            "describing a kernel's buffers");
  if (!status.ok()) {
    functions_.DestroyDescriptorSetLayout(device_, layout.set, nullptr);
    return status;
  }
  layouts_.emplace(buffers, layout);
  return layout;
}

Result<std::shared_ptr<Pipeline>> Context::pipeline(
    std::span<const std::uint32_t> spirv, int buffers,
    std::span<const std::uint32_t> specialization_constants, Binding binding) {
  const int descriptors = binding == Binding::descriptors ? buffers : 0;
  const Result<Layout> layout = this->layout(descriptors);
  if (!layout.ok()) return layout.status();
  const bool has_matrices = uses_nv_matrices(spirv);
  std::vector<std::uint32_t> with_matrices;
  if (has_matrices) spirv = with_matrices = with_khr_matrices(spirv);
  EVERGPU_RETURN_IF_ERROR(dump(spirv));
  VkShaderModuleCreateInfo code = {};
  code.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO;
  code.codeSize = spirv.size_bytes();
  code.pCode = spirv.data();
  VkShaderModule module = VK_NULL_HANDLE;
  EVERGPU_RETURN_IF_ERROR(
      check(functions_.CreateShaderModule(device_, &code, nullptr, &module), "loading a kernel"));

  std::vector<VkSpecializationMapEntry> entries;
  for (std::uint32_t i = 0; i < specialization_constants.size(); ++i)
    entries.push_back({i, i * 4, 4});
  VkSpecializationInfo specialization = {};
  specialization.mapEntryCount = static_cast<std::uint32_t>(entries.size());
  specialization.pMapEntries = entries.data();
  specialization.dataSize = specialization_constants.size_bytes();
  specialization.pData = specialization_constants.data();
  VkComputePipelineCreateInfo wanted = {};
  wanted.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO;
  wanted.flags = VK_PIPELINE_CREATE_DISPATCH_BASE_BIT;  // large dispatches are cut into pieces
  wanted.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
  wanted.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
  wanted.stage.module = module;
  wanted.stage.pName = "main";
  wanted.stage.pSpecializationInfo = &specialization;
  VkPipelineShaderStageRequiredSubgroupSizeCreateInfo subgroup = {};
  subgroup.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO;
  subgroup.requiredSubgroupSize = capabilities().matrices.lanes;
  if (has_matrices) {
    wanted.stage.pNext = &subgroup;
    wanted.stage.flags = VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT;
  }
  wanted.layout = layout->pipeline;
  VkPipeline pipeline = VK_NULL_HANDLE;
  const Status status = check(
      functions_.CreateComputePipelines(device_, cache_.handle(), 1, &wanted, nullptr, &pipeline),
      "compiling a kernel");
  functions_.DestroyShaderModule(device_, module, nullptr);
  if (!status.ok()) return status;
  cache_.count_pipeline();
  return std::make_shared<Pipeline>(shared_from_this(), pipeline, buffers, binding);
}

Result<std::shared_ptr<Pipeline>> Context::library_pipeline(
    std::string_view name, int buffers, std::span<const std::uint32_t> specialization_constants,
    Binding binding) {
  std::weak_ptr<Pipeline>& known = library_[{
      std::string(name), {specialization_constants.begin(), specialization_constants.end()}}];
  if (std::shared_ptr<Pipeline> pipeline = known.lock()) return pipeline;
  const std::span<const std::uint32_t> words = kernel_words(name);
  if (words.empty()) return internal_error(fmt::format("there is no kernel {}", name));
  Result<std::shared_ptr<Pipeline>> made =
      pipeline(words, buffers, specialization_constants, binding);
  if (made.ok()) known = *made;
  return made;
}

}  // namespace evergpu::adapters::vulkan
