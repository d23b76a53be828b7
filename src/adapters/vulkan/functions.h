// Vulkan's functions, found in the loader when it is needed: nothing is linked.
#pragma once

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>

#include <cstdint>
#include <string>

#include "adapters/vulkan/khr_matrices.h"
#include "base/status.h"

namespace evergpu::adapters::vulkan {

#define EVERGPU_VULKAN_GLOBAL_FUNCTIONS(X) X(CreateInstance) X(EnumerateInstanceVersion)

#define EVERGPU_VULKAN_INSTANCE_FUNCTIONS(X) \
  X(DestroyInstance)                         \
  X(EnumeratePhysicalDevices)                \
  X(GetPhysicalDeviceProperties)             \
  X(GetPhysicalDeviceProperties2)            \
  X(GetPhysicalDeviceFeatures2)              \
  X(GetPhysicalDeviceMemoryProperties2)      \
  X(GetPhysicalDeviceQueueFamilyProperties)  \
  X(EnumerateDeviceExtensionProperties)      \
  X(CreateDevice)                            \
  X(GetDeviceProcAddr)

/// Those of extensions, null where there is none.
#define EVERGPU_VULKAN_EXTENSION_FUNCTIONS(X) X(GetPhysicalDeviceCooperativeMatrixPropertiesKHR)

#define EVERGPU_VULKAN_DEVICE_FUNCTIONS(X) \
  X(DestroyDevice)                         \
  X(GetDeviceQueue)                        \
  X(QueueSubmit)                           \
  X(DeviceWaitIdle)                        \
  X(AllocateMemory)                        \
  X(FreeMemory)                            \
  X(MapMemory)                             \
  X(CreateBuffer)                          \
  X(DestroyBuffer)                         \
  X(BindBufferMemory)                      \
  X(GetBufferMemoryRequirements)           \
  X(GetBufferDeviceAddress)                \
  X(CreateShaderModule)                    \
  X(DestroyShaderModule)                   \
  X(CreateDescriptorSetLayout)             \
  X(DestroyDescriptorSetLayout)            \
  X(CreatePipelineLayout)                  \
  X(DestroyPipelineLayout)                 \
  X(CreatePipelineCache)                   \
  X(GetPipelineCacheData)                  \
  X(DestroyPipelineCache)                  \
  X(CreateComputePipelines)                \
  X(DestroyPipeline)                       \
  X(CreateDescriptorPool)                  \
  X(DestroyDescriptorPool)                 \
  X(ResetDescriptorPool)                   \
  X(AllocateDescriptorSets)                \
  X(UpdateDescriptorSets)                  \
  X(CreateCommandPool)                     \
  X(DestroyCommandPool)                    \
  X(AllocateCommandBuffers)                \
  X(ResetCommandBuffer)                    \
  X(BeginCommandBuffer)                    \
  X(EndCommandBuffer)                      \
  X(CmdBindPipeline)                       \
  X(CmdBindDescriptorSets)                 \
  X(CmdDispatchBase)                       \
  X(CmdPipelineBarrier)                    \
  X(CmdCopyBuffer)                         \
  X(CmdFillBuffer)                         \
  X(CreateQueryPool)                       \
  X(DestroyQueryPool)                      \
  X(GetQueryPoolResults)                   \
  X(CmdResetQueryPool)                     \
  X(CmdWriteTimestamp)                     \
  X(CreateSemaphore)                       \
  X(DestroySemaphore)                      \
  X(WaitSemaphores)

/// The functions that exist without an instance, and the door to all others.
struct GlobalFunctions {
  PFN_vkGetInstanceProcAddr GetInstanceProcAddr = nullptr;
#define EVERGPU_DECLARE(name) PFN_vk##name name = nullptr;
  EVERGPU_VULKAN_GLOBAL_FUNCTIONS(EVERGPU_DECLARE)
};
struct InstanceFunctions {
  EVERGPU_VULKAN_INSTANCE_FUNCTIONS(EVERGPU_DECLARE)
  EVERGPU_VULKAN_EXTENSION_FUNCTIONS(EVERGPU_DECLARE)
};
struct DeviceFunctions {
  EVERGPU_VULKAN_DEVICE_FUNCTIONS(EVERGPU_DECLARE)
#undef EVERGPU_DECLARE
};

/// Loads the loader: the library `name`, or the system's when it is empty.
Result<GlobalFunctions> load_vulkan(const std::string& name);
Result<InstanceFunctions> load_functions(const GlobalFunctions& global, VkInstance instance);
Result<DeviceFunctions> load_functions(const InstanceFunctions& functions, VkDevice device);

/// Success, or a sentence about `result` of `action` ("making a pipeline"), with what to do about
/// it.
Status check(VkResult result, const char* action);

}  // namespace evergpu::adapters::vulkan
