#include "compiler/order.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "compiler/distinct.h"

namespace evergpu::compiler {

namespace {

class Scheduler {
 public:
  explicit Scheduler(const Plan& plan)
      : plan_(plan),
        waits_for_(plan.steps.size()),
        followers_(plan.steps.size()),
        done_(plan.steps.size()),
        reads_(plan.steps.size()),
        writes_(plan.steps.size()),
        readers_(plan.buffers.size()),
        unread_(plan.buffers.size()),
        begun_(plan.buffers.size()),
        kept_(plan.buffers.size()) {
    for (const Wanted& wanted : plan.wanted) kept_[wanted.buffer] = true;
    std::vector<std::vector<std::uint32_t>> writers(plan.buffers.size());
    for (std::uint32_t s = 0; s < plan.steps.size(); ++s) {
      reads_[s] = distinct(plan.steps[s].inputs);
      writes_[s] = distinct(plan.steps[s].outputs);
      // A part of an array can be read before the others are written, so only earlier writers.
      for (std::uint32_t buffer : reads_[s]) {
        readers_[buffer].push_back(s);
        ++unread_[buffer];
        for (std::uint32_t writer : writers[buffer]) {
          followers_[writer].push_back(s);
          ++waits_for_[s];
        }
      }
      for (std::uint32_t buffer : writes_[s]) writers[buffer].push_back(s);
    }
  }

  std::vector<std::uint32_t> run() {
    for (std::uint32_t s = 0; s < plan_.steps.size(); ++s) {
      if (done_[s]) continue;
      perform(s);
      while (!candidates_.empty()) {
        const std::uint32_t next = *candidates_.begin();
        candidates_.erase(candidates_.begin());
        if (!done_[next] && waits_for_[next] == 0 && !grows(next)) perform(next);
      }
    }
    return std::move(order_);
  }

 private:
  void perform(std::uint32_t s) {
    order_.push_back(s);
    done_[s] = true;
    for (std::uint32_t buffer : writes_[s]) begun_[buffer] = true;
    for (std::uint32_t follower : followers_[s]) {
      --waits_for_[follower];
      candidates_.insert(follower);
    }
    for (std::uint32_t buffer : reads_[s]) {
      if (--unread_[buffer] != 1) continue;
      for (std::uint32_t reader : readers_[buffer])  // of which one is left
        if (!done_[reader]) candidates_.insert(reader);
    }
  }

  /// Whether more bytes are alive after a step than before it, in the arena or outside. What is
  /// wanted can take over a dying leaf alone.
  bool grows(std::uint32_t s) const {
    std::size_t temporary = 0;
    std::size_t lasting = 0;
    for (std::uint32_t buffer : writes_[s]) {
      if (begun_[buffer]) continue;
      const bool wanted = plan_.buffers[buffer].place == Buffer::Place::wanted;
      (wanted ? lasting : temporary) += plan_.buffers[buffer].bytes;
    }
    std::size_t dying = 0;
    std::size_t dying_leaves = 0;
    for (std::uint32_t buffer : reads_[s]) {
      if (unread_[buffer] != 1 || kept_[buffer]) continue;
      const bool leaf = plan_.buffers[buffer].place == Buffer::Place::leaf;
      (leaf ? dying_leaves : dying) += plan_.buffers[buffer].bytes;
    }
    return temporary > dying || lasting > dying_leaves;
  }

  const Plan& plan_;
  std::vector<std::uint32_t> waits_for_;  // by step: writes that it needs, not yet done
  std::vector<std::vector<std::uint32_t>> followers_;  // by step: the steps that wait for it
  std::vector<bool> done_;                             // by step
  std::vector<std::vector<std::uint32_t>> reads_;      // by step: buffers, each once
  std::vector<std::vector<std::uint32_t>> writes_;     // by step: buffers, each once
  std::vector<std::vector<std::uint32_t>> readers_;    // by buffer: steps
  std::vector<std::uint32_t> unread_;                  // by buffer: readers not yet done
  std::vector<bool> begun_;                            // by buffer: its bytes are taken
  std::vector<bool> kept_;                             // by buffer: a wanted node's bytes are there
  std::set<std::uint32_t> candidates_;                 // steps that may now not grow memory
  std::vector<std::uint32_t> order_;
};

}  // namespace

void order_for_memory(Plan& plan) {
  const std::vector<std::uint32_t> order = Scheduler(plan).run();
  std::vector<Step> steps;
  steps.reserve(order.size());
  for (std::uint32_t s : order) steps.push_back(std::move(plan.steps[s]));
  plan.steps = std::move(steps);
}

}  // namespace evergpu::compiler
