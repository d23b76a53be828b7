// The driver's pipelines, kept on disk: what was compiled once for a device and a version of its
// driver need not be again.
#pragma once

#include <cstddef>
#include <filesystem>

#include "adapters/vulkan/cache_file.h"
#include "adapters/vulkan/functions.h"
#include "adapters/vulkan/instance.h"

namespace evergpu::adapters::vulkan {

class PipelineCache {
 public:
  PipelineCache() = default;
  PipelineCache(const PipelineCache&) = delete;
  PipelineCache& operator=(const PipelineCache&) = delete;

  /// Takes what is on disk for this device. Without a place to keep it, or with a driver that wants
  /// none, pipelines are compiled each time.
  void open(const DeviceFunctions& functions, VkDevice device, const PhysicalDevice& physical);
  /// VK_NULL_HANDLE where there is none.
  VkPipelineCache handle() const { return handle_; }
  /// To be called for each pipeline that was made. What was compiled goes to disk now and then, the
  /// more seldom the more there is: a process may end without a word.
  void count_pipeline();
  /// Writes what is not on disk yet.
  void close();

 private:
  void save();

  const DeviceFunctions* functions_ = nullptr;
  VkDevice device_ = VK_NULL_HANDLE;
  VkPipelineCache handle_ = VK_NULL_HANDLE;
  std::filesystem::path path_;
  CacheKey key_ = {};
  std::size_t pipelines_ = 0;
  std::size_t saved_bytes_ = 0;
};

}  // namespace evergpu::adapters::vulkan
