// Runs Pipelines: some rows of windows at a time, so that what passes between the parts stays in
// the caches.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "adapters/host/executable.h"
#include "adapters/host/reduce.h"
#include "adapters/host/schedule.h"
#include "adapters/host/threads.h"
#include "adapters/host/tile_runner.h"
#include "adapters/host/window_rows.h"
#include "adapters/host/work_space.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Loop;
using compiler::Pipeline;

// Elements of the input that are taken at once: a tile's, or one row.
constexpr std::int64_t block_elements = 2048;
// Work for one thread at a time, in elements of the input.
constexpr std::int64_t grain_elements = 16 << 10;

thread_local WorkSpace before_space;
thread_local WorkSpace after_space;
thread_local WorkSpace input_space;
thread_local WorkSpace pooled_space;
thread_local WorkSpace gradient_space;
thread_local WorkSpace given_space;

// What a compiled pipeline knows.
struct Parts {
  bool is_gradient;
  bool is_maximum;
  ir::DType dtype;
  ir::DType held;          // as registers hold it: f32 for 16-bit floats
  std::int64_t size;       // of an element in memory, in bytes
  std::int64_t held_size;  // of one that is held
  WindowRows rows;
  std::int64_t rows_at_once;
  std::optional<Schedule> before;
  std::optional<Schedule> after;

  bool widens() const { return dtype != held; }
};

// The arrays of a launch.
struct Arrays {
  const Pipeline& pipeline;
  Inputs first;   // of the first operand
  Inputs others;  // the library's other operands
  std::vector<const std::byte*> after;
  std::vector<char> after_direct;
  Outputs outputs;
};

Arrays arrays_of(const Parts& parts, const Pipeline& pipeline, Inputs inputs, Outputs outputs) {
  const std::size_t first = pipeline.first_arrays();
  const std::size_t others = pipeline.other_arrays();
  Arrays arrays{pipeline, inputs.first(first), inputs.subspan(first, others), {}, {}, outputs};
  if (!pipeline.after) return arrays;
  std::size_t next = first + others;
  for (std::size_t i = 0; i < pipeline.after->inputs.size(); ++i)
    arrays.after.push_back(pipeline.is_array(i) ? inputs[next++] : nullptr);
  arrays.after_direct = direct_outputs(*parts.after, *pipeline.after, arrays.after, outputs);
  return arrays;
}

// Elements [begin, begin + n) of an array, as registers hold them; good until the next call.
const std::byte* held(const Parts& parts, const std::byte* array, std::int64_t begin,
                      std::int64_t n, WorkSpace& space) {
  const std::byte* const from = array + begin * parts.size;
  if (!parts.widens()) return from;
  std::byte* const to = space.at_least(static_cast<std::size_t>(n * parts.held_size));
  widen_kernel(parts.dtype)({.a = from, .result = to, .n = n});
  return to;
}

// The first operand of a launch, on one thread.
class FirstOperand {
 public:
  FirstOperand(const Parts& parts, const Arrays& arrays) : parts_(parts), arrays_(arrays) {
    if (parts.before)
      runner_.emplace(*parts.before, *arrays.pipeline.before, arrays.first, Outputs(), nothing_,
                      before_space);
  }

  // Elements [begin, begin + n), as registers hold them; good until the next call. Where a Loop
  // makes them, they are at `target` unless that is null.
  const std::byte* elements(std::int64_t begin, std::int64_t n, std::byte* target = nullptr) {
    if (!runner_) return held(parts_, arrays_.first[0], begin, n, input_space);
    const std::int64_t most = parts_.before->tile_elements;
    if (target == nullptr && n <= most) {
      runner_->run_range(begin, n);
      return runner_->given(0);
    }
    if (target == nullptr)
      target = input_space.at_least(static_cast<std::size_t>(n * parts_.held_size));
    for (std::int64_t done = 0; done < n; done += most)
      runner_->run_range(begin + done, std::min(most, n - done), {},
                         target + done * parts_.held_size);
    return target;
  }

 private:
  const Parts& parts_;
  const Arrays& arrays_;
  const std::vector<char> nothing_;
  std::optional<TileRunner> runner_;
};

// The windows' gradient of a launch, on one thread.
class Gradient {
 public:
  Gradient(const Parts& parts, const Arrays& arrays)
      : parts_(parts), arrays_(arrays), first_operand_(parts, arrays) {}

  // Rows [first, end), as registers hold them, to `result`; and what the first operand is there, if
  // a Loop gives it, to `given` unless that is null.
  void make(std::int64_t first, std::int64_t end, std::byte* result, std::byte* given = nullptr) {
    for (std::int64_t row = first; row < end; row += parts_.rows_at_once) {
      const std::int64_t at =
          (parts_.rows.begin(row) - parts_.rows.begin(first)) * parts_.held_size;
      make_block(row, std::min(row + parts_.rows_at_once, end), result + at,
                 given == nullptr ? nullptr : given + at);
    }
  }

