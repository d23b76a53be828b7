// When launches ran: the queue writes its clock's time between commands, and the host reads these
// times when the commands have run.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "adapters/adapter.h"
#include "adapters/vulkan/pipeline.h"

namespace evergpu::adapters::vulkan {

/// Whether the device's queue can write times.
inline bool has_clock(const PhysicalDevice& device) {
  return device.clock_bits > 0 && device.clock_nanoseconds > 0.0;
}

/// The time from `earlier` to `later` by a clock of `bits` bits (1 to 64), which may have gone
/// round once; none where they are the wrong way round.
std::chrono::nanoseconds time_between(std::uint64_t earlier, std::uint64_t later,
                                      std::uint32_t bits, double tick_nanoseconds);

class Timestamps {
 public:
  explicit Timestamps(std::shared_ptr<const Context> context) : context_(std::move(context)) {}
  /// Nothing that writes times is in flight.
  ~Timestamps();
  Timestamps(const Timestamps&) = delete;
  Timestamps& operator=(const Timestamps&) = delete;

  /// An interval begins when all commands before have run, and so it ends. One that is begun anew
  /// before its end is forgotten.
  Status begin(VkCommandBuffer commands);
  Status end(VkCommandBuffer commands);

  /// The intervals since clear(), in their order, when all of them have been waited for. The
  /// device's clock is not the host's: the last interval is taken to end now. So intervals are
  /// later than they were by as long as nobody noticed the end, and never overlap those that were
  /// read before.
  Result<std::vector<Interval>> intervals() const;
  void clear();

 private:
  // The time's number: its place in the pools.
  Result<std::size_t> write(VkCommandBuffer commands);

  const std::shared_ptr<const Context> context_;
  std::vector<VkQueryPool> pools_;
  std::size_t written_ = 0;
  std::size_t begun_ = 0;
  std::vector<std::pair<std::size_t, std::size_t>> intervals_;
};

}  // namespace evergpu::adapters::vulkan
