// A device as a framework sees it: addresses that are allocated, written with values, read back and
// freed. Nothing is computed until somebody asks for bytes. Every function is safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "adapters/adapter.h"
#include "base/status.h"
#include "ir/value.h"
#include "runtime/options.h"
#include "runtime/statistics.h"
#include "runtime/trace.h"

namespace evergpu::runtime {

class Device {
 public:
  static Result<std::unique_ptr<Device>> create(std::unique_ptr<adapters::Device> hardware,
                                                const Options& options);
  /// Runs what was posted to the queue before; what is only recorded is dropped.
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const adapters::DeviceInfo& info() const;

  // --- memory ---

  /// A virtual address for `bytes` bytes, aligned to 256; nothing is committed. resource_exhausted,
  /// after flushing and waiting, when the device's budget has no room.
  Result<void*> allocate(std::size_t bytes);
  /// The address must come from allocate.
  void free(void* address);
  /// Whether the address is one of this device's, live or not. Takes no lock.
  bool owns(const void* address) const;
  /// What lies at an address of this device, in words, for a crash message. Best effort.
  std::string describe(const void* address) const;

  // --- content: addresses may point inside an allocation ---

  /// From now on the bytes at `address` are those of `value`.
  Status write(void* address, const ir::Value& value);
  /// The value at `address`, seen with a dtype and shape. Bytes never written read as zeros.
  ir::Value read(const void* address, ir::DType dtype, const ir::Shape& shape);
  /// Host bytes as a value; they are captured now.
  ir::Value capture(ir::DType dtype, const ir::Shape& shape, const void* bytes);

  Status upload(void* to, const void* from, std::size_t bytes);
  /// Flushes what the bytes depend on, waits, copies. An error of any operation they depend on is
  /// returned.
  Status download(void* to, const void* from, std::size_t bytes);
  Status copy(void* to, const void* from, std::size_t bytes);
  Status fill(void* to, std::uint8_t pattern, std::size_t bytes);
  Status fill32(void* to, std::uint32_t pattern, std::size_t bytes);

  // --- order ---

  /// Runs everything that live allocations hold, and waits. Returns the first error since the last
  /// call.
  Status synchronize();
  /// Waits for what was posted to the queue; runs nothing that is only recorded.
  void wait();
  /// ok, or why the bytes of `value` cannot be had (it, or what it depends on, has failed already).
  Status status_of(const ir::Value& value) const;

  Statistics statistics() const;
  void reset_peak();
  /// What is launched, for a profiler. Waiting first gives it what was posted before.
  Trace& trace();

 private:
  class Impl;
  explicit Device(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace evergpu::runtime
