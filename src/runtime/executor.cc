#include "runtime/executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "runtime/launch_meter.h"

namespace evergpu::runtime {

using adapters::Memory;
using adapters::Region;
using compiler::Buffer;
using compiler::Plan;

namespace {

/// More kernels than any model we know has; the one used least recently goes first.
constexpr std::size_t compiled_limit = 8192;

using Clock = std::chrono::steady_clock;

std::uint64_t nanoseconds_since(Clock::time_point begin) {
  const std::chrono::nanoseconds taken = Clock::now() - begin;
  return static_cast<std::uint64_t>(taken.count());
}

/// Memory that counts as resident while it lives.
struct CountedMemory {
  CountedMemory(std::unique_ptr<Memory> owned, std::shared_ptr<Counters> in, std::size_t size)
      : memory(std::move(owned)), counters(std::move(in)), bytes(size) {
    counters->resident.add(bytes);
  }
  CountedMemory(const CountedMemory&) = delete;
  CountedMemory& operator=(const CountedMemory&) = delete;
  ~CountedMemory() { counters->resident.subtract(bytes); }

  std::unique_ptr<Memory> memory;
  std::shared_ptr<Counters> counters;
  std::size_t bytes;
};

/// An error, after the name of the operation it is about, if known.
Status named(const Status& status, std::string_view origin) {
  if (status.ok() || origin.empty()) return status;
  return status.with_prefix(fmt::format("{}: ", origin));
}

/// The operation that the last node with a name is from: it names errors of a graph as a whole.
std::string_view last_origin(const ir::Graph& graph) {
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    if (!graph.nodes[i].origin.empty()) return graph.nodes[i].origin;
  }
  return {};
}

/// For each node, the last node that uses it (itself if none does).
std::vector<std::uint32_t> last_uses(const ir::Graph& graph) {
  std::vector<std::uint32_t> last(graph.nodes.size());
  for (std::uint32_t i = 0; i < graph.nodes.size(); ++i) {
    last[i] = i;
    for (std::uint32_t operand : graph.nodes[i].operands) last[operand] = i;
  }
  return last;
}

/// Nodes [begin, end) of `job` as a job of their own. What they use from before becomes a leaf;
/// what is used after `end` becomes wanted, with a block in `job` too. Constants are copied.
Job cut(Job& job, std::uint32_t begin, std::uint32_t end, std::span<const std::uint32_t> last_use) {
  Job part;
  std::vector<std::uint32_t> position(end, UINT32_MAX);
  const auto add = [&](std::uint32_t node, bool leaf) {
    ir::GraphNode copy = job.graph.nodes[node];
    if (leaf) {
      copy.leaf = true;
      copy.wanted = false;
      copy.operands.clear();
    }
    position[node] = static_cast<std::uint32_t>(part.graph.nodes.size());
    part.graph.nodes.push_back(std::move(copy));
    part.blocks.push_back(job.blocks[node]);
  };
  const auto is_constant = [&](std::uint32_t node) {
    const ir::GraphNode& constant = job.graph.nodes[node];
    return constant.operation.kind == ir::Kind::constant && !constant.leaf &&
           job.blocks[node] == nullptr;
  };
  for (std::uint32_t node = begin; node < end; ++node) {
    for (std::uint32_t operand : job.graph.nodes[node].operands) {
      if (operand < begin && position[operand] == UINT32_MAX) add(operand, !is_constant(operand));
    }
  }
  for (std::uint32_t node = begin; node < end; ++node) {
    if (last_use[node] >= end && job.blocks[node] == nullptr && !is_constant(node))
      job.blocks[node] = std::make_shared<Block>();
    add(node, job.graph.nodes[node].leaf);
    ir::GraphNode& copy = part.graph.nodes.back();
    if (!copy.leaf) copy.wanted = job.blocks[node] != nullptr;
    for (std::uint32_t& operand : copy.operands) operand = position[operand];
  }
  return part;
}

/// The memory that a wanted array takes over: a leaf's that nobody but this job can see. Null when
/// there is none.
std::shared_ptr<Memory> taken_over(const Job& part, const Plan& plan, const Buffer& buffer) {
  if (buffer.takes_over == Buffer::none) return nullptr;
  const std::shared_ptr<Block>& leaf = part.blocks[plan.buffers[buffer.takes_over].node];
  return leaf.use_count() == 1 && leaf->memory().use_count() == 1 ? leaf->memory() : nullptr;
}

/// Ends what a job would have made.
void fail(const Job& part, const Status& status) {
  for (std::uint32_t node = 0; node < part.graph.nodes.size(); ++node) {
    const bool unmade = part.blocks[node] && part.blocks[node]->state() == Block::State::scheduled;
    if (unmade && !part.graph.nodes[node].leaf) part.blocks[node]->set_failed(status);
  }
}

}  // namespace

Executor::Executor(adapters::Device& hardware, std::shared_ptr<Counters> counters, Trace& trace,
                   std::size_t budget)
    : hardware_(hardware),
      counters_(std::move(counters)),
      trace_(trace),
      budget_(budget),
      plans_(hardware_.info(), counters_) {
  counters_->queue.set(hardware_.queue_counts());
}

