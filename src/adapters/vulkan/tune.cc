#include "adapters/vulkan/tune.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "compiler/plan.h"
#include "ir/build.h"
#include "ir/graph.h"

namespace evergpu::adapters::vulkan {
namespace {

using Clock = std::chrono::steady_clock;
using ir::Shape;
using ir::Value;

constexpr double worth_changing = 1.05;

Value leaf(const Shape& shape) { return ir::Node::stored(ir::DType::f32, shape, nullptr); }

Workload product(std::int64_t m, std::int64_t n, std::int64_t k) {
  return {ir::matmul(leaf(Shape({m, k})), leaf(Shape({k, n})), false, false),
          2.0 * static_cast<double>(m * n * k)};
}

// Whole numbers from -4 to 4, in no order.
std::vector<float> numbers(std::size_t count) {
  std::vector<float> made(count);
  std::uint32_t state = 1;
  for (float& number : made) {
    state = state * 1664525U + 1013904223U;
    number = static_cast<float>(state >> 24U) / 32.0F - 4.0F;
    number = std::round(number);
  }
  return made;
}

// All that computes a workload's value, ready to be launched many times.
class Trial {
 public:
  static Result<Trial> make(Device& device, const Value& value) {
    EVERGPU_RETURN_IF_ERROR(value.status());
    Trial trial(device, ir::graph_of(std::span(&value, 1)));
    EVERGPU_RETURN_IF_ERROR(trial.take_memory());
    for (const compiler::Step& step : trial.plan_.steps) {
      auto executable = device.compile(step.kernel);
      if (!executable.ok()) return executable.status();
      trial.executables_.push_back(std::move(*executable));
    }
    return trial;
  }

  /// Seconds from the first launch to the end of the last, by the device's clock if it has one.
  Result<double> run() {
    const bool by_device = device_->measure(true);
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < executables_.size(); ++i) {
      const compiler::Step& step = plan_.steps[i];
      std::vector<Region> inputs;
      std::vector<Region> outputs;
      for (const std::uint32_t input : step.inputs) inputs.push_back(regions_[input]);
      for (const std::uint32_t output : step.outputs) outputs.push_back(regions_[output]);
      EVERGPU_RETURN_IF_ERROR(device_->launch(*executables_[i], step.kernel, inputs, outputs));
    }
    EVERGPU_RETURN_IF_ERROR(device_->wait());
    std::chrono::duration<double> taken = Clock::now() - begin;
    if (!by_device) return taken.count();
    const auto intervals = device_->measured();
    if (!intervals.ok()) return intervals.status();
    if (!intervals->empty()) taken = intervals->back().end - intervals->front().begin;
    return std::max(taken.count(), 1e-9);
  }

  Result<std::vector<std::byte>> result() {
    const std::uint32_t buffer = plan_.wanted.front().buffer;
    std::vector<std::byte> bytes(plan_.buffers[buffer].bytes);
    EVERGPU_RETURN_IF_ERROR(device_->download(bytes, regions_[buffer]));
    return bytes;
  }

 private:
  Trial(Device& device, const ir::Graph& graph)
      : device_(&device),
        plan_(compiler::make_plan(graph, {.alignment = device.info().alignment})) {}

  Status take_memory() {
    auto arena = device_->allocate(plan_.arena_bytes);
    if (!arena.ok()) return arena.status();
    for (const compiler::Buffer& buffer : plan_.buffers) {
      if (buffer.place == compiler::Buffer::Place::temporary) {
        regions_.push_back({arena->get(), buffer.offset});
        continue;
      }
      auto memory = device_->allocate(buffer.bytes);
      if (!memory.ok()) return memory.status();
      regions_.push_back({memory->get(), 0});
      const std::vector<float> content = numbers(buffer.bytes / sizeof(float));
      EVERGPU_RETURN_IF_ERROR(device_->upload(regions_.back(), std::as_bytes(std::span(content))));
      memories_.push_back(std::move(*memory));
    }
    memories_.push_back(std::move(*arena));
    return {};
  }

