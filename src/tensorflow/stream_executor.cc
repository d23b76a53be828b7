// SE_InitPlugin: TensorFlow's view of a device (allocations, copies, streams, events), mapped to
// runtime::Device.
//
// All streams are one queue, and every copy's effect that the host can see has happened when its
// call returns: host bytes are captured, device bytes are waited for. So an event has nothing to
// wait for, and a poll answers without work, as it must: TensorFlow polls under a lock that every
// callback needs.
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "base/log.h"
#include "tensorflow/api.h"
#include "tensorflow/convert.h"
#include "tensorflow/entry_points.h"
#include "tensorflow/plugin.h"

namespace evergpu::tensorflow {

namespace {

runtime::Device& device_of(const SP_Device* device) {
  return *static_cast<runtime::Device*>(device->device_handle);
}

void report(TF_Status* to, const Status& status) { TfStatus::set(to, status); }

// --- allocations ---

void allocate(const SP_Device* device, uint64_t size, int64_t /*memory_space*/,
              SP_DeviceMemoryBase* memory) {
  memory->struct_size = SP_DEVICE_MEMORY_BASE_STRUCT_SIZE;
  memory->opaque = nullptr;
  memory->size = 0;
  // A null address is TensorFlow's sign for RESOURCE_EXHAUSTED; it has no place for our reason.
  auto address = device_of(device).allocate(size);
  if (!address.ok()) {
    log::warning(address.status().message());
    return;
  }
  memory->opaque = *address;
  memory->size = size;
}

void deallocate(const SP_Device* device, SP_DeviceMemoryBase* memory) {
  if (memory->opaque != nullptr) device_of(device).free(memory->opaque);
  memory->opaque = nullptr;
  memory->size = 0;
}

void* host_memory_allocate(const SP_Device* /*device*/, uint64_t size) {
  return ::operator new (size, std::align_val_t{256}, std::nothrow);
}
void host_memory_deallocate(const SP_Device* /*device*/, void* memory) {
  ::operator delete (memory, std::align_val_t{256});
}

TF_Bool get_allocator_stats(const SP_Device* device, SP_AllocatorStats* stats) {
  const runtime::Statistics now = device_of(device).statistics();
  stats->struct_size = SP_ALLOCATORSTATS_STRUCT_SIZE;
  stats->num_allocs = static_cast<int64_t>(now.allocations);
  stats->bytes_in_use = static_cast<int64_t>(now.live_bytes);
  stats->peak_bytes_in_use = static_cast<int64_t>(now.peak_live_bytes);
  stats->has_bytes_limit = 1;
  stats->bytes_limit = static_cast<int64_t>(device_of(device).info().memory_bytes);
  return 1;
}

TF_Bool device_memory_usage(const SP_Device* device, int64_t* free, int64_t* total) {
  *total = static_cast<int64_t>(device_of(device).info().memory_bytes);
  *free = *total - static_cast<int64_t>(device_of(device).statistics().resident_bytes);
  return 1;
}

// --- streams and events ---

void create_stream(const SP_Device* device, SP_Stream* stream, TF_Status* status) {
  *stream = stream_of(device_of(device));
  report(status, {});
}
void create_stream_with_options(const SP_Device* device, const SP_StreamOptions*, SP_Stream* stream,
                                TF_Status* status) {
  create_stream(device, stream, status);
}
void destroy_stream(const SP_Device*, SP_Stream) {}
void create_stream_dependency(const SP_Device*, SP_Stream, SP_Stream, TF_Status* status) {
  report(status, {});
}
void get_stream_status(const SP_Device*, SP_Stream, TF_Status* status) { report(status, {}); }

void create_event(const SP_Device*, SP_Event* event, TF_Status* status) {
  *event = reinterpret_cast<SP_Event>(std::make_unique<char>().release());  // without content
  report(status, {});
}
void destroy_event(const SP_Device*, SP_Event event) {
  const std::unique_ptr<char> owner(reinterpret_cast<char*>(event));
}
SE_EventStatus get_event_status(const SP_Device*, SP_Event) { return SE_EVENT_COMPLETE; }
void record_event(const SP_Device*, SP_Stream, SP_Event, TF_Status* status) { report(status, {}); }
void wait_for_event(const SP_Device*, SP_Stream, SP_Event, TF_Status* status) {
  report(status, {});
}

// --- copies ---

void memcpy_dtoh(const SP_Device* device, SP_Stream, void* to, const SP_DeviceMemoryBase* from,
                 uint64_t size, TF_Status* status) {
  report(status, device_of(device).download(to, from->opaque, size));
}
void memcpy_htod(const SP_Device* device, SP_Stream, SP_DeviceMemoryBase* to, const void* from,
                 uint64_t size, TF_Status* status) {
  report(status, device_of(device).upload(to->opaque, from, size));
}

/// Between two of our devices the bytes go through the host.
Status copy_between(runtime::Device& device, void* to, const void* from, std::size_t size) {
  runtime::Device* const source = Plugin::instance().owner(from);
  runtime::Device* const target = Plugin::instance().owner(to);
  if (source == nullptr || target == nullptr || source == target) {
    return (target != nullptr ? *target : device).copy(to, from, size);
  }
  std::vector<std::byte> bytes(size);
  EVERGPU_RETURN_IF_ERROR(source->download(bytes.data(), from, size));
  return target->upload(to, bytes.data(), size);
}

void memcpy_dtod(const SP_Device* device, SP_Stream, SP_DeviceMemoryBase* to,
                 const SP_DeviceMemoryBase* from, uint64_t size, TF_Status* status) {
  report(status, copy_between(device_of(device), to->opaque, from->opaque, size));
}
void sync_memcpy_dtoh(const SP_Device* device, void* to, const SP_DeviceMemoryBase* from,
                      uint64_t size, TF_Status* status) {
  memcpy_dtoh(device, nullptr, to, from, size, status);
}
void sync_memcpy_htod(const SP_Device* device, SP_DeviceMemoryBase* to, const void* from,
                      uint64_t size, TF_Status* status) {
  memcpy_htod(device, nullptr, to, from, size, status);
}
void sync_memcpy_dtod(const SP_Device* device, SP_DeviceMemoryBase* to,
                      const SP_DeviceMemoryBase* from, uint64_t size, TF_Status* status) {
  memcpy_dtod(device, nullptr, to, from, size, status);
}
void mem_zero(const SP_Device* device, SP_Stream, SP_DeviceMemoryBase* at, uint64_t size,
              TF_Status* status) {
  report(status, device_of(device).fill(at->opaque, 0, size));
}
void memset8(const SP_Device* device, SP_Stream, SP_DeviceMemoryBase* at, uint8_t pattern,
             uint64_t size, TF_Status* status) {
  report(status, device_of(device).fill(at->opaque, pattern, size));
}
void memset32(const SP_Device* device, SP_Stream, SP_DeviceMemoryBase* at, uint32_t pattern,
              uint64_t size, TF_Status* status) {
  report(status, device_of(device).fill32(at->opaque, pattern, size));
}

// --- waiting ---

void synchronize_all_activity(const SP_Device* device, TF_Status* status) {
  report(status, device_of(device).synchronize());
}
void block_host_until_done(const SP_Device* device, SP_Stream, TF_Status* status) {
  synchronize_all_activity(device, status);
}
void block_host_for_event(const SP_Device* device, SP_Event, TF_Status* status) {
  synchronize_all_activity(device, status);
}
TF_Bool host_callback(const SP_Device*, SP_Stream, SE_StatusCallbackFn callback, void* argument) {
  const TfStatus status;
  callback(argument, status.get());
  return 1;
}

// --- the platform ---

void get_device_count(const SP_Platform*, int* count, TF_Status* status) {
  *count = Plugin::instance().device_count();
  report(status, {});
}

void create_device(const SP_Platform*, SE_CreateDeviceParams* params, TF_Status* status) {
  const Status opened = Plugin::instance().open(params->ordinal);
  report(status, opened);
  if (!opened.ok()) return;
  runtime::Device* const device = Plugin::instance().device(params->ordinal);
  SP_Device* const out = params->device;
  out->struct_size = SP_DEVICE_STRUCT_SIZE;
  out->ordinal = params->ordinal;
  out->device_handle = device;
  out->hardware_name = device->info().name.c_str();
  out->device_vendor = device->info().vendor.c_str();
  out->pci_bus_id = nullptr;
}
void destroy_device(const SP_Platform*, SP_Device* device) { device->device_handle = nullptr; }

int32_t get_numa_node(const SP_Device*) { return -1; }
int64_t get_memory_bandwidth(const SP_Device*) { return -1; }
double get_gflops(const SP_Device*) { return -1; }

void create_device_fns(const SP_Platform*, SE_CreateDeviceFnsParams* params, TF_Status* status) {
  params->device_fns->struct_size = SP_DEVICE_FNS_STRUCT_SIZE;
  params->device_fns->get_numa_node = get_numa_node;
  params->device_fns->get_memory_bandwidth = get_memory_bandwidth;
  params->device_fns->get_gflops = get_gflops;
  report(status, {});
}
void destroy_device_fns(const SP_Platform*, SP_DeviceFns*) {}

void create_stream_executor(const SP_Platform*, SE_CreateStreamExecutorParams* params,
                            TF_Status* status) {
  SP_StreamExecutor& executor = *params->stream_executor;
  // TensorFlow says how large it is: the last function came with 2.22, and 2.19 has no room for it.
  const bool has_options = executor.struct_size >= SP_STREAMEXECUTOR_STRUCT_SIZE;
  executor.allocate = allocate;
  executor.deallocate = deallocate;
  executor.host_memory_allocate = host_memory_allocate;
  executor.host_memory_deallocate = host_memory_deallocate;
  executor.get_allocator_stats = get_allocator_stats;
  executor.device_memory_usage = device_memory_usage;
  executor.create_stream = create_stream;
  executor.destroy_stream = destroy_stream;
  executor.create_stream_dependency = create_stream_dependency;
  executor.get_stream_status = get_stream_status;
  executor.create_event = create_event;
  executor.destroy_event = destroy_event;
  executor.get_event_status = get_event_status;
  executor.record_event = record_event;
  executor.wait_for_event = wait_for_event;
  executor.memcpy_dtoh = memcpy_dtoh;
  executor.memcpy_htod = memcpy_htod;
  executor.memcpy_dtod = memcpy_dtod;
  executor.sync_memcpy_dtoh = sync_memcpy_dtoh;
  executor.sync_memcpy_htod = sync_memcpy_htod;
  executor.sync_memcpy_dtod = sync_memcpy_dtod;
  executor.block_host_for_event = block_host_for_event;
  executor.block_host_until_done = block_host_until_done;
  executor.synchronize_all_activity = synchronize_all_activity;
  executor.mem_zero = mem_zero;
  executor.memset = memset8;
  executor.memset32 = memset32;
  executor.host_callback = host_callback;
  if (has_options) executor.create_stream_with_options = create_stream_with_options;
  report(status, {});
}
void destroy_stream_executor(const SP_Platform*, SP_StreamExecutor*) {}

// TensorFlow wants timers to exist; nothing of it reads them on pluggable devices.
uint64_t nanoseconds(SP_Timer) { return 0; }
void create_timer_fns(const SP_Platform*, SP_TimerFns* timer, TF_Status* status) {
  timer->struct_size = SP_TIMER_FNS_STRUCT_SIZE;
  timer->nanoseconds = nanoseconds;
  report(status, {});
}
void destroy_timer_fns(const SP_Platform*, SP_TimerFns*) {}
void destroy_platform(SP_Platform*) {}
void destroy_platform_fns(SP_PlatformFns*) {}

}  // namespace

}  // namespace evergpu::tensorflow

