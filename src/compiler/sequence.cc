#include "compiler/sequence.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "compiler/distinct.h"
#include "ir/shape.h"

namespace evergpu::compiler {

namespace {

/// How many bytes of temporaries may stay alive for steps that wait to read them.
constexpr std::size_t few_bytes_kept = 16 << 10;
/// How many bytes of temporaries the steps of one launch may make.
constexpr std::size_t few_bytes_made = 64 << 10;
/// How many a step that comes first may make: what scalars take.
constexpr std::size_t very_few_bytes = 64;

template <typename T>
void append(std::vector<T>& to, const std::vector<T>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

class Gatherer {
 public:
  Gatherer(Plan& plan, const SequenceLimits& limits)
      : plan_(plan), limits_(limits), made_(plan.buffers.size()), held_(plan.buffers.size()) {}

  void run() {
    std::vector<Step> steps = std::move(plan_.steps);
    plan_.steps.clear();
    std::stable_partition(steps.begin(), steps.end(),
                          [this](const Step& step) { return comes_first(step); });
    for (Step& step : steps) {
      if (is_small(step)) {
        if (!fits(step)) launch_waiting();
        wait(std::move(step));
      } else {
        if (reads_waiting(step)) launch_waiting();
        plan_.steps.push_back(std::move(step));
      }
    }
    launch_waiting();
  }

 private:
  bool is_small(const Step& step) const {
    const auto* loop = std::get_if<Loop>(&step.kernel);
    if (loop == nullptr || ir::Shape(loop->extents).elements() > limits_.elements) return false;
    return bytes_of(step.inputs) <= few_bytes_kept && bytes_of(step.outputs) <= few_bytes_made &&
           operands_of(step) <= limits_.operands;
  }

  /// Whether a small step can run at any time, and costs next to no memory then. What is wanted
  /// does not come first: it may take over a leaf that others read.
  bool comes_first(const Step& step) const {
    std::size_t bytes = 0;
    for (std::uint32_t buffer : step.outputs) {
      if (plan_.buffers[buffer].place != Buffer::Place::temporary) return false;
      bytes += plan_.buffers[buffer].bytes;
    }
    return bytes <= very_few_bytes && is_small(step) &&
           std::all_of(step.inputs.begin(), step.inputs.end(), [this](std::uint32_t buffer) {
             return plan_.buffers[buffer].place == Buffer::Place::leaf;
           });
  }

  static std::size_t operands_of(const Step& step) {
    return step.inputs.size() + step.outputs.size();
  }

  /// Of the temporaries among some buffers, but for those that a waiting step has.
  std::size_t bytes_of(const std::vector<std::uint32_t>& buffers) const {
    std::size_t bytes = 0;
    for (std::uint32_t buffer : buffers)
      if (plan_.buffers[buffer].place == Buffer::Place::temporary && held_[buffer] != turn_)
        bytes += plan_.buffers[buffer].bytes;
    return bytes;
  }

  bool fits(const Step& step) const {
    return operands_ + operands_of(step) <= limits_.operands &&
           bytes_kept_ + bytes_of(step.inputs) <= few_bytes_kept &&
           bytes_made_ + bytes_of(step.outputs) <= few_bytes_made;
  }

  bool reads_waiting(const Step& step) const {
    return std::any_of(step.inputs.begin(), step.inputs.end(),
                       [&](std::uint32_t buffer) { return made_[buffer] == turn_; });
  }

  void wait(Step step) {
    operands_ += operands_of(step);
    bytes_kept_ += bytes_of(step.inputs);
    bytes_made_ += bytes_of(step.outputs);
    for (std::uint32_t buffer : step.inputs) held_[buffer] = turn_;
    for (std::uint32_t buffer : step.outputs) held_[buffer] = made_[buffer] = turn_;
    waiting_.push_back(std::move(step));
  }

  void launch_waiting() {
    if (waiting_.size() == 1) plan_.steps.push_back(std::move(waiting_[0]));
    if (waiting_.size() > 1) plan_.steps.push_back(sequence_of(std::move(waiting_), false));
    waiting_.clear();
    operands_ = 0;
    bytes_kept_ = bytes_made_ = 0;
    ++turn_;
  }

  Plan& plan_;
  const SequenceLimits limits_;
  std::vector<Step> waiting_;
  std::size_t operands_ = 0;    // of those that wait
  std::size_t bytes_kept_ = 0;  // of temporaries that they read, made by others
  std::size_t bytes_made_ = 0;
  std::uint32_t turn_ = 1;           // grows with each launch of those that waited
  std::vector<std::uint32_t> made_;  // by buffer: in which turn a waiting step wrote it
  std::vector<std::uint32_t> held_;  // by buffer: in which turn a waiting step used it
};

}  // namespace

void gather_small_loops(Plan& plan, const SequenceLimits& limits) {
  if (limits.operands > 0) Gatherer(plan, limits).run();
}

Step sequence_of(std::vector<Step> steps, bool apart) {
  Step result;
  Sequence sequence;
  sequence.apart = apart;
  result.node = steps[0].node;
  for (Step& step : steps) {
    for (Binding& binding : step.bindings)
      binding.loop = static_cast<std::uint16_t>(sequence.loops.size());
    sequence.loops.push_back(std::move(std::get<Loop>(step.kernel)));
    append(result.inputs, step.inputs);
    append(result.outputs, step.outputs);
    append(result.bindings, step.bindings);
    append(result.nodes, step.nodes);
  }
  result.nodes = distinct(std::move(result.nodes));
  result.kernel = std::move(sequence);
  return result;
}

LoopPart part_of_output(const Kernel& kernel, std::size_t output) {
  if (const auto* loop = std::get_if<Loop>(&kernel)) return {loop};
  LoopPart part;
  if (const auto* pipeline = std::get_if<Pipeline>(&kernel);
      pipeline != nullptr && is_contraction(pipeline->library.operation)) {
    part.loop = &*pipeline->after;
    part.first_input = pipeline->first_arrays() + pipeline->other_arrays();
    part.no_arrays = 1;  // what the contraction makes
    part.is_after = false;
  }
  const auto* sequence = std::get_if<Sequence>(&kernel);
  if (sequence == nullptr) return part;
  part.is_after = !sequence->apart;
  for (const Loop& loop : sequence->loops) {
    part.loop = &loop;
    if (output < part.first_output + loop.outputs.size()) break;
    part.first_input += loop.inputs.size();
    part.first_output += loop.outputs.size();
  }
  return part;
}

}  // namespace evergpu::compiler
