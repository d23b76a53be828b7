// The CPU as a device. Launches run at once, on the caller's thread and those that help it.
#include "adapters/adapter.h"

#include <fmt/format.h>

#include <cstring>
#include <new>

#include "adapters/host/executable.h"
#include "adapters/host/host.h"
#include "adapters/host/memory.h"
#include "adapters/host/threads.h"
#include "base/os.h"

namespace evergpu::adapters {
namespace {

using host::HostExecutable;
using host::HostMemory;
using host::MemoryPool;
using host::ThreadPool;

std::byte* address(Region region) {
  return static_cast<HostMemory*>(region.memory)->data() + region.offset;
}

// Where input i of a kernel begins, after the offset of a Library's operand.
const std::byte* input_address(const compiler::Kernel& kernel, std::size_t i, Region region) {
  const std::byte* const array = address(region);
  const auto* library = std::get_if<compiler::Library>(&kernel);
  if (library == nullptr || library->operand_layouts.empty()) return array;
  const auto size = static_cast<std::int64_t>(ir::size_of(library->operand_dtypes[i]));
  return array + library->operand_layouts[i].offset * size;
}

Status out_of_memory() {
  return resource_exhausted("this machine has no memory left for a kernel's work space");
}

DeviceInfo describe(std::size_t memory_bytes) {
  const int cores = os::usable_cores();
  std::string processor = os::processor_name();
  if (processor.empty()) processor = "unknown processor";
  DeviceInfo info;
  info.adapter = "host";
  info.name =
      fmt::format("CPU (no GPU found): {}, {} core{}", processor, cores, cores == 1 ? "" : "s");
  info.vendor = "CPU";
  info.memory_bytes = memory_bytes;
  info.strided_matmul = true;
  info.pipelines.windows = true;
  info.recurrent_layers = true;
  info.sequences = {
      .elements = 8192, .operands = 256, .elements_apart = 256 << 10, .operands_apart = 512};
  return info;
}

class HostDevice final : public Device {
 public:
  HostDevice(std::shared_ptr<MemoryPool> pool, std::shared_ptr<ThreadPool> threads,
             std::size_t memory_bytes)
      : pool_(std::move(pool)), threads_(std::move(threads)), info_(describe(memory_bytes)) {}

  const DeviceInfo& info() const override { return info_; }

  Result<std::unique_ptr<Memory>> allocate(std::size_t bytes) override {
    return pool_->allocate(bytes);
  }

  Status upload(Region to, std::span<const std::byte> from) override {
    if (!from.empty()) std::memcpy(address(to), from.data(), from.size());
    return {};
  }

  Status download(std::span<std::byte> to, Region from) override {
    if (!to.empty()) std::memcpy(to.data(), address(from), to.size());
    return {};
  }

  Status copy(Region to, Region from, std::size_t bytes) override {
    if (bytes == 0) return {};
    const ThreadPool::Scope scope(*threads_);
    std::byte* target = address(to);
    const std::byte* source = address(from);
    if (target < source + bytes && source < target + bytes) {
      std::memmove(target, source, bytes);
      return {};
    }
    host::parallel_for(
        static_cast<std::int64_t>(bytes), 1 << 20, [&](std::int64_t begin, std::int64_t end) {
          std::memcpy(target + begin, source + begin, static_cast<std::size_t>(end - begin));
        });
    return {};
  }

  Result<std::unique_ptr<Executable>> compile(const compiler::Kernel& kernel) override {
    const ThreadPool::Scope scope(*threads_);
    try {
      auto made = host::make_executable(kernel);
      if (!made.ok()) return made.status();
      return std::unique_ptr<Executable>(std::move(*made));
    } catch (const std::bad_alloc&) {
      return out_of_memory();
    }
  }

  Status launch(Executable& executable, const compiler::Kernel& kernel,
                std::span<const Region> inputs, std::span<const Region> outputs) override {
    const ThreadPool::Scope scope(*threads_);
    try {
      input_addresses_.clear();
      output_addresses_.clear();
      for (std::size_t i = 0; i < inputs.size(); ++i)
        input_addresses_.push_back(input_address(kernel, i, inputs[i]));
      for (const Region& output : outputs) output_addresses_.push_back(address(output));
      return static_cast<HostExecutable&>(executable)
          .run(kernel, input_addresses_, output_addresses_);
    } catch (const std::bad_alloc&) {
      return out_of_memory();
    }
  }

  Status wait() override { return {}; }

 private:
  const std::shared_ptr<MemoryPool> pool_;
  const std::shared_ptr<ThreadPool> threads_;
  const DeviceInfo info_;
  std::vector<const std::byte*> input_addresses_;
  std::vector<std::byte*> output_addresses_;
};

class HostAdapter final : public Adapter {
 public:
  explicit HostAdapter(int devices)
      : devices_(devices),
        memory_bytes_(os::memory_limit() / 5 * 4),
        pool_(
            std::make_shared<MemoryPool>(memory_bytes_, os::environment("EVERGPU_POISON") == "1")),
        threads_(std::make_shared<ThreadPool>(std::max(os::usable_cores() - 1, 1))) {}

  int device_count() const override { return devices_; }

  Result<std::unique_ptr<Device>> open(int index) override {
    if (index < 0 || index >= devices_)
      return invalid_argument(
          fmt::format("there is no host device {}: {} are configured", index, devices_));
    return std::unique_ptr<Device>(std::make_unique<HostDevice>(pool_, threads_, memory_bytes_));
  }

 private:
  const int devices_;
  const std::size_t memory_bytes_;
  const std::shared_ptr<MemoryPool> pool_;
  const std::shared_ptr<ThreadPool> threads_;
};

}  // namespace

std::unique_ptr<Adapter> make_host_adapter(int devices) {
  return std::make_unique<HostAdapter>(devices);
}

}  // namespace evergpu::adapters
