// The bytes of a stored value: memory on the device once the plan that makes them has run.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "adapters/adapter.h"
#include "ir/value.h"

namespace evergpu::runtime {

/// Set once, by a task of the device's queue; `scheduled` until then.
class Block : public ir::Storage {
 public:
  enum class State : std::uint8_t { scheduled, ready, failed };

  /// Bytes that a plan under way will make.
  Block() = default;
  /// Bytes captured on the host; they are moved into the device's memory when a plan first needs
  /// them.
  explicit Block(std::shared_ptr<const std::vector<std::byte>> captured)
      : captured_(std::move(captured)) {}

  State state() const { return state_.load(std::memory_order_acquire); }
  /// Set when the state is `failed`: why the bytes will never exist.
  const Status& error() const { return error_; }
  /// Device thread only: the memory, null before it is set.
  const std::shared_ptr<adapters::Memory>& memory() const { return memory_; }
  /// Device thread only: bytes still on the host; empty once uploaded.
  std::span<const std::byte> captured() const {
    return captured_ ? std::span<const std::byte>(*captured_) : std::span<const std::byte>();
  }

  void set_ready(std::shared_ptr<adapters::Memory> memory) {
    memory_ = std::move(memory);
    captured_.reset();
    state_.store(State::ready, std::memory_order_release);
  }
  void set_failed(Status error) {
    error_ = std::move(error);
    state_.store(State::failed, std::memory_order_release);
  }

 private:
  std::shared_ptr<adapters::Memory> memory_;
  std::shared_ptr<const std::vector<std::byte>> captured_;
  Status error_;
  std::atomic<State> state_{State::scheduled};
};

/// The block of a stored value.
inline Block& block_of(const ir::Value& value) { return static_cast<Block&>(*value->storage()); }

}  // namespace evergpu::runtime
