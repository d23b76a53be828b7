#include "adapters/vulkan/timestamps.h"

#include <algorithm>

namespace evergpu::adapters::vulkan {
namespace {

constexpr std::size_t pool_times = 1024;

}  // namespace

std::chrono::nanoseconds time_between(std::uint64_t earlier, std::uint64_t later,
                                      std::uint32_t bits, double tick_nanoseconds) {
  const std::uint64_t most = ~std::uint64_t{0} >> (64 - bits);
  const std::uint64_t ticks = (later - earlier) & most;
  if (ticks > most / 2) return {};
  return std::chrono::nanoseconds(
      static_cast<std::int64_t>(static_cast<double>(ticks) * tick_nanoseconds));
}

Timestamps::~Timestamps() {
  for (VkQueryPool pool : pools_)
    context_->functions().DestroyQueryPool(context_->device(), pool, nullptr);
}

Result<std::size_t> Timestamps::write(VkCommandBuffer commands) {
  const DeviceFunctions& functions = context_->functions();
  const std::size_t number = written_ / pool_times;
  const auto place = static_cast<std::uint32_t>(written_ % pool_times);
  if (number == pools_.size()) {
    VkQueryPoolCreateInfo info = {};
    info.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO;
    info.queryType = VK_QUERY_TYPE_TIMESTAMP;
    info.queryCount = pool_times;
    VkQueryPool pool = VK_NULL_HANDLE;
    EVERGPU_RETURN_IF_ERROR(check(
        functions.CreateQueryPool(context_->device(), &info, nullptr, &pool), "measuring kernels"));
    pools_.push_back(pool);
  }
  VkQueryPool const pool = pools_[number];
  if (place == 0) functions.CmdResetQueryPool(commands, pool, 0, pool_times);
  functions.CmdWriteTimestamp(commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, pool, place);
  return written_++;
}

Status Timestamps::begin(VkCommandBuffer commands) {
  const Result<std::size_t> number = write(commands);
  if (number.ok()) begun_ = *number;
  return number.status();
}

Status Timestamps::end(VkCommandBuffer commands) {
  const Result<std::size_t> number = write(commands);
  if (number.ok()) intervals_.emplace_back(begun_, *number);
  return number.status();
}

Result<std::vector<Interval>> Timestamps::intervals() const {
  std::vector<Interval> result;
  if (intervals_.empty()) return result;
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::uint64_t> times(written_);
  for (std::size_t first = 0; first < written_; first += pool_times) {
    const std::size_t count = std::min(written_ - first, pool_times);
    EVERGPU_RETURN_IF_ERROR(
        check(context_->functions().GetQueryPoolResults(
                  context_->device(), pools_[first / pool_times], 0,
                  static_cast<std::uint32_t>(count), count * sizeof(std::uint64_t),
                  times.data() + first, sizeof(std::uint64_t), VK_QUERY_RESULT_64_BIT),
              "measuring kernels"));
  }
  const PhysicalDevice& device = context_->physical();
  const std::uint64_t last = times[intervals_.back().second];
  result.reserve(intervals_.size());
  const auto host_time = [&](std::size_t number) {
    return now - time_between(times[number], last, device.clock_bits, device.clock_nanoseconds);
  };
  for (const auto& [begin, end] : intervals_) result.push_back({host_time(begin), host_time(end)});
  return result;
}

void Timestamps::clear() {
  written_ = 0;
  intervals_.clear();
}

}  // namespace evergpu::adapters::vulkan
