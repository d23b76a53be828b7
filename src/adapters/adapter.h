// The interface to hardware. An adapter lists devices; a device owns memory and runs kernels in the
// order they are launched. All calls on one device come from one thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "compiler/kernel.h"

namespace evergpu::adapters {

/// What a device is, for people and for budgets.
struct DeviceInfo {
  std::string adapter;  // "host", "vulkan"
  std::string name;     // "CPU (no GPU found): Intel Xeon, 2 cores"
  std::string vendor;
  std::size_t memory_bytes = 0;  // what evergpu may use in all
  std::size_t alignment = 64;    // of a region's offset in its memory, in bytes: a multiple of 8
  bool is_gpu = false;
  bool separate_temporaries = false;  // each wants memory of its own, which is watched
  bool strided_matmul = false;  // operands of matrix products may have layouts (compiler::Library)
  compiler::PipelineKinds pipelines;  // which kernels may be compiler::Pipeline
  compiler::SequenceLimits sequences;
  bool recurrent_layers = false;  // Kind::recurrent and recurrent_gradient of f32 are computed
};

/// Memory of a device; its destructor gives it back.
class Memory {
 public:
  Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  virtual ~Memory() = default;
  virtual std::size_t bytes() const = 0;
};

/// Bytes [offset, …) of a memory.
struct Region {
  Memory* memory = nullptr;
  std::size_t offset = 0;
};

/// A kernel made ready to launch, many times and with different regions and launch arguments.
class Executable {
 public:
  Executable() = default;
  Executable(const Executable&) = delete;
  Executable& operator=(const Executable&) = delete;
  virtual ~Executable() = default;
};

/// When a launch ran: from when all before it had finished until it had.
struct Interval {
  std::chrono::steady_clock::time_point begin;
  std::chrono::steady_clock::time_point end;
};

/// What the queue of a device was given so far.
struct QueueCounts {
  std::uint64_t commands = 0;  // dispatches, copies and fills
  std::uint64_t barriers = 0;  // commands that wait for earlier ones
  std::uint64_t submissions = 0;
  // Of the arrays that a command was given to read or to write, each once for the command.
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
};

class Device {
 public:
  Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  virtual ~Device() = default;

  virtual const DeviceInfo& info() const = 0;

  /// resource_exhausted when there is no room. Zero bytes are allowed. The bytes are undefined.
  virtual Result<std::unique_ptr<Memory>> allocate(std::size_t bytes) = 0;
  /// Copies host bytes in; they may change after the call.
  virtual Status upload(Region to, std::span<const std::byte> from) = 0;
  /// Copies bytes out, after all that was launched.
  virtual Status download(std::span<std::byte> to, Region from) = 0;
  virtual Status copy(Region to, Region from, std::size_t bytes) = 0;

  /// Makes a kernel ready. unimplemented when this device cannot compute some part of it; any other
  /// error when a smaller kernel may well compile.
  virtual Result<std::unique_ptr<Executable>> compile(const compiler::Kernel& kernel) = 0;
  /// Runs `executable`, compiled from a kernel equal to `kernel` but for launch arguments, which
  /// are taken from `kernel`.
  virtual Status launch(Executable& executable, const compiler::Kernel& kernel,
                        std::span<const Region> inputs, std::span<const Region> outputs) = 0;
  /// Waits for all that was launched.
  virtual Status wait() = 0;

  /// From now on launches are measured by the device's clock, or no longer; what was measured is
  /// forgotten. False where it has no clock: who wants a launch's time then waits for the launch.
  virtual bool measure(bool /*on*/) { return false; }
  /// When the launches ran that were made since they are measured, in their order. All of them have
  /// been waited for.
  virtual Result<std::vector<Interval>> measured() { return std::vector<Interval>(); }
  /// Nothing where launches run at once.
  virtual std::optional<QueueCounts> queue_counts() const { return {}; }
};

/// The devices of one kind of hardware.
class Adapter {
 public:
  Adapter() = default;
  Adapter(const Adapter&) = delete;
  Adapter& operator=(const Adapter&) = delete;
  virtual ~Adapter() = default;
  virtual int device_count() const = 0;
  virtual Result<std::unique_ptr<Device>> open(int index) = 0;
};

}  // namespace evergpu::adapters
