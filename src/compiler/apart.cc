#include "compiler/apart.h"

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <utility>

#include "compiler/distinct.h"
#include "compiler/sequence.h"
#include "ir/shape.h"

namespace evergpu::compiler {

namespace {

/// What scalars take: how many bytes of temporaries a Loop that waits may make, and how many an
/// array has that several Loops of a launch may read. Larger ones are taken over, which takes that
/// nobody else reads them.
constexpr std::size_t few_bytes = 64;

class Joiner {
 public:
  Joiner(Plan& plan, const SequenceLimits& limits)
      : plan_(plan),
        limits_(limits),
        alive_(plan.steps.size()),
        last_reader_(plan.buffers.size(), never),
        maker_(plan.buffers.size(), nobody),
        waiting_readers_(plan.buffers.size()),
        kept_(plan.buffers.size()) {
    count_alive();
  }

  void run() {
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) {
      const Step& step = plan_.steps[s];
      for (std::uint32_t buffer : step.inputs)
        if (maker_[buffer] != nobody) launch(groups_[maker_[buffer]], s);
      if (alive_[s] + kept_bytes_ > most_)
        for (Group& group : groups_) launch(group, s);
      if (can_wait(step))
        wait(s);
      else
        launches_.push_back({2 * s + 1, {s}});
      for (std::uint32_t buffer : distinct(step.inputs))
        if (last_reader_[buffer] == s && waiting_readers_[buffer] > 0) keep(buffer);
    }
    for (Group& group : groups_) launch(group, plan_.steps.size());
    rearrange();
  }

 private:
  static constexpr std::size_t never = ~std::size_t{0};
  static constexpr std::uint32_t nobody = ~std::uint32_t{0};

  /// Waiting steps of one program.
  struct Group {
    std::uint32_t number = 0;
    std::vector<std::size_t> steps;
    std::size_t operands = 0;
  };

  /// Steps of one launch. `time`: twice the step that it comes before, or that and one for a step
  /// that stays where it was.
  struct Launch {
    std::size_t time = 0;
    std::vector<std::size_t> steps;
  };

  bool is_temporary(std::uint32_t buffer) const {
    return plan_.buffers[buffer].place == Buffer::Place::temporary;
  }

  /// The bytes of temporaries during each step. Loops take over what they are the last to read.
  void count_alive() {
    for (std::size_t s = 0; s < plan_.steps.size(); ++s)
      for (std::uint32_t buffer : plan_.steps[s].inputs) last_reader_[buffer] = s;
    std::vector<bool> begun(plan_.buffers.size());
    std::size_t bytes = 0;
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) {
      const Step& step = plan_.steps[s];
      std::size_t made = 0;
      for (std::uint32_t buffer : step.outputs) {
        if (!is_temporary(buffer) || begun[buffer]) continue;
        begun[buffer] = true;
        made += plan_.buffers[buffer].bytes;
      }
      std::size_t dying = 0;
      for (std::uint32_t buffer : distinct(step.inputs))
        if (is_temporary(buffer) && last_reader_[buffer] == s) dying += plan_.buffers[buffer].bytes;
      const bool takes_over = std::holds_alternative<Loop>(step.kernel) ||
                              std::holds_alternative<Sequence>(step.kernel);
      alive_[s] = bytes + (takes_over ? made - std::min(made, dying) : made);
      bytes += made;
      bytes -= dying;
      most_ = std::max(most_, alive_[s]);
    }
  }

  bool can_wait(const Step& step) const {
    const auto* loop = std::get_if<Loop>(&step.kernel);
    if (loop == nullptr || loop->extents.size() != 1 || loop->extents[0] == 0 ||
        loop->extents[0] > limits_.elements_apart || 2 * operands_of(step) > limits_.operands_apart)
      return false;
    std::size_t made = 0;
    for (std::uint32_t buffer : step.outputs)
      if (is_temporary(buffer)) made += plan_.buffers[buffer].bytes;
    return made <= few_bytes;
  }

  static std::size_t operands_of(const Step& step) {
    return step.inputs.size() + step.outputs.size();
  }

