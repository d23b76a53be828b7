// The device's one queue: commands are collected in batches, submitted when enough work is in one
// or when somebody waits, and ordered by barriers where they share bytes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "adapters/vulkan/hazards.h"
#include "adapters/vulkan/memory.h"
#include "adapters/vulkan/pipeline.h"
#include "adapters/vulkan/timestamps.h"

namespace evergpu::adapters::vulkan {

class CommandQueue {
 public:
  /// Windows resets a GPU that works on one submission for two seconds. The slowest that we expect
  /// does this much (see compiler::work_of) in a tenth of a second.
  static constexpr std::uint64_t submission_work = 4'000'000'000;

  /// With `barriers_everywhere` each command waits for all before it, so that a missing dependence
  /// shows as different bits. `most_work` is that of one submission.
  static Result<std::unique_ptr<CommandQueue>> create(std::shared_ptr<Context> context,
                                                      bool barriers_everywhere,
                                                      std::uint64_t most_work = submission_work);
  ~CommandQueue();
  CommandQueue(const CommandQueue&) = delete;
  CommandQueue& operator=(const CommandQueue&) = delete;

  struct Use {
    Span span;
    bool reads = false;
    bool writes = false;
  };

  /// `pipeline` over the spans of `uses`, as storage buffers 1, 2, … or by their addresses, and
  /// `arguments` as buffer 0. More `work` than a submission may have is cut into pieces, between
  /// rows of workgroups (along y).
  Status dispatch(const Pipeline& pipeline, std::span<const Use> uses,
                  std::span<const std::uint32_t> arguments,
                  const std::array<std::uint32_t, 3>& groups, std::uint64_t work);
  Status copy(const Span& to, const Span& from);
  /// `to.bytes` and `to.offset` are multiples of 4.
  Status fill(const Span& to, std::uint32_t word);

  /// Submits what was recorded.
  Status submit();
  /// Submits and waits for everything. After a failure all later calls fail with the same words.
  Status wait();
  /// Whether nothing is recorded or running: memory may be touched by the host.
  bool idle() const;

  const QueueCounts& counts() const { return counts_; }

  /// Commands between these two are one launch, whose time is measured. Without the second it is
  /// not. Only where has_clock(context().physical()).
  void begin_interval() { begins_interval_ = true; }
  Status end_interval();
  /// When the launches ran that were measured since clear_intervals, in their order. All is idle.
  Result<std::vector<Interval>> intervals() { return timestamps_.intervals(); }
  void clear_intervals() {
    timestamps_.clear();
    begins_interval_ = false;  // of a launch that failed
  }

  Context& context() const { return *context_; }

 private:
  // Commands that are submitted together, and what they need until they have run.
  struct Batch {
    VkCommandBuffer commands = VK_NULL_HANDLE;
    std::vector<VkDescriptorPool> pools;
    std::size_t pool = 0;  // the one in use
    std::unique_ptr<Chunk> arguments;
    std::uint64_t argument_bytes = 0;
    int recorded = 0;
    std::uint64_t work = 0;
    bool open = false;
    std::uint64_t done_at = 0;  // value of the semaphore
  };

  CommandQueue(std::shared_ptr<Context> context, bool barriers_everywhere, std::uint64_t most_work)
      : context_(std::move(context)),
        barriers_everywhere_(barriers_everywhere),
        most_work_(most_work),
        timestamps_(context_) {}
  Status set_up();
  Status check_uses(const Pipeline& pipeline, std::span<const Use> uses) const;
  // Rows [first, first + count) of workgroups.
  struct Rows {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  Status dispatch_rows(const Pipeline& pipeline, std::span<const Use> uses,
                       std::span<const std::uint32_t> arguments,
                       const std::array<std::uint32_t, 3>& groups, Rows rows, std::uint64_t work);
  // Opens a batch that has room for a command.
  Status begin();
  Status wait_for(std::uint64_t value);
  // What comes before a command in the batch: a barrier where it is needed, a time where it is due.
  Status precede(std::span<const Use> uses);
  Result<VkDescriptorSet> descriptor_set(VkDescriptorSetLayout layout);
  void count_command();
  void count_bytes(std::span<const Use> uses);
  // Remembers the first failure: the device is of no use after it.
  Status remember(Status status);

  const std::shared_ptr<Context> context_;
  const bool barriers_everywhere_;
  const std::uint64_t most_work_;
  VkCommandPool command_pool_ = VK_NULL_HANDLE;
  VkSemaphore semaphore_ = VK_NULL_HANDLE;
  std::vector<Batch> batches_;
  std::size_t current_ = 0;
  std::uint64_t submitted_ = 0;  // value that the semaphore will have
  std::uint64_t completed_ = 0;  // value it is known to have
  Hazards hazards_;
  Timestamps timestamps_;
  bool begins_interval_ = false;  // the next command does
  QueueCounts counts_;
  Status failed_;
};

}  // namespace evergpu::adapters::vulkan
