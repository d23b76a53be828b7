// Memory that a kernel needs while it runs: one growing block per thread and purpose, reused by
// every kernel.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

#include "adapters/host/memory.h"

namespace evergpu::adapters::host {

class WorkSpace {
 public:
  /// At least `bytes` aligned bytes, undefined; what an earlier call returned is gone. Throws
  /// std::bad_alloc.
  std::byte* at_least(std::size_t bytes) {
    if (bytes > bytes_) {
      free();
      data_.reset(static_cast<std::byte*>(::operator new(bytes, alignment)));
      bytes_ = bytes;
    }
    return data_.get();
  }
  template <typename T>
  T* at_least_elements(std::int64_t count) {
    return reinterpret_cast<T*>(at_least(static_cast<std::size_t>(count) * sizeof(T)));
  }
  void free() {
    data_.reset();
    bytes_ = 0;
  }

 private:
  static constexpr std::align_val_t alignment{block_alignment};
  struct Free {
    void operator()(std::byte* data) const { ::operator delete(data, alignment); }
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t bytes_ = 0;
};

}  // namespace evergpu::adapters::host
