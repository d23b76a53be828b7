#include "compiler/memory.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "compiler/sequence.h"

namespace evergpu::compiler {

namespace {

/// Bytes that are in use from one step to another, by a buffer or several that take each other
/// over.
struct Span {
  std::size_t bytes;
  std::size_t begin;
  std::size_t end;  // the last step
  std::size_t offset = 0;

  bool meets(const Span& other) const { return begin <= other.end && other.begin <= end; }
};

/// Gives spans that meet disjoint offsets, the largest first; returns the end of the last byte.
std::size_t place(std::vector<Span>& spans) {
  std::vector<std::size_t> order(spans.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return spans[a].bytes > spans[b].bytes; });
  std::vector<const Span*> placed;  // by offset
  std::size_t arena_end = 0;
  for (std::size_t index : order) {
    Span& span = spans[index];
    std::size_t smallest_gap = std::numeric_limits<std::size_t>::max();
    std::size_t end = 0;  // of those before that meet it
    bool fits = false;
    for (const Span* other : placed) {
      if (!other->meets(span)) continue;
      if (other->offset >= end + span.bytes && other->offset - end < smallest_gap) {
        smallest_gap = other->offset - end;
        span.offset = end;
        fits = true;
      }
      end = std::max(end, other->offset + other->bytes);
    }
    if (!fits) span.offset = end;
    arena_end = std::max(arena_end, span.offset + span.bytes);
    const auto after = [](std::size_t offset, const Span* other) { return offset < other->offset; };
    placed.insert(std::upper_bound(placed.begin(), placed.end(), span.offset, after), &span);
  }
  return arena_end;
}

class MemoryPlanner {
 public:
  MemoryPlanner(Plan& plan, std::size_t alignment)
      : plan_(plan),
        alignment_(alignment),
        last_use_(plan.buffers.size(), never),
        writes_(plan.buffers.size()),
        kept_(plan.buffers.size()),
        spans_of_(plan.buffers.size(), never) {
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
        std::size_t& span = spans_of_[step.outputs[i]];
        // Of parts, the first makes room for all.
        if (!in_arena(output) || span != never) continue;
        const std::uint32_t* taken = writes_[step.outputs[i]] > 1
                                         ? nullptr
                                         : find_take_over(step, i, s, Buffer::Place::temporary);
        if (taken != nullptr) {
          span = spans_of_[*taken];
          last_use_[*taken] = never;  // its bytes are the result's now
        } else {
          span = spans_.size();
          spans_.push_back({aligned(output.bytes), s, plan_.steps.size()});
        }
      }
      for (std::uint32_t buffer : step.inputs)
        if (last_use_[buffer] == s && in_arena(plan_.buffers[buffer]))
          spans_[spans_of_[buffer]].end = s;
    }
    plan_.arena_bytes = place(spans_);
    for (std::size_t i = 0; i < spans_of_.size(); ++i)
      if (spans_of_[i] != never) plan_.buffers[i].offset = spans_[spans_of_[i]].offset;
  }

 private:
  static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

  static bool in_arena(const Buffer& buffer) {
    return buffer.place == Buffer::Place::temporary && buffer.bytes > 0;
  }
  std::size_t aligned(std::size_t bytes) const {
    return (bytes + alignment_ - 1) / alignment_ * alignment_;
  }

  /// The input of a Loop, of that place, whose bytes `outputs[i]` can be written over; null when
  /// there is none.
  const std::uint32_t* find_take_over(const Step& step, std::size_t i, std::size_t s,
                                      Buffer::Place place) const {
    const LoopPart part = part_of_output(step.kernel, i);
    if (part.loop == nullptr || i - part.first_output >= part.loop->plain_outputs()) return nullptr;
    const Buffer& output = plan_.buffers[step.outputs[i]];
    const LoopOperand& written = part.loop->outputs[i - part.first_output];
    const std::size_t end = part.first_input + part.loop->inputs.size() - part.no_arrays;
    // In an array of as many bytes, the output's strides leave no offset but 0: its own. Earlier
    // Loops of the step have read theirs, unless they are apart.
    const auto same_places = [&](std::size_t j) {
      if (j < part.first_input) return part.is_after;
      if (j >= end) return false;
      const LoopOperand& operand = part.loop->inputs[j - part.first_input + part.no_arrays];
      return operand.strides == written.strides &&
             ir::size_of(operand.dtype) == ir::size_of(written.dtype);
    };
    for (std::size_t k = part.first_input; k < end; ++k) {
      const Buffer& input = plan_.buffers[step.inputs[k]];
      if (last_use_[step.inputs[k]] != s || input.place != place || kept_[step.inputs[k]] ||
          input.bytes != output.bytes || input.bytes == 0)
        continue;
      bool all_same = true;
      for (std::size_t j = 0; j < step.inputs.size() && all_same; ++j)
        all_same = step.inputs[j] != step.inputs[k] || same_places(j);
      if (all_same) return &step.inputs[k];
    }
    return nullptr;
  }

  Plan& plan_;
  std::size_t alignment_;
  std::vector<std::size_t> last_use_;  // by buffer: the last step that reads it
  std::vector<std::uint32_t> writes_;  // by buffer: how many results go there
  std::vector<bool> kept_;             // by buffer: a wanted node's bytes are there
  std::vector<std::size_t> spans_of_;  // by buffer: which of the spans; never: none
  std::vector<Span> spans_;
};

}  // namespace

void assign_memory(Plan& plan, std::size_t alignment) { MemoryPlanner(plan, alignment).run(); }

}  // namespace evergpu::compiler