 private:
  void make_block(std::int64_t first, std::int64_t end, std::byte* result, std::byte* given) {
    const WindowRows& rows = parts_.rows;
    const std::int64_t begin = rows.begin(first);
    const std::int64_t pooled_begin = first * rows.pooled_elements();
    const std::int64_t pooled_n = (end - first) * rows.pooled_elements();
    if (!parts_.is_maximum) {
      rows.gradient(first, end, nullptr, first_operand_.elements(pooled_begin, pooled_n), result);
      return;
    }
    const std::byte* const x = first_operand_.elements(begin, rows.begin(end) - begin, given);
    const std::byte* const pooled =
        held(parts_, arrays_.others[0], pooled_begin, pooled_n, pooled_space);
    rows.gradient(first, end, x, pooled, result);
  }

  const Parts& parts_;
  const Arrays& arrays_;
  FirstOperand first_operand_;
};

// What the Loop after a gradient reads, in ranges that need not begin or end with a row.
class GradientRanges {
 public:
  GradientRanges(const Parts& parts, const Arrays& arrays, std::int64_t most)
      : parts_(parts), arrays_(arrays), gradient_(parts, arrays) {
    const std::size_t room =
        static_cast<std::size_t>((most + 2 * parts.rows.most_elements()) * parts.held_size);
    made_ = gradient_space.at_least(room);
    if (arrays.pipeline.given != Pipeline::none) given_ = given_space.at_least(room);
  }

  // Elements [begin, begin + n), as registers hold them; good until the next call. Whoever reads on
  // finds the rest of the last row as it is.
  std::array<MadeInput, 2> elements(std::int64_t begin, std::int64_t n) {
    const WindowRows& rows = parts_.rows;
    const std::int64_t first = rows.row_of(begin);
    const std::int64_t end = rows.row_of(begin + n - 1) + 1;
    if (first < first_ || first >= end_) {
      end_ = first;
    } else if (first > first_) {
      const std::int64_t from = bytes_to(first);
      const auto kept = static_cast<std::size_t>(bytes_to(end_) - from);
      std::memmove(made_, made_ + from, kept);
      if (given_ != nullptr) std::memmove(given_, given_ + from, kept);
    }
    first_ = first;
    if (end > end_) {
      const std::int64_t at = bytes_to(end_);
      gradient_.make(end_, end, made_ + at, given_ == nullptr ? nullptr : given_ + at);
      end_ = end;
    }
    const std::int64_t at = (begin - rows.begin(first_)) * parts_.held_size;
    std::array<MadeInput, 2> inputs;
    inputs[0] = {arrays_.pipeline.made, made_ + at};
    if (given_ != nullptr) inputs[1] = {arrays_.pipeline.given, given_ + at};
    return inputs;
  }

 private:
  std::int64_t bytes_to(std::int64_t row) const {
    return (parts_.rows.begin(row) - parts_.rows.begin(first_)) * parts_.held_size;
  }

  const Parts& parts_;
  const Arrays& arrays_;
  Gradient gradient_;
  // Of rows [first_, end_): the windows' gradient and, if the Loop reads it, their first operand.
  std::byte* made_;
  std::byte* given_ = nullptr;
  std::int64_t first_ = 0;
  std::int64_t end_ = 0;
};

class AfterSource final : public Source {
 public:
  AfterSource(const Parts& parts, const Arrays& arrays)
      : parts_(parts),
        gradient_(parts, arrays, most()),
        runner_(*parts.after, *arrays.pipeline.after, arrays.after, arrays.outputs,
                arrays.after_direct, after_space) {}

  std::int64_t most() const override { return parts_.after->tile_elements; }
  // Up to the end of a row, so that nothing is left of it.
  std::int64_t best(std::int64_t begin) const override {
    const std::int64_t row = parts_.rows.row_of(begin) + parts_.rows_at_once;
    return std::min(most(), parts_.rows.begin(row) - begin);
  }
  void read(std::int64_t begin, std::int64_t n) override {
    runner_.run_range(begin, n, gradient_.elements(begin, n));
  }
  const std::byte* elements(std::size_t k) override { return runner_.given(k); }

 private:
  const Parts& parts_;
  GradientRanges gradient_;
  TileRunner runner_;
};

class PipelineExecutable final : public HostExecutable {
 public:
  PipelineExecutable(Parts parts, std::unique_ptr<LoopReducer> reducer)
      : parts_(std::move(parts)), reducer_(std::move(reducer)) {}

  Status run(const compiler::Kernel& kernel, Inputs inputs, Outputs outputs) override {
    const Arrays arrays = arrays_of(parts_, std::get<Pipeline>(kernel), inputs, outputs);
    if (!parts_.is_gradient)
      reduce(arrays);
    else if (reducer_ != nullptr)
      reducer_->run([&] { return std::make_unique<AfterSource>(parts_, arrays); },
                    outputs.subspan(arrays.pipeline.after->plain_outputs()));
    else if (parts_.after)
      run_after(arrays);
    else
      give(arrays);
    return {};
  }

