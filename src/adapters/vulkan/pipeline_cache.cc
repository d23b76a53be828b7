#include "adapters/vulkan/pipeline_cache.h"

#include <bit>
#include <cstring>
#include <optional>
#include <vector>

#include "adapters/vulkan/cache_place.h"

namespace evergpu::adapters::vulkan {
namespace {

// Whether a driver's data begin with Vulkan's header for this device: no driver is given other
// data.
bool has_header(std::span<const std::byte> data, const PhysicalDevice& physical) {
  VkPipelineCacheHeaderVersionOne header = {};
  if (data.size() < sizeof header) return false;
  std::memcpy(&header, data.data(), sizeof header);
  return header.headerSize >= sizeof header && header.headerSize <= data.size() &&
         header.headerVersion == VK_PIPELINE_CACHE_HEADER_VERSION_ONE &&
         header.vendorID == physical.vendor_id && header.deviceID == physical.device_id &&
         std::memcmp(header.pipelineCacheUUID, physical.cache_uuid.data(), VK_UUID_SIZE) == 0;
}

}  // namespace

void PipelineCache::open(const DeviceFunctions& functions, VkDevice device,
                         const PhysicalDevice& physical) {
  functions_ = &functions;
  device_ = device;
  std::vector<std::byte> data;
  if (const auto place = cache_place(physical, ".bin")) {
    path_ = place->path;
    key_ = place->key;
    if (auto read = read_cache_file(path_, key_); read && has_header(*read, physical))
      data = std::move(*read);
  }
  saved_bytes_ = data.size();
  VkPipelineCacheCreateInfo wanted = {};
  wanted.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO;
  wanted.initialDataSize = data.size();
  wanted.pInitialData = data.data();
  if (functions.CreatePipelineCache(device, &wanted, nullptr, &handle_) != VK_SUCCESS)
    handle_ = VK_NULL_HANDLE;
}

void PipelineCache::count_pipeline() {
  constexpr std::size_t first_save = 16;
  ++pipelines_;
  if (pipelines_ >= first_save && std::has_single_bit(pipelines_)) save();
}

void PipelineCache::save() {
  if (handle_ == VK_NULL_HANDLE || path_.empty()) return;
  std::size_t bytes = 0;
  if (functions_->GetPipelineCacheData(device_, handle_, &bytes, nullptr) != VK_SUCCESS) return;
  if (bytes <= saved_bytes_) return;
  std::vector<std::byte> data(bytes);
  if (functions_->GetPipelineCacheData(device_, handle_, &bytes, data.data()) != VK_SUCCESS) return;
  data.resize(bytes);
  saved_bytes_ = bytes;
  // A cache is nobody's need: where it cannot be written, the next process compiles again.
  if (const Status status = write_cache_file(path_, key_, data); !status.ok()) path_.clear();
}

void PipelineCache::close() {
  if (handle_ == VK_NULL_HANDLE) return;
  if (pipelines_ > 0) save();
  functions_->DestroyPipelineCache(device_, handle_, nullptr);
  handle_ = VK_NULL_HANDLE;
}

}  // namespace evergpu::adapters::vulkan