Status Executor::run(Job job) {
  const std::vector<std::uint32_t> last_use = last_uses(job.graph);
  // What is left of a leaf's owners are those to whom its bytes matter after this job.
  for (ir::GraphNode& node : job.graph.nodes) node.value = {};
  Status status = run_range(job, 0, static_cast<std::uint32_t>(job.graph.nodes.size()), last_use);
  counters_->queue.set(hardware_.queue_counts());
  return status;
}

Status Executor::run_range(Job& job, std::uint32_t begin, std::uint32_t end,
                           std::span<const std::uint32_t> last_use) {
  const bool whole = begin == 0 && end == job.graph.nodes.size();
  Job cut_part;
  if (!whole) cut_part = cut(job, begin, end, last_use);
  Job& part = whole ? job : cut_part;
  const auto begin_planning = Clock::now();
  RunnablePlan& runnable = plans_.plan_for(part.graph);
  const Plan& plan = runnable.plan;
  if (log::enabled(log::Category::plan))
    log::write(log::Category::plan, "\n" + compiler::print(plan, part.graph));

  // Fused and library kernels are compiled and all memory is taken before anything runs, so that a
  // plan can be cut instead of failing.
  const bool compiled = compile(runnable, part.graph);
  counters_->nanoseconds_planning += nanoseconds_since(begin_planning);
  if (compiled) {
    Result<Memories> memories = take_memory(part, plan);
    if (memories.ok()) {
      counters_->bytes_created += memories->new_bytes;
      const auto begin_running = Clock::now();
      Status status = run_plan(part, runnable, *memories);
      counters_->nanoseconds_running += nanoseconds_since(begin_running);
      return status;
    }
    const bool divisible = end - begin > 1;
    if (memories.status().code() != Code::resource_exhausted || !divisible) {
      Status status = named(memories.status(), last_origin(part.graph));
      fail(part, status);
      return status;
    }
  }
  cut_part = {};
  return run_halves(job, begin, end, last_use);
}

Result<Executor::Memories> Executor::take_memory(const Job& part, const Plan& plan) {
  for (std::uint32_t node = 0; node < part.graph.nodes.size(); ++node)
    if (part.graph.nodes[node].leaf) EVERGPU_RETURN_IF_ERROR(materialize(*part.blocks[node]));
  Memories memories;
  const auto take = [&](std::size_t bytes, std::shared_ptr<Memory>& to) -> Status {
    auto memory = allocate(bytes);
    if (!memory.ok()) return memory.status();
    to = std::move(*memory);
    memories.new_bytes += bytes;
    return {};
  };
  const bool separate = hardware_.info().separate_temporaries;
  // Of no bytes too: empty temporaries are regions of it.
  EVERGPU_RETURN_IF_ERROR(take(separate ? 0 : plan.arena_bytes, memories.arena));
  memories.by_buffer.resize(plan.buffers.size());
  for (std::size_t i = 0; i < plan.buffers.size(); ++i) {
    const Buffer& buffer = plan.buffers[i];
    const bool temporary = buffer.place == Buffer::Place::temporary;
    if (buffer.place == Buffer::Place::leaf || (temporary && !separate)) continue;
    std::shared_ptr<Memory>& memory = memories.by_buffer[i];
    if (!temporary) memory = taken_over(part, plan, buffer);
    if (memory == nullptr) EVERGPU_RETURN_IF_ERROR(take(buffer.bytes, memory));
  }
  return memories;
}

bool Executor::compile(RunnablePlan& runnable, const ir::Graph& graph) {
  const std::vector<compiler::Step>& steps = runnable.plan.steps;
  for (std::size_t s = 0; s < steps.size() && !runnable.refused; ++s) {
    const bool fused = steps[s].nodes.size() > 1;
    // Library kernels, too: some need memory to be made, which is free again before the plan's.
    const bool library = std::holds_alternative<compiler::Library>(steps[s].kernel);
    if (!(fused || library) || runnable.executables[s] != nullptr) continue;
    auto found = executable_for(steps[s].kernel);
    if (found.ok()) {
      runnable.executables[s] = std::move(*found);
      continue;
    }
    // What the device does not know at all, it does not know in a smaller kernel either. The launch
    // of what cannot be smaller fails, and what needs it.
    if (!fused || found.status().code() == Code::unimplemented) continue;
    runnable.refused = true;
    const Status status = named(found.status(), graph.nodes[steps[s].node].origin);
    log::warning(
        fmt::format("a kernel of {} operations did not compile: {}. They are computed in "
                    "parts, which is slower; please report it.",
                    steps[s].nodes.size(), status.message()));
  }
  if (runnable.refused) ++counters_->fallbacks;
  return !runnable.refused;
}

Status Executor::run_halves(Job& job, std::uint32_t begin, std::uint32_t end,
                            std::span<const std::uint32_t> last_use) {
  const std::uint32_t middle = begin + (end - begin) / 2;
  const Status status = run_range(job, begin, middle, last_use);
  for (std::uint32_t node = 0; node < middle; ++node) {
    if (last_use[node] < middle) job.blocks[node].reset();
  }
  const Status second = run_range(job, middle, end, last_use);
  return status.ok() ? second : status;
}