  Device* device_;
  compiler::Plan plan_;
  std::vector<std::unique_ptr<Memory>> memories_;
  std::vector<Region> regions_;  // by buffer of the plan
  std::vector<std::unique_ptr<Executable>> executables_;
};

struct Measured {
  double rate = 0.0;  // the workloads' geometric mean, a second
  std::vector<std::vector<std::byte>> results;
};

Result<Measured> measure(const TuneSettings& settings, const Tiles& tiles,
                         std::span<const Workload> workloads) {
  const auto device = settings.open(tiles);
  if (!device.ok()) return device.status();
  Measured measured;
  double logarithms = 0.0;
  for (const Workload& workload : workloads) {
    Result<Trial> trial = Trial::make(**device, workload.value);
    if (!trial.ok()) return trial.status();
    double best = std::numeric_limits<double>::infinity();
    const auto end = Clock::now() + settings.time;
    for (int run = 0; run < 2 || Clock::now() < end; ++run) {
      const Result<double> seconds = trial->run();
      if (!seconds.ok()) return seconds.status();
      best = std::min(best, *seconds);
    }
    auto result = trial->result();
    if (!result.ok()) return result.status();
    measured.results.push_back(std::move(*result));
    logarithms += std::log(workload.amount / best);
  }
  measured.rate = std::exp(logarithms / static_cast<double>(workloads.size()));
  return measured;
}

// One of the kinds of tile: its place among the tiles, and what can stand there.
template <typename Tile>
struct Choice {
  const char* use;
  const char* unit;
  Tile Tiles::*place;
  std::vector<Tile> candidates;
  std::span<const Workload> workloads;
};

// Puts the fastest into `tuning`.
template <typename Tile>
Status choose(const Choice<Tile>& choice, const Capabilities& can, const TuneSettings& settings,
              Tuning& tuning) {
  const Tile start = settings.start.*choice.place;
  std::vector<Tile> candidates{start};
  for (const Tile& tile : choice.candidates)
    if (tile != start && fits(tile, can)) candidates.push_back(tile);
  const std::size_t first = tuning.rows.size();
  std::vector<std::vector<std::byte>> expected;
  std::size_t best = 0;
  for (const Tile& tile : candidates) {
    Tiles tried = settings.start;
    tried.*choice.place = tile;
    TileRate row;
    row.use = choice.use;
    row.tile = in_words(tile);
    row.unit = choice.unit;
    row.is_default = tile == start;
    Result<Measured> measured = measure(settings, tried, choice.workloads);
    if (row.is_default || measured.status().code() == Code::unavailable)
      EVERGPU_RETURN_IF_ERROR(measured.status());
    if (row.is_default) expected = measured->results;
    if (!measured.ok()) {
      row.problem = measured.status().message();
    } else if (measured->results != expected) {
      row.problem = "does not compute what the default does";
    } else {
      row.rate = measured->rate * 1e-9;
    }
    settings.measured(row);
    tuning.rows.push_back(row);
    const std::size_t number = tuning.rows.size() - 1 - first;
    const double to_beat = tuning.rows[first + best].rate * (best == 0 ? worth_changing : 1.0);
    if (row.rate > to_beat) best = number;
  }
  tuning.rows[first + best].is_chosen = true;
  tuning.tiles.*choice.place = candidates[best];
  return {};
}

std::vector<ContractionTile> contraction_tiles() {
  std::vector<ContractionTile> tiles(shared_tiles().begin(), shared_tiles().end());
  tiles.insert(tiles.end(), register_tiles().begin(), register_tiles().end());
  return tiles;
}

// A 3x3 convolution to as many channels, and its gradient by the filter.
std::vector<Workload> convolutions(std::int64_t images, std::int64_t size, std::int64_t channels) {
  const ir::Convolution attributes{
      ir::Dims(2, 1), ir::Dims(2, 1), ir::Dims(2, 1), ir::Dims(2, 1), 1, {}};
  const Shape image({images, size, size, channels});
  const Shape filter({3, 3, channels, channels});
  const double operations = 2.0 * static_cast<double>(image.elements() * 9 * channels);
  return {{ir::convolution(leaf(image), leaf(filter), attributes), operations},
          {ir::convolution_filter(leaf(image), filter, leaf(image), attributes), operations}};
}

}  // namespace

Workloads usual_workloads() {
  Workloads workloads;
  workloads.product = {product(1024, 1024, 1024), product(128, 512, 784)};

  workloads.convolution = convolutions(4, 28, 128);
  workloads.winograd = workloads.convolution;
  const std::vector<Workload> fewer_channels = convolutions(4, 56, 32);
  workloads.winograd.insert(workloads.winograd.end(), fewer_channels.begin(), fewer_channels.end());

  const Shape many({1 << 22});
  const Shape rows({4096, 1000});
  const auto bytes = [](const Shape& shape, int arrays) {
    return static_cast<double>(shape.elements() * arrays) * sizeof(float);
  };
  for (const std::int64_t axis : {0, 1}) {
    workloads.loop.push_back(
        {ir::reduce(ir::ReduceOp::sum, leaf(rows), std::span(&axis, 1)), bytes(rows, 1)});
  }
  workloads.loop.push_back({leaf(many) + leaf(many), bytes(many, 3)});
  return workloads;
}

Result<Tuning> measure_tiles(const Capabilities& can, const Workloads& workloads,
                             const TuneSettings& settings) {
  Tuning tuning{settings.start, {}};
  const std::vector<ContractionTile> of_contractions = contraction_tiles();
  const Choice<ContractionTile> products{"matrix products", "GFLOP/s", &Tiles::product,
                                         of_contractions, workloads.product};
  EVERGPU_RETURN_IF_ERROR(choose(products, can, settings, tuning));
  const Choice<ContractionTile> convolutions{"convolutions", "GFLOP/s", &Tiles::convolution,
                                             of_contractions, workloads.convolution};
  // Tiles are of the direct method.
  TuneSettings direct = settings;
  direct.start.winograd = never_winograd();
  EVERGPU_RETURN_IF_ERROR(choose(convolutions, can, direct, tuning));
  const Choice<LoopTile> loops{"loops and reductions",
                               "GB/s",
                               &Tiles::loop,
                               {loop_tiles().begin(), loop_tiles().end()},
                               workloads.loop};
  EVERGPU_RETURN_IF_ERROR(choose(loops, can, settings, tuning));
  // The two methods with the best tiles of each.
  TuneSettings tuned = settings;
  tuned.start = tuning.tiles;
  const Choice<Winograd> methods{"3x3 convolutions",
                                 "GFLOP/s",
                                 &Tiles::winograd,
                                 {winograd_choices().begin(), winograd_choices().end()},
                                 workloads.winograd};
  EVERGPU_RETURN_IF_ERROR(choose(methods, can, tuned, tuning));
  return tuning;
}

}  // namespace evergpu::adapters::vulkan