  void wait(std::size_t s) {
    const Step& step = plan_.steps[s];
    Group& group = group_of(std::get<Loop>(step.kernel));
    const bool fits = group.operands + operands_of(step) <= limits_.operands_apart;
    if (!fits || shares_an_array(step, group)) launch(group, s);
    group.steps.push_back(s);
    group.operands += operands_of(step);
    for (std::uint32_t buffer : step.outputs) maker_[buffer] = group.number;
    for (std::uint32_t buffer : distinct(step.inputs)) ++waiting_readers_[buffer];
  }

  Group& group_of(const Loop& loop) {
    Loop program = loop;
    program.extents = {0};
    const auto [entry, fresh] =
        numbers_.try_emplace(structure_hash(program), static_cast<std::uint32_t>(groups_.size()));
    if (fresh) groups_.push_back({entry->second, {}, 0});
    Group& group = groups_[entry->second];
    const auto program_of = [&](std::size_t s) -> const Loop& {
      return std::get<Loop>(plan_.steps[s].kernel);
    };
    if (group.steps.empty() || same_program(program_of(group.steps[0]), loop)) return group;
    // Two programs of one hash: the second has a group of its own, which nobody else finds.
    groups_.push_back({static_cast<std::uint32_t>(groups_.size()), {}, 0});
    return groups_.back();
  }

  bool shares_an_array(const Step& step, const Group& group) const {
    return std::any_of(step.inputs.begin(), step.inputs.end(), [&](std::uint32_t buffer) {
      if (plan_.buffers[buffer].bytes <= few_bytes || waiting_readers_[buffer] == 0) return false;
      return std::any_of(group.steps.begin(), group.steps.end(), [&](std::size_t s) {
        const auto& inputs = plan_.steps[s].inputs;
        return std::find(inputs.begin(), inputs.end(), buffer) != inputs.end();
      });
    });
  }

  /// Notes that only waiting steps are yet to read a buffer.
  void keep(std::uint32_t buffer) {
    if (!is_temporary(buffer)) return;
    kept_[buffer] = true;
    kept_bytes_ += plan_.buffers[buffer].bytes;
  }

  /// Launches a group before step `s`. One that waited alone runs where it was.
  void launch(Group& group, std::size_t s) {
    if (group.steps.empty()) return;
    for (std::size_t waiting : group.steps) {
      const Step& step = plan_.steps[waiting];
      for (std::uint32_t buffer : step.outputs) maker_[buffer] = nobody;
      for (std::uint32_t buffer : distinct(step.inputs)) {
        if (--waiting_readers_[buffer] > 0 || !kept_[buffer]) continue;
        kept_[buffer] = false;
        kept_bytes_ -= plan_.buffers[buffer].bytes;
      }
    }
    const std::size_t time = group.steps.size() == 1 ? 2 * group.steps[0] + 1 : 2 * s;
    launches_.push_back({time, std::exchange(group.steps, {})});
    group.operands = 0;
  }

  void rearrange() {
    std::stable_sort(launches_.begin(), launches_.end(),
                     [](const Launch& a, const Launch& b) { return a.time < b.time; });
    std::vector<Step> steps;
    steps.reserve(launches_.size());
    for (const Launch& launch : launches_) {
      std::vector<Step> together;
      for (std::size_t s : launch.steps) together.push_back(std::move(plan_.steps[s]));
      steps.push_back(together.size() == 1 ? std::move(together[0])
                                           : sequence_of(std::move(together), true));
    }
    plan_.steps = std::move(steps);
  }

  Plan& plan_;
  const SequenceLimits limits_;
  std::vector<std::size_t> alive_;              // by step: bytes of temporaries
  std::size_t most_ = 0;                        // of any step
  std::vector<std::size_t> last_reader_;        // by buffer: the last step that reads it
  std::vector<std::uint32_t> maker_;            // by buffer: the group that waits to write it
  std::vector<std::uint32_t> waiting_readers_;  // by buffer
  std::vector<bool> kept_;                      // by buffer: alive for waiting steps alone
  std::size_t kept_bytes_ = 0;
  std::unordered_map<std::uint64_t, std::uint32_t> numbers_;  // of groups, by program
  std::vector<Group> groups_;
  std::vector<Launch> launches_;
};

}  // namespace

void gather_loops_apart(Plan& plan, const SequenceLimits& limits) {
  if (limits.operands_apart > 0) Joiner(plan, limits).run();
}

}  // namespace evergpu::compiler
