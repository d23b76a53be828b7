#include "compiler/memory.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

namespace evergpu::compiler {

namespace {

/// A growing range of bytes of which parts are in use.
class Arena {
 public:
  std::size_t allocate(std::size_t bytes) {
    if (const auto fit = by_size_.lower_bound({bytes, 0}); fit != by_size_.end()) {
      const auto [size, offset] = *fit;
      remove(offset, size);
      if (size > bytes) add(offset + bytes, size - bytes);
      return offset;
    }
    std::size_t offset = end_;
    if (!by_offset_.empty()) {
      const auto [last, size] = *by_offset_.rbegin();
      if (last + size == end_) {
        remove(last, size);
        offset = last;
      }
    }
    end_ = offset + bytes;
    return offset;
  }

  void release(std::size_t offset, std::size_t bytes) {
    const auto next = by_offset_.lower_bound(offset);
    if (next != by_offset_.begin()) {
      const auto [before, size] = *std::prev(next);
      if (before + size == offset) {
        remove(before, size);
        offset = before;
        bytes += size;
      }
    }
    if (next != by_offset_.end()) {
      const auto [after, size] = *next;
      if (offset + bytes == after) {
        remove(after, size);
        bytes += size;
      }
    }
    add(offset, bytes);
  }

  std::size_t end() const { return end_; }

 private:
  void add(std::size_t offset, std::size_t bytes) {
    by_offset_.emplace(offset, bytes);
    by_size_.emplace(bytes, offset);
  }
  void remove(std::size_t offset, std::size_t bytes) {
    by_offset_.erase(offset);
    by_size_.erase({bytes, offset});
  }

  std::map<std::size_t, std::size_t> by_offset_;           // free blocks: offset, bytes
  std::set<std::pair<std::size_t, std::size_t>> by_size_;  // the same: bytes, offset
  std::size_t end_ = 0;
};

class MemoryPlanner {
 public:
  MemoryPlanner(Plan& plan, std::size_t alignment)
      : plan_(plan),
        alignment_(alignment),
        last_use_(plan.buffers.size(), never),
        writes_(plan.buffers.size()),
        kept_(plan.buffers.size()),
        placed_(plan.buffers.size()) {
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) {
      for (std::uint32_t buffer : plan_.steps[s].inputs) last_use_[buffer] = s;
      for (std::uint32_t buffer : plan_.steps[s].outputs) ++writes_[buffer];
    }
    for (const Wanted& wanted : plan_.wanted) kept_[wanted.buffer] = true;
  }

  void run() {
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) {
      const Step& step = plan_.steps[s];
      for (std::size_t i = 0; i < step.outputs.size(); ++i) {
        Buffer& output = plan_.buffers[step.outputs[i]];
        if (output.place == Buffer::Place::wanted && writes_[step.outputs[i]] == 1) {
          if (const std::uint32_t* leaf = find_take_over(step, i, s, Buffer::Place::leaf)) {
            output.takes_over = *leaf;
            last_use_[*leaf] = never;
          }
        }
        if (!in_arena(output)) continue;
        if (writes_[step.outputs[i]] > 1) {  // parts: the first of them makes room for all
          if (!placed_[step.outputs[i]]) output.offset = arena_.allocate(aligned(output.bytes));
          placed_[step.outputs[i]] = true;
          continue;
        }
        const std::uint32_t* taken = find_take_over(step, i, s, Buffer::Place::temporary);
        if (taken != nullptr) {
          output.offset = plan_.buffers[*taken].offset;
          last_use_[*taken] = never;  // its bytes are the result's now
        } else {
          output.offset = arena_.allocate(aligned(output.bytes));
        }
      }
      for (std::uint32_t buffer : step.inputs) release_after(buffer, s);
    }
    plan_.arena_bytes = arena_.end();
  }

 private:
  static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

  static bool in_arena(const Buffer& buffer) {
    return buffer.place == Buffer::Place::temporary && buffer.bytes > 0;
  }
  std::size_t aligned(std::size_t bytes) const {
    return (bytes + alignment_ - 1) / alignment_ * alignment_;
  }

  void release_after(std::uint32_t buffer, std::size_t s) {
    if (last_use_[buffer] != s || !in_arena(plan_.buffers[buffer])) return;
    arena_.release(plan_.buffers[buffer].offset, aligned(plan_.buffers[buffer].bytes));
    last_use_[buffer] = never;  // a step may read it twice
  }

  /// The input of a Loop, of that place, whose bytes `outputs[i]` can be written over; null when
  /// there is none.
  const std::uint32_t* find_take_over(const Step& step, std::size_t i, std::size_t s,
                                      Buffer::Place place) const {
    const auto* loop = std::get_if<Loop>(&step.kernel);
    if (loop == nullptr || i >= loop->plain_outputs()) return nullptr;
    const Buffer& output = plan_.buffers[step.outputs[i]];
    // In an array of as many bytes, the output's strides leave no offset but 0: its own.
    const auto same_places = [&](const LoopOperand& operand) {
      return operand.strides == loop->outputs[i].strides &&
             ir::size_of(operand.dtype) == ir::size_of(loop->outputs[i].dtype);
    };
    for (std::size_t k = 0; k < step.inputs.size(); ++k) {
      const Buffer& input = plan_.buffers[step.inputs[k]];
      if (last_use_[step.inputs[k]] != s || input.place != place || kept_[step.inputs[k]] ||
          input.bytes != output.bytes || input.bytes == 0)
        continue;
      bool all_same = true;
      for (std::size_t j = 0; j < step.inputs.size() && all_same; ++j)
        all_same = step.inputs[j] != step.inputs[k] || same_places(loop->inputs[j]);
      if (all_same) return &step.inputs[k];
    }
    return nullptr;
  }

  Plan& plan_;
  std::size_t alignment_;
  std::vector<std::size_t> last_use_;  // by buffer: the last step that reads it
  std::vector<std::uint32_t> writes_;  // by buffer: how many results go there
  std::vector<bool> kept_;             // by buffer: a wanted node's bytes are there
  std::vector<bool> placed_;           // by buffer with several: it has its offset
  Arena arena_;
};

}  // namespace

void assign_memory(Plan& plan, std::size_t alignment) { MemoryPlanner(plan, alignment).run(); }

}  // namespace evergpu::compiler