 private:
  // Calls take(first, end) for rows, rows_at_once of them, on this thread.
  template <typename Take>
  void in_blocks(std::int64_t first, std::int64_t end, Take&& take) const {
    for (std::int64_t row = first; row < end; row += parts_.rows_at_once)
      take(row, std::min(row + parts_.rows_at_once, end));
  }

  std::int64_t grain() const {
    return std::max<std::int64_t>(1, grain_elements / parts_.rows.most_elements());
  }

  void reduce(const Arrays& arrays) const {
    const WindowRows& rows = parts_.rows;
    const std::int64_t width = rows.pooled_elements();
    parallel_for(rows.rows(), grain(), [&](std::int64_t first, std::int64_t end) {
      FirstOperand operand(parts_, arrays);
      in_blocks(first, end, [&](std::int64_t row, std::int64_t last) {
        const std::int64_t begin = rows.begin(row);
        const std::int64_t n = (last - row) * width;
        std::byte* const target = arrays.outputs[0] + row * width * parts_.size;
        std::byte* const pooled =
            parts_.widens() ? pooled_space.at_least(static_cast<std::size_t>(n * parts_.held_size))
                            : target;
        rows.reduce(row, last, operand.elements(begin, rows.begin(last) - begin), pooled);
        if (parts_.widens()) store_rounded(parts_.dtype, pooled, n, target);
      });
    });
  }

  void give(const Arrays& arrays) const {
    const WindowRows& rows = parts_.rows;
    parallel_for(rows.rows(), grain(), [&](std::int64_t first, std::int64_t end) {
      Gradient gradient(parts_, arrays);
      in_blocks(first, end, [&](std::int64_t row, std::int64_t last) {
        const std::int64_t n = rows.begin(last) - rows.begin(row);
        std::byte* const target = arrays.outputs[0] + rows.begin(row) * parts_.size;
        std::byte* const made =
            parts_.widens()
                ? gradient_space.at_least(static_cast<std::size_t>(n * parts_.held_size))
                : target;
        gradient.make(row, last, made);
        if (parts_.widens()) store_rounded(parts_.dtype, made, n, target);
      });
    });
  }

  void run_after(const Arrays& arrays) const {
    const WindowRows& rows = parts_.rows;
    parallel_for(rows.rows(), grain(), [&](std::int64_t first, std::int64_t end) {
      AfterSource source(parts_, arrays);
      const std::int64_t stop = rows.begin(end);
      for (std::int64_t begin = rows.begin(first); begin < stop;) {
        const std::int64_t n = std::min(source.best(begin), stop - begin);
        source.read(begin, n);
        begin += n;
      }
    });
  }

  const Parts parts_;
  const std::unique_ptr<LoopReducer> reducer_;
};

Parts parts_of(const Pipeline& pipeline) {
  const compiler::Library& library = pipeline.library;
  const ir::Operation& operation = library.operation;
  const auto& window = operation.get<ir::Window>();
  const bool is_gradient = operation.kind == ir::Kind::window_gradient;
  const ir::Shape& input = is_gradient ? operation.shape : library.operand_shapes[0];
  const ir::Shape& output = is_gradient ? library.operand_shapes.back() : operation.shape;
  const ir::DType dtype = operation.dtype;
  const ir::DType held = is_small_float(dtype) ? ir::DType::f32 : dtype;
  const WindowRows rows(window, input, output, held);
  return {is_gradient,
          window.op == ir::ReduceOp::maximum,
          dtype,
          held,
          static_cast<std::int64_t>(ir::size_of(dtype)),
          static_cast<std::int64_t>(ir::size_of(held)),
          rows,
          std::max<std::int64_t>(1, block_elements / rows.most_elements()),
          std::nullopt,
          std::nullopt};
}

}  // namespace

Result<std::unique_ptr<HostExecutable>> make_pipeline(const Pipeline& pipeline) {
  Parts parts = parts_of(pipeline);
  // A block's elements, as long as they fit.
  const std::int64_t block = std::clamp(parts.rows_at_once * parts.rows.most_elements(),
                                        least_linear_tile, block_elements);
  std::unique_ptr<LoopReducer> reducer;
  if (pipeline.before) {
    Result<Schedule> schedule = make_schedule(*pipeline.before, Order::linear, block);
    if (!schedule.ok()) return schedule.status();
    parts.before = std::move(*schedule);
  }
  if (pipeline.after) {
    Result<Schedule> schedule = make_schedule(*pipeline.after, Order::linear, block);
    if (!schedule.ok()) return schedule.status();
    parts.after = std::move(*schedule);
    if (!pipeline.after->reductions.empty()) {
      // The windows cost about as much as a few instructions.
      const std::int64_t cost =
          parts.after->element_cost + (parts.before ? parts.before->element_cost : 0) + 4;
      auto made = make_reducer(*pipeline.after, cost);
      if (!made.ok()) return made.status();
      reducer = std::move(*made);
    }
  }
  return std::unique_ptr<HostExecutable>(
      std::make_unique<PipelineExecutable>(std::move(parts), std::move(reducer)));
}

}  // namespace evergpu::adapters::host