EVERGPU_EXPORT void SE_InitPlugin(SE_PlatformRegistrationParams* params, TF_Status* status) {
  using namespace evergpu::tensorflow;  // NOLINT(google-build-using-namespace)
  params->struct_size = SE_PLATFORM_REGISTRATION_PARAMS_STRUCT_SIZE;
  params->major_version = SE_MAJOR;
  params->minor_version = SE_MINOR;
  params->patch_version = SE_PATCH;

  SP_Platform& platform = *params->platform;
  platform.struct_size = SP_PLATFORM_STRUCT_SIZE;
  platform.name = "EVERGPU";
  platform.type = "GPU";
  platform.supports_unified_memory = 0;
  platform.use_bfc_allocator = 0;  // every allocation and free reaches us

  SP_PlatformFns& functions = *params->platform_fns;
  functions.struct_size = SP_PLATFORM_FNS_STRUCT_SIZE;
  functions.get_device_count = get_device_count;
  functions.create_device = create_device;
  functions.destroy_device = destroy_device;
  functions.create_device_fns = create_device_fns;
  functions.destroy_device_fns = destroy_device_fns;
  functions.create_stream_executor = create_stream_executor;
  functions.destroy_stream_executor = destroy_stream_executor;
  functions.create_timer_fns = create_timer_fns;
  functions.destroy_timer_fns = destroy_timer_fns;
  params->destroy_platform = destroy_platform;
  params->destroy_platform_fns = destroy_platform_fns;
  if (api().TF_SetStatus != nullptr) report(status, {});
}