Status Executor::run_plan(const Job& part, RunnablePlan& runnable, Memories& memories) {
  const Plan& plan = runnable.plan;
  std::vector<Region> regions(plan.buffers.size());
  std::vector<Status> failed(plan.buffers.size());
  for (std::size_t i = 0; i < plan.buffers.size(); ++i) {
    const Buffer& buffer = plan.buffers[i];
    if (buffer.place == Buffer::Place::leaf) {
      Block& block = *part.blocks[buffer.node];
      if (block.state() == Block::State::failed) failed[i] = block.error();
      memories.by_buffer[i] = block.memory();
    }
    regions[i] = memories.by_buffer[i] == nullptr ? Region{memories.arena.get(), buffer.offset}
                                                  : Region{memories.by_buffer[i].get(), 0};
  }
  LaunchMeter meter(hardware_, trace_);
  Status first;
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    const compiler::Step& step = plan.steps[s];
    Status status;
    for (std::uint32_t input : step.inputs) {
      if (status.ok()) status = failed[input];
    }
    if (status.ok()) {
      meter.begin();
      status = launch(step, runnable.executables[s], regions);
      if (status.ok()) status = meter.end(step, part.graph);
      status = named(status, part.graph.nodes[step.node].origin);
      if (first.ok()) first = status;
    }
    for (std::uint32_t output : step.outputs)  // several steps may write parts of it
      if (failed[output].ok()) failed[output] = status;
  }
  Status finished = hardware_.wait();
  if (finished.ok()) finished = meter.finish();
  if (Status status = named(finished, last_origin(part.graph)); !status.ok()) {
    for (std::size_t i = 0; i < plan.buffers.size(); ++i) {
      if (plan.buffers[i].place != Buffer::Place::leaf) failed[i] = status;
    }
    first = status;
  }
  for (const auto& [node, buffer] : plan.wanted) {
    Block& block = *part.blocks[node];
    if (failed[buffer].ok()) {
      block.set_ready(memories.by_buffer[buffer]);
    } else {
      block.set_failed(failed[buffer]);
    }
  }
  return first;
}

Status Executor::launch(const compiler::Step& step,
                        std::shared_ptr<adapters::Executable>& executable,
                        std::span<const Region> regions) {
  if (executable == nullptr) {
    auto found = executable_for(step.kernel);
    if (!found.ok()) return found.status();
    executable = std::move(*found);
  }
  InlineVector<Region, 8> inputs;
  InlineVector<Region, 8> outputs;
  for (std::uint32_t input : step.inputs) inputs.push_back(regions[input]);
  for (std::uint32_t output : step.outputs) outputs.push_back(regions[output]);
  ++counters_->kernels;
  counters_->bytes_written += compiler::bytes_stored(step.kernel);
  return hardware_.launch(*executable, step.kernel, inputs, outputs);
}

Result<std::shared_ptr<adapters::Executable>> Executor::executable_for(
    const compiler::Kernel& kernel) {
  const std::uint64_t hash = compiler::structure_hash(kernel);
  const Compiled* const found = compiled_.find(hash, [&](const Compiled& compiled) {
    return compiler::structurally_equal(compiled.kernel, kernel);
  });
  if (found != nullptr) return found->executable;
  auto executable = hardware_.compile(kernel);
  if (!executable.ok()) return executable.status();
  if (compiled_.size() == compiled_limit) compiled_.take_oldest();
  return compiled_.insert(hash, {kernel, std::move(*executable)}).executable;
}

Result<std::shared_ptr<Memory>> Executor::allocate(std::size_t bytes) {
  if (counters_->resident.current() + bytes > budget_) {
    return resource_exhausted(
        fmt::format("out of memory on {}: {} bytes are needed, {} of {} are in use. Use a smaller "
                    "batch or model, or raise "
                    "EVERGPU_MEMORY_LIMIT if it is set.",
                    hardware_.info().name, bytes, counters_->resident.current(), budget_));
  }
  auto memory = hardware_.allocate(bytes);
  if (!memory.ok()) return memory.status();
  auto counted = std::make_shared<CountedMemory>(std::move(*memory), counters_, bytes);
  return std::shared_ptr<Memory>(counted, counted->memory.get());
}

Status Executor::materialize(Block& block) {
  if (block.state() != Block::State::scheduled) return {};
  auto memory = allocate(block.captured().size());
  if (!memory.ok()) return memory.status();
  EVERGPU_RETURN_IF_ERROR(hardware_.upload({memory->get(), 0}, block.captured()));
  block.set_ready(std::move(*memory));
  return {};
}

Status Executor::download(std::span<std::byte> to, const ir::Value& from, std::size_t offset) {
  Block& block = block_of(from);
  if (Status status = materialize(block); !status.ok()) return named(status, "copy to the device");
  if (block.state() == Block::State::failed) return block.error();
  const Status status = hardware_.download(to, {block.memory().get(), offset});
  counters_->queue.set(hardware_.queue_counts());
  return named(status, from->origin());
}

}  // namespace evergpu::runtime
